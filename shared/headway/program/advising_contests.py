"""Rules that can never win their group, and multipliers that find nothing to multiply."""

from collections.abc import Iterator

from headway.program.checking_rules import Mistakes
from headway.program.document import Document
from headway.program.program import Program
from headway.program.rule_document import Conditions
from headway.program.rules import Rule

_WORDS = (
    "currency", "channel", "store", "partner", "tier", "membership", "activity", "sku", "category",
    "brand", "weekday",
)  # fmt: skip


def always_beaten(document: Document, program: Program) -> Mistakes:
    """Rules of a group that another one beats whenever they apply."""
    for number, rule in enumerate(document.rules):
        compiled = program.rules[rule.id]
        if not compiled.group:
            continue
        for other in document.rules:
            rival = program.rules[other.id]
            contests = _same_contest(compiled, rival) and _wider(other.when, rule.when)
            if contests and _beats(rival, compiled):
                yield (
                    ("rules", number),
                    f"can never win: {other.id} of the same group ({compiled.group}) applies "
                    "whenever this does and gives no less; give it another group, or drop it",
                )
                break


def _same_contest(rule: Rule, rival: Rule) -> bool:
    def contest(one: Rule) -> tuple[object, ...]:
        return one.event, one.group, one.to, one.referral, one.measure, one.currency, one.step

    return rule.id != rival.id and contest(rule) == contest(rival)


def _beats(rival: Rule, rule: Rule) -> bool:
    ours, theirs = rule.numerator * rival.denominator, rival.numerator * rule.denominator
    if theirs != ours:
        return theirs > ours
    if rival.priority != rule.priority:
        return rival.priority > rule.priority
    return rival.id < rule.id


def _wider(wide: Conditions, narrow: Conditions) -> bool:
    """Whether all that meets `narrow` meets `wide` (as far as can be seen)."""
    for field in wide.model_fields_set:
        asked, given = getattr(wide, field), getattr(narrow, field)
        if asked is None or asked == given:
            continue
        if field not in _WORDS or given is None or not set(given) <= set(asked):
            return False
    return True


def nothing_to_multiply(document: Document, program: Program) -> Mistakes:
    """Multipliers without any rule that could give the base of what they multiply."""
    for number, rule in enumerate(document.rules):
        if rule.award.multiply is None:
            continue
        bases = [
            other.when
            for other in document.rules
            if other.on == rule.on and program.rules[other.id].measure in ("amount", "pieces")
        ]
        if not any(_together(rule.when, base) for base in bases):
            yield (
                ("rules", number, "award", "multiply"),
                "no rule with per_money, per_item or percent applies together with this one, so "
                "there is nothing to multiply; add one",
            )


def _together(one: Conditions, other: Conditions) -> bool:
    return all(set(mine) & set(theirs) for mine, theirs in _shared(one, other))


def _shared(one: Conditions, other: Conditions) -> Iterator[tuple[list[str], list[str]]]:
    for field in _WORDS:
        mine, theirs = getattr(one, field), getattr(other, field)
        if mine is not None and theirs is not None:
            yield mine, theirs
