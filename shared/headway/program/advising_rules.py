"""Rules that can never give anything, whatever happens: conditions that contradict each other."""

from datetime import UTC, datetime, time, timedelta

from headway.program.checking_rules import Mistakes, Place
from headway.program.conditions import Condition, Facts
from headway.program.document import Document
from headway.program.program import Program
from headway.program.rule_document import Rule as RuleDocument
from headway.program.rules import MICRO, Per, Rule

_BY_DAY = ("dates", "weekday", "recurrence")
_LOOKED_AHEAD = timedelta(days=5 * 366)
_LENGTHS: tuple[Per, ...] = ("day", "week", "month", "year", "lifetime")


def never_applies(document: Document, program: Program) -> Mistakes:
    """Of every rule."""
    for number, rule in enumerate(document.rules):
        where, compiled = ("rules", number), program.rules[rule.id]
        yield from _no_such_day(where, rule, compiled, program)
        yield from _no_such_amount(where, rule)
        yield from _caps_in_vain(where, compiled)
        if rule.on == "birthday" and not _at_midnight(compiled, program):
            yield (
                (*where, "when", "hours"),
                "birthdays are granted at midnight, so this never applies; remove it",
            )


def _at_midnight(rule: Rule, program: Program) -> bool:
    facts = Facts(rule.event, datetime.combine(program.from_at.date(), time(), program.zone))
    return all(
        condition.holds(facts) for condition in rule.conditions if condition.field == "hours"
    )


def _no_such_day(where: Place, rule: RuleDocument, compiled: Rule, program: Program) -> Mistakes:
    conditions = [one for one in compiled.conditions if one.field in _BY_DAY]
    if not conditions:
        return
    dates = rule.when.dates
    start = program.day(program.from_at)
    if dates is not None and dates.to is not None and dates.to < start:
        yield (
            (*where, "when", "dates"),
            f"ends before this version starts ({start}), so it never applies; "
            "remove the rule, or give a later day",
        )
    elif len(conditions) > 1 and not _some_day(conditions, rule, program):
        fields = " and ".join(sorted(f"when.{one.field}" for one in conditions))
        yield (
            (*where, "when"),
            f"{fields} contradict each other: no day meets all; drop one of them",
        )


def _some_day(conditions: list[Condition], rule: RuleDocument, program: Program) -> bool:
    """Whether one of the days ahead meets all of them."""
    dates = rule.when.dates
    first = program.day(program.from_at)
    if dates is not None and dates.from_ is not None:
        first = max(first, dates.from_)
    if rule.when.recurrence is not None:
        first = max(first, rule.when.recurrence.from_)
    last = first + _LOOKED_AHEAD
    if dates is not None and dates.to is not None:
        last = min(last, dates.to)
    for day in range((last - first).days + 1):
        noon = datetime.combine(first + timedelta(days=day), time(12), program.zone)
        facts = Facts(rule.on, noon.astimezone(UTC))
        if all(condition.holds(facts) for condition in conditions):
            return True
    return False


def _no_such_amount(where: Place, rule: RuleDocument) -> Mistakes:
    order, line, money = rule.when.order_total, rule.when.line_total, rule.award.per_money
    most = order.max if order is not None else None
    if most is not None and line is not None and line.min is not None and line.min > most:
        yield (
            (*where, "when", "line_total"),
            "a line is never more than its order, and order_total allows less; "
            "lower it, or raise order_total.max",
        )
    if most is not None and money is not None and money.steps == "full" and money.every > most:
        yield (
            (*where, "award", "per_money", "every"),
            "order_total never lets an order reach one full step; lower it, or raise the total",
        )


def _caps_in_vain(where: Place, rule: Rule) -> Mistakes:
    for number, cap in enumerate(rule.caps):
        if cap.exact is not None and rule.measure == "event" and cap.exact < rule.numerator:
            yield (
                (*where, "cap", number, "points"),
                f"always cuts the award of {rule.numerator // MICRO} points; "
                "raise the cap, or lower the award",
            )
        for longer in rule.caps:
            if (
                cap.exact is not None
                and longer.exact is not None
                and _LENGTHS.index(longer.per) > _LENGTHS.index(cap.per)
                and longer.exact <= cap.exact
            ):
                yield (
                    (*where, "cap", number, "points"),
                    f"is never reached: the cap of a {longer.per} is no higher; remove one",
                )
                break
