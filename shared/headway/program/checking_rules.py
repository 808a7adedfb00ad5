"""What in one rule does not go together, or names what the programme does not have."""

from collections.abc import Iterable, Iterator

from headway.program.document import Document
from headway.program.money import exponent
from headway.program.recurring import ever
from headway.program.rule_document import Rule

Place = tuple[str | int, ...]
"""The way to a field: names, and positions in lists."""
Mistakes = Iterator[tuple[Place, str]]
"""(where, how to mend it)."""

_BY_MEASURE = ("per_money", "per_item", "percent", "multiply")
_BY_AMOUNT = ("order.paid", "activity.recorded")
_OF_ORDERS = frozenset(("sku", "category", "brand", "line_total", "order_total", "purchase"))
"""Conditions that only a purchase can meet."""
_ONLY_WITH = {
    **dict.fromkeys(_OF_ORDERS, ("order.paid",)),
    "currency": _BY_AMOUNT,
    "activity": ("activity.recorded",),
    "photo": ("review.published",),
    "verified": ("review.published",),
    "referral": ("referral.completed",),
}
# What a friend is like may have changed by the time a referral is undone.
_NOT_OF_FRIENDS = ("tier", "membership", "birthday")


def rule_mistakes(document: Document) -> Mistakes:
    """Of every rule."""
    for number, rule in enumerate(document.rules):
        where: Place = ("rules", number)
        yield from _award_fits(where, rule)
        yield from _conditions_fit(where, rule)
        yield from _one_kind_of_money(where, rule, document.currency)
        yield from _known_words(where, rule, document)
    yield from _recurs(document)


def _award_fits(where: Place, rule: Rule) -> Mistakes:
    award = rule.award
    if award.points is None and rule.on not in _BY_AMOUNT:
        kind = next(kind for kind in _BY_MEASURE if getattr(award, kind) is not None)
        yield (
            (*where, "award", kind),
            f"{kind} goes with order.paid or activity.recorded; use points here",
        )
    if award.to is None and rule.on == "referral.completed":
        yield (*where, "award"), "say to: friend or to: referrer, who gets the points"
    if award.to is not None and rule.on != "referral.completed":
        yield (*where, "award", "to"), "goes with referral.completed, and only there; remove it"
    if rule.pending is not None and rule.pending_days is not None:
        yield (*where, "pending_days"), "give one of pending_days and pending"
    if rule.pending is not None and rule.pending.until and rule.on != "order.paid":
        yield (
            (*where, "pending", "until"),
            "order.fulfilled goes with order.paid, and only there; give days",
        )


def _conditions_fit(where: Place, rule: Rule) -> Mistakes:
    for field, events in _ONLY_WITH.items():
        if getattr(rule.when, field) is not None and rule.on not in events:
            yield (
                (*where, "when", field),
                f"goes with {' or '.join(events)}, and only there; remove it",
            )
    if rule.on == "referral.completed":
        for field in _NOT_OF_FRIENDS:
            if getattr(rule.when, field) is not None:
                yield (
                    (*where, "when", field),
                    "may change before a referral is undone, and so cannot decide it; remove it",
                )


def _one_kind_of_money(where: Place, rule: Rule, default: str) -> Mistakes:
    """An amount without a currency of its own means the same in each of the rule's currencies."""
    currencies = rule.when.currency or ()
    given = rule.when.order_total or rule.when.line_total or rule.award.per_money
    if given is not None and len({exponent(currency) for currency in currencies}) > 1:
        yield (
            (*where, "when", "currency"),
            "these currencies have different smallest units; write a rule for each",
        )
    money = rule.award.per_money
    counted = default if money is None else money.currency or default
    if money is not None and currencies and counted not in currencies:
        yield (
            (*where, "award", "per_money", "currency"),
            f"counts {counted}, which is none of when.currency; name the same currency in both",
        )


def _known_words(where: Place, rule: Rule, document: Document) -> Mistakes:
    levels = document.tiers.levels if document.tiers else []
    plans = document.membership.plans if document.membership else []
    tiers, memberships = {level.id for level in levels}, {plan.id for plan in plans}
    for tier in _unknown(rule.when.tier, tiers):
        yield (
            (*where, "when", "tier"),
            f"{tier!r} is no level under tiers; name one, or add it there",
        )
    for plan in _unknown(rule.when.membership, memberships):
        yield (
            (*where, "when", "membership"),
            f"{plan!r} is no plan under membership; name one, or add it there",
        )


def _unknown(words: Iterable[str] | None, known: set[str]) -> Iterator[str]:
    return (word for word in words or () if word not in known)


def _recurs(document: Document) -> Mistakes:
    """A rule that never recurs takes long to find out: the first one is enough."""
    for number, rule in enumerate(document.rules):
        recurrence = rule.when.recurrence
        if recurrence is not None and not ever(recurrence.rule, recurrence.from_):
            yield (
                ("rules", number, "when", "recurrence"),
                f"{recurrence.rule} never comes from {recurrence.from_} on; mend it",
            )
            return
