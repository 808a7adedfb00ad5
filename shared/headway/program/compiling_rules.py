"""Rules from the file's form to the frozen ones that decisions use."""

from collections.abc import Iterable
from decimal import Decimal
from zoneinfo import ZoneInfo

from headway.program.awards_in_words import award_in_words
from headway.program.compiling_conditions import Names, on_event, on_line, on_referral
from headway.program.document import Document
from headway.program.money import to_minor
from headway.program.program import EventRules
from headway.program.rule_document import Award
from headway.program.rule_document import Pending as PendingDocument
from headway.program.rule_document import Rule as RuleDocument
from headway.program.rules import MICRO, Cap, Measure, Pending, Rule


def compile_rules(document: Document) -> dict[str, Rule]:
    """Every rule, by id, in the order of ids: the file's own order decides nothing."""
    levels = document.tiers.levels if document.tiers else ()
    plans = document.membership.plans if document.membership else ()
    names = {("tier", level.id): level.name for level in levels}
    names |= {("membership", plan.id): plan.name for plan in plans}
    otherwise = pending_of(document.points.pending, document.points.pending_days) or Pending()
    return {
        rule.id: _rule(rule, document, names, otherwise)
        for rule in sorted(document.rules, key=lambda rule: rule.id)
    }


def by_event(rules: Iterable[Rule]) -> dict[str, EventRules]:
    """The rules on each event: base ones and multipliers."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.event, []).append(rule)
    return {event: _event_rules(event, ones) for event, ones in found.items()}


def _event_rules(event: str, rules: list[Rule]) -> EventRules:
    base = tuple(rule for rule in rules if not rule.multiplies)
    multipliers = tuple(rule for rule in rules if rule.multiplies)
    return EventRules(base, multipliers, event == "order.paid" and all(r.plain for r in rules))


def pending_of(pending: PendingDocument | None, days: int | None) -> Pending | None:
    """What a rule or the whole programme says; None when it says nothing."""
    if pending is not None:
        return Pending(pending.days or 0, pending.until or "", pending.date)
    return None if days is None else Pending(days)


def money_of(rule: RuleDocument, default: str) -> str:
    """The currency that the amounts of money in a rule are written in."""
    if rule.award.per_money is not None:
        return rule.award.per_money.currency or default
    return rule.when.currency[0] if rule.when.currency else default


def _pending(rule: RuleDocument, otherwise: Pending) -> Pending:
    """What has no order is not kept waiting for one to be fulfilled: only the days count."""
    pending = pending_of(rule.pending, rule.pending_days) or otherwise
    return pending if rule.on == "order.paid" else pending._replace(after="")


def _rule(rule: RuleDocument, document: Document, names: Names, otherwise: Pending) -> Rule:
    award, when = rule.award, rule.when
    currency, money = _currency(rule, document.currency), money_of(rule, document.currency)
    numerator, denominator, step = _rate(award, money)
    referral = (when.referral or "first_purchase") if award.to else ""
    conditions = [*on_event(when, ZoneInfo(document.zone), money, names)]
    if referral:
        conditions.append(on_referral(referral))
    multiplies = award.multiply is not None
    simple = not rule.cap and rule.round == "carry" and not step
    return Rule(
        id=rule.id,
        event=rule.on,
        measure=_measure(award),
        numerator=numerator,
        denominator=denominator,
        step=step,
        currency=currency,
        conditions=tuple(conditions),
        line_conditions=tuple(on_line(when, money)),
        group=rule.group or ("multiplier" if multiplies else ""),
        priority=rule.priority,
        caps=tuple(
            Cap(cap.per, None if cap.points is None else cap.points * MICRO, cap.times)
            for cap in rule.cap
        ),
        rounding=rule.round,
        pending=_pending(rule, otherwise),
        to=award.to or "",
        funder=rule.funder,
        referral=referral,
        plain=simple and _measure(award) in ("amount", "base"),
        gives=award_in_words(rule, money),
    )


def _measure(award: Award) -> Measure:
    if award.multiply is not None:
        return "base"
    if award.points is not None:
        return "event"
    return "pieces" if award.per_item is not None else "amount"


def _currency(rule: RuleDocument, default_currency: str) -> str:
    """The currency an amount has to be in; '' when any will do, or when a condition says which."""
    award, when = rule.award, rule.when
    if award.per_money is not None:
        return award.per_money.currency or default_currency
    by_money = award.percent or when.line_total or when.order_total
    return default_currency if by_money and when.currency is None else ""


def _rate(award: Award, currency: str) -> tuple[int, int, int]:
    """(numerator, denominator, step): see Rule."""
    if award.per_money is not None:
        every = to_minor(award.per_money.every, currency)
        step = every if award.per_money.steps == "full" else 0
        return award.per_money.points * MICRO, every, step
    if award.percent is not None:
        return int(award.percent * 1000) * MICRO, 100_000, 0
    if award.multiply is not None:
        return int((award.multiply - Decimal(1)) * 1000), 1000, 0
    points = award.per_item if award.per_item is not None else award.points
    return (points or 0) * MICRO, 1, 0
