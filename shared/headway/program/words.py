"""What a programme means, in words: for `headway program check` and for a member's story."""

from collections.abc import Iterable
from decimal import Decimal

from headway.program.calendar import Round
from headway.program.money import to_text
from headway.program.program import BaseRule, FixedRule, Multiplier, Program

_EVENTS = {
    "member.joined": "for joining",
    "review.published": "for a review",
    "referral.completed": "when a referred friend buys for the first time",
    "activity.recorded": "for an activity",
}
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


def rule_in_words(program: Program, rule_id: str) -> str:
    """What a rule of this version gives; '' if it has no such rule."""
    for base in program.base_rules:
        if base.id == rule_id:
            return _base(base)
    for multiplier in program.multipliers:
        if multiplier.id == rule_id:
            return _multiplier(program, multiplier)
    for event, rules in program.fixed_rules.items():
        for fixed in rules:
            if fixed.id == rule_id:
                return _fixed(event, fixed)
    return ""


def rules_in_words(program: Program) -> list[tuple[str, str, str]]:
    """(rule, what it gives, when its points can be spent) of every rule."""
    rows = [
        *((rule.id, _base(rule), program.order_pending_days[rule.id])
          for rule in program.base_rules),
        *((rule.id, _multiplier(program, rule), program.order_pending_days[rule.id])
          for rule in program.multipliers),
        *((rule.id, _fixed(event, rule), rule.pending_days)
          for event, rules in program.fixed_rules.items() for rule in rules),
    ]  # fmt: skip
    return [
        (rule, gives, f"after {days} days" if days else "at once") for rule, gives, days in rows
    ]


def life_in_words(program: Program) -> list[str]:
    """How long points live, and what a return does."""
    if program.expiry_months is None:
        validity = "points never expire"
    else:
        validity = (
            f"points are valid for {_count(program.expiry_months, 'month')} from the day they "
            f"can be spent, to {_ENDS[program.expiry_round]} in {program.zone}"
        )
    return [validity, _CLAWBACKS[program.clawback]]


def tiers_in_words(program: Program) -> list[tuple[str, str]]:
    """(name, what reaches it) of every tier."""
    window = {
        "calendar_year": f"in a calendar year ({program.zone})",
        "rolling_12_months": "in the last twelve months",
    }[program.tier_window]
    return [
        (
            level.name,
            f"from {to_text(level.from_minor, program.currency)} spent {window}"
            if level.from_minor
            else "from the start",
        )
        for level in program.levels
    ]


def _base(rule: BaseRule) -> str:
    every = to_text(rule.every_minor, rule.currency)
    return f"{_count(rule.points, 'point')} for every {every}" + _on("category", rule.categories)


def _multiplier(program: Program, rule: Multiplier) -> str:
    names = {level.id: level.name for level in program.levels}
    tiers = None if rule.tiers is None else [names.get(tier, tier) for tier in rule.tiers]
    extra = Decimal(rule.extra) / 1000
    return (
        f"{1 + extra:f} x the base ({extra:f} on top)"
        + _on("category", rule.categories)
        + _on("tier", tiers)
    )


def _fixed(event: str, rule: FixedRule) -> str:
    to = f" to the {rule.to}" if rule.to else ""
    for_what = _EVENTS.get(event, event)
    if rule.activities is not None:
        for_what = f"for the activity {' or '.join(sorted(rule.activities))}"
    return f"{_count(rule.points, 'point')}{to} {for_what}"


def _on(what: str, words: Iterable[str] | None) -> str:
    return "" if words is None else f", {what} {' or '.join(sorted(words))}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
