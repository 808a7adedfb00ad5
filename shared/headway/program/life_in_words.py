"""How long points are pending and live, and what a return does, in words."""

from headway.program.calendar import Round
from headway.program.money import to_text
from headway.program.numbers_in_words import count
from headway.program.program import Program
from headway.program.rules import NEVER, Expiry, Pending
from headway.program.sharing_in_words import pools_in_words, transfers_in_words

_ENDS: dict[Round, str] = {
    "day": "the end of that day",
    "month": "the end of that month",
    "quarter": "the end of that quarter",
    "year": "the end of that year",
}
_CLAWBACKS = {
    "allow_negative": "a return takes its points back; what is already spent is owed",
    "within_balance": "a return takes its points back as far as they are there; the rest is waived",
    "only_pending": "a return takes back what is still pending; the rest is waived",
}
_ATTRIBUTIONS = {
    "per_line": "a return takes back what the returned lines were given",
    "by_money": "a return takes back of each award as much as of the order's money came back",
    "recompute": "after a return the order is judged again on what was kept",
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_EARN_ON = {
    "tax": "tax",
    "shipping": "shipping",
    "gift_cards": "gift cards",
    "paid_with_points": "what is paid with points",
}


def life_in_words(program: Program) -> list[str]:
    """How long points live, what is earned on, and what a return does."""
    lines = [
        f"points {expiry_in_words(program.expiry)}{_in_zone(program)}",
        clawback_in_words(program),
        attribution_in_words(program),
    ]
    if program.notices:
        lines.append(f"members are told {days_before(program.notices)} before points expire")
    if program.reinstate_days:
        days = count(program.reinstate_days, "day")
        lines.append(f"expired points come back with a purchase within {days}")
    lines.append(earned_on_in_words(program))
    if program.before_joining_days:
        days = count(program.before_joining_days, "day")
        lines.append(f"orders paid up to {days} before joining count")
    if program.minimum_referral:
        lines.append(referrals_in_words(program))
    if program.transfers is not None:
        lines.append(transfers_in_words(program))
    if program.pool_members:
        lines.append(pools_in_words(program))
    return lines


def referrals_in_words(program: Program) -> str:
    """Which purchase completes a referral."""
    if not program.minimum_referral:
        return "any purchase completes a referral"
    least = to_text(program.minimum_referral, program.currency)
    return f"a purchase completes a referral from {least} on"


def expiry_in_words(expiry: Expiry) -> str:
    """How long points are valid, after the word `points`."""
    if expiry == NEVER:
        return "never expire"
    if expiry.yearly is not None:
        month, day = expiry.yearly
        return f"expire at the end of the next {day} {_MONTHS[month - 1]}"
    if expiry.on is not None:
        return f"expire at the end of {expiry.on}"
    if expiry.inactive_months:
        after = count(expiry.inactive_months, "month")
        what = ", ".join(sorted(expiry.qualifying))
        return f"expire when a member has had no {what} for {after}, at {_ENDS[expiry.round_up]}"
    span = count(expiry.months, "month") if expiry.months else count(expiry.days, "day")
    return f"are valid for {span} from the day they can be spent, to {_ENDS[expiry.round_up]}"


def pending_in_words(pending: Pending) -> str:
    """When points can be spent: `at once`, `after 14 days`, `3 days after order.fulfilled`."""
    if pending.on is not None:
        return f"on {pending.on}"
    if pending.after:
        days = f"{count(pending.days, 'day')} after" if pending.days else "upon"
        return f"{days} {pending.after}"
    return f"after {count(pending.days, 'day')}" if pending.days else "at once"


def days_before(days: tuple[int, ...]) -> str:
    """`60, 30 and 7 days`, largest first."""
    *others, last = (str(one) for one in sorted(days, reverse=True))
    return f"{', '.join(others)} and {last} days" if others else count(int(last), "day")


def _in_zone(program: Program) -> str:
    return "" if program.expiry == NEVER else f" in {program.zone}"


def clawback_in_words(program: Program) -> str:
    """What becomes of points that a return takes back and that are not there any more."""
    return _CLAWBACKS[program.clawback]


def attribution_in_words(program: Program) -> str:
    """Which points a return takes back."""
    return _ATTRIBUTIONS[program.attribution]


def earned_on_in_words(program: Program) -> str:
    """On which parts of an order points are earned beside its goods."""
    kinds = [words for kind, words in _EARN_ON.items() if kind in program.earn_on]
    without = [words for kind, words in _EARN_ON.items() if kind not in program.earn_on]
    told = f"points are earned on {', '.join(kinds)} too" if kinds else ""
    return "; ".join(
        part for part in (told, f"nothing is earned on {', '.join(without)}" if without else "")
        if part
    )  # fmt: skip
