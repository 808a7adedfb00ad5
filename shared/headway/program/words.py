"""What a programme means, in words: for `headway program`, and for a member's story."""

from headway.program.life_in_words import expiry_in_words, life_in_words, pending_in_words
from headway.program.numbers_in_words import count
from headway.program.program import Program
from headway.program.rules import MICRO, Cap, Rule
from headway.program.tiers_in_words import membership_in_words, tier_rules_in_words, tiers_in_words

__all__ = [
    "caps_in_words",
    "conditions_in_words",
    "expiry_in_words",
    "life_in_words",
    "membership_in_words",
    "rule_in_words",
    "rules_in_words",
    "tier_rules_in_words",
    "tiers_in_words",
]
_ROUNDED = {
    "carry": "",
    "down": "rounded down each time",
    "nearest": "rounded each time",
    "up": "rounded up each time",
}
_TOLD_BY_THE_AWARD = ("referral",)


def rule_in_words(program: Program, rule_id: str) -> str:
    """What a rule of this version gives; '' if it has no such rule."""
    rule = program.rules.get(rule_id)
    if rule is None:
        return ""
    limits = [
        caps_in_words(rule.caps),
        _ROUNDED[rule.rounding],
        "" if rule.funder == "brand" else f"paid for by {rule.funder}",
    ]
    return "; ".join(part for part in (_gives(rule), *limits) if part)


def rules_in_words(program: Program) -> list[tuple[str, str, str]]:
    """(rule, what it gives, when its points can be spent) of every rule, by event and id."""
    rules = sorted(
        program.rules.values(),
        key=lambda rule: (_EVENTS.index(rule.event), rule.multiplies, rule.id),
    )
    return [
        (
            rule.id,
            rule_in_words(program, rule.id) + _contest_in_words(program, rule),
            pending_in_words(rule.pending),
        )
        for rule in rules
    ]


_EVENTS = (
    "order.paid",
    "member.joined",
    "review.published",
    "referral.completed",
    "activity.recorded",
    "birthday",
)


def caps_in_words(caps: tuple[Cap, ...]) -> str:
    """`at most 500 points a month, at most once a day`; '' without a cap."""
    return ", ".join(_cap(cap) for cap in caps)


def _cap(cap: Cap) -> str:
    limits = []
    if cap.exact is not None:
        limits.append(count(cap.exact // MICRO, "point"))
    if cap.times is not None:
        limits.append("once" if cap.times == 1 else f"{cap.times:,} times")
    per = "ever" if cap.per == "lifetime" else f"a {cap.per}"
    return f"at most {' and '.join(limits)} {per}"


def conditions_in_words(rule: Rule) -> list[str]:
    """Each condition, those on lines first: `category boots`, `tier Gold`."""
    told = [(one.field, one.words) for one in rule.line_conditions]
    told += [(one.field, one.words) for one in rule.conditions]
    return [text for field, text in told if field not in _TOLD_BY_THE_AWARD]


def _gives(rule: Rule) -> str:
    """The award and its conditions: `1.5 x the base (0.5 on top), category boots`."""
    words = conditions_in_words(rule)
    if rule.measure == "event" and words and words[0].startswith("activity "):
        return f"{rule.gives} for the {', '.join(words)}"
    return ", ".join([rule.gives, *words])


def _contest_in_words(program: Program, rule: Rule) -> str:
    """Against which rules only the best counts; the silent default of multipliers included."""
    others = sorted(
        other.id
        for other in program.rules.values()
        if rule.group
        and other.id != rule.id
        and (other.event, other.group, other.multiplies, other.to)
        == (rule.event, rule.group, rule.multiplies, rule.to)
    )
    return f"; the best of this and {', '.join(others)} counts" if others else ""
