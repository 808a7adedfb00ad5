"""From the file's document to the frozen Program that decisions use."""

from collections.abc import Iterable
from decimal import Decimal
from zoneinfo import ZoneInfo

from headway.program.document import Document, Rule
from headway.program.money import to_minor
from headway.program.program import BaseRule, FixedRule, Level, Multiplier, Program, Reward


def compile_program(document: Document, version: int) -> Program:
    """The checked document as version `version`."""
    life, tiers = document.points, document.tiers
    expiry = None if life.expiry == "never" else life.expiry
    orders = [rule for rule in document.rules if rule.on == "order.paid"]
    return Program(
        version=version,
        name=document.name,
        zone=ZoneInfo(document.zone),
        from_at=document.from_,
        currency=document.currency,
        pending_days=life.pending_days,
        expiry_months=expiry.months if expiry else None,
        expiry_round=expiry.round_up if expiry else "month",
        clawback=life.clawback,
        base_rules=tuple(sorted(_base_rules(orders, document.currency), key=lambda rule: rule.id)),
        multipliers=tuple(sorted(_multipliers(orders), key=lambda rule: rule.id)),
        fixed_rules=_fixed_rules(document),
        order_pending_days={rule.id: _pending(rule, life.pending_days) for rule in orders},
        tier_window=tiers.window if tiers else "calendar_year",
        levels=tuple(
            Level(level.id, level.name, to_minor(level.from_, document.currency))
            for level in (tiers.levels if tiers else ())
        ),
        rewards=tuple(sorted(_rewards(document), key=lambda reward: (reward.points, reward.id))),
    )


def _pending(rule: Rule, otherwise: int) -> int:
    return otherwise if rule.pending_days is None else rule.pending_days


def _words(words: list[str] | None) -> frozenset[str] | None:
    return None if words is None else frozenset(words)


def _base_rules(orders: Iterable[Rule], default_currency: str) -> Iterable[BaseRule]:
    for rule in orders:
        if rule.award.per_money is not None:
            per_money = rule.award.per_money
            currency = per_money.currency or default_currency
            every = to_minor(per_money.every, currency)
            yield BaseRule(rule.id, per_money.points, every, currency, _words(rule.when.category))


def _multipliers(orders: Iterable[Rule]) -> Iterable[Multiplier]:
    for rule in orders:
        if rule.award.multiply is not None:
            extra = int((rule.award.multiply - 1) * 1000)
            when = rule.when
            yield Multiplier(rule.id, rule.group, extra, _words(when.category), _words(when.tier))


def _fixed_rules(document: Document) -> dict[str, tuple[FixedRule, ...]]:
    found: dict[str, list[FixedRule]] = {}
    for rule in sorted(document.rules, key=lambda rule: rule.id):
        if rule.award.points is not None:
            pending = _pending(rule, document.points.pending_days)
            fixed = FixedRule(
                rule.id, rule.award.points, pending, rule.award.to, _words(rule.when.activity)
            )
            found.setdefault(rule.on, []).append(fixed)
    return {event: tuple(rules) for event, rules in found.items()}


def _rewards(document: Document) -> Iterable[Reward]:
    for reward in document.rewards:
        amount, currency = reward.value.split(" ")
        yield Reward(
            reward.id, reward.name, reward.points, to_minor(Decimal(amount), currency), currency
        )
