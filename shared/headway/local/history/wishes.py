"""What a programme rewards that a purchase history says nothing of, read from its rules."""

from typing import NamedTuple

from headway.program.document import Document
from headway.program.rule_document import Pending, Rule


class Subscription(NamedTuple):
    """A paid plan that members can have, and for how many months each time."""

    plan: str
    months: int


class Wishes(NamedTuple):
    """Words that rules ask for; what nobody asks for does not happen in a history."""

    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    priced: frozenset[str] = frozenset()
    """Activities that are rewarded by an amount of money."""
    counted: frozenset[str] = frozenset()
    """Activities of which it matters how much there was."""
    currency: str = ""
    birthdays: bool = False
    handed_over: bool = False
    """Whether points wait until an order is handed over."""
    plans: tuple[Subscription, ...] = ()


def wishes_of(document: Document) -> Wishes:
    """What would have to happen for every rule to give something."""
    rules = document.rules
    priced = {word for rule in rules if _by_money(rule) for word in rule.when.activity or ()}
    counted = {
        word
        for rule in rules
        if rule.award.per_item is not None
        for word in rule.when.activity or ()
    }
    measure = document.tiers.measure if document.tiers else "spend"
    tier_activity = () if isinstance(measure, str) else (measure.activity,)
    plans = document.membership.plans if document.membership else ()
    return Wishes(
        _words(rules, "category"),
        _words(rules, "brand"),
        _words(rules, "channel"),
        _words(rules, "store"),
        _words(rules, "partner"),
        tuple(sorted({*_words(rules, "activity"), *tier_activity})),
        frozenset(priced),
        frozenset(counted | set(tier_activity)),
        document.currency,
        any(rule.on == "birthday" or rule.when.birthday for rule in rules),
        any(map(_until, (document.points.pending, *(rule.pending for rule in rules)))),
        tuple(Subscription(plan.id, plan.months) for plan in plans),
    )


def _words(rules: list[Rule], field: str) -> tuple[str, ...]:
    return tuple(sorted({word for rule in rules for word in getattr(rule.when, field) or ()}))


def _by_money(rule: Rule) -> bool:
    return rule.award.per_money is not None or rule.award.percent is not None


def _until(pending: Pending | None) -> bool:
    return pending is not None and pending.until is not None
