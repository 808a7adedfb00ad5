"""How tiers and memberships are reached, kept and lost, in words."""

from headway.program.life_in_words import days_before, expiry_in_words
from headway.program.money import to_text
from headway.program.numbers_in_words import count
from headway.program.program import Program
from headway.program.rules import MICRO, Level, Plan, Tiers


def tiers_in_words(program: Program) -> list[tuple[str, str]]:
    """(name, what reaches it) of every tier, with how long points earned in it live."""
    return [(level.name, tier_in_words(program, level)) for level in program.levels]


def tier_in_words(program: Program, level: Level) -> str:
    """What reaches a tier, and how long points earned in it live."""
    return _reached(program, level) + _lives(level)


def tier_rules_in_words(program: Program) -> list[str]:
    """When a tier is entered, how long it is kept, and how it is lost."""
    tiers = program.tiers
    if not tiers.levels:
        return []
    lines = [f"a tier is {_entered(tiers)} and kept {_kept(tiers)}"]
    if tiers.grace_days:
        lines[0] += f", and for {count(tiers.grace_days, 'day')} of grace after that"
    if tiers.one_step:
        lines.append("a member falls by one tier at a time")
    if tiers.at_risk_days:
        lines.append(f"members are told {days_before(tiers.at_risk_days)} before they lose a tier")
    return lines


def membership_in_words(program: Program) -> list[str]:
    """What each plan costs and what comes back on cancelling."""
    if not program.plans:
        return []
    return [*map(plan_in_words, program.plans.values()), refund_in_words(program)]


def plan_in_words(plan: Plan) -> str:
    """`Prime: 139.00 USD for 12 months`."""
    price = to_text(plan.price_minor, plan.currency)
    return f"{plan.name}: {price} for {count(plan.months, 'month')}"


def refund_in_words(program: Program) -> str:
    """What comes back on cancelling a membership."""
    unused, used = _REFUNDS[program.refund_unused], _REFUNDS[program.refund_used]
    return f"on cancelling, {unused} if no benefit was used, else {used}"


_REFUNDS = {
    "full": "the whole price comes back",
    "prorated": "the price of the days left comes back",
    "none": "nothing comes back",
}


def _reached(program: Program, level: Level) -> str:
    tiers = program.tiers
    if not level.start:
        return "from the start"
    measured = {
        "spend": f"{to_text(level.start, program.currency)} spent",
        "points": f"{count(level.start // MICRO, 'point')} earned",
        "orders": count(level.start, "order"),
        "activity": f"{level.start:,} {tiers.activity}",
    }[tiers.measure]
    return f"from {measured} {_window(program)}".rstrip()


def _window(program: Program) -> str:
    if program.tiers.window == "rolling":
        months = program.tiers.rolling_months
        return "in the last twelve months" if months == 12 else f"in the last {months} months"
    return {
        "calendar_year": f"in a calendar year ({program.zone})",
        "membership_year": "in a year from the day of joining",
        "lifetime": "ever",
    }[program.tiers.window]


def _lives(level: Level) -> str:
    return "" if level.expiry is None else f"; points earned in it {expiry_in_words(level.expiry)}"


def _entered(tiers: Tiers) -> str:
    if tiers.entry == "next_period":
        return "entered in the year after the one in which it is reached"
    return "entered as soon as it is reached"


def _kept(tiers: Tiers) -> str:
    if tiers.keep == "months":
        return f"for {count(tiers.keep_months, 'month')}"
    return {
        "while_reached": "while it is reached",
        "end_of_period": "to the end of that year",
        "end_of_next_period": "to the end of the following year",
    }[tiers.keep]
