"""What a programme file must also keep to, once each of its fields is right by itself."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from headway.program.document import Document, Tiers
from headway.program.money import to_minor

Place = tuple[str | int, ...]
"""The way to a field: names, and positions in lists."""


def mistakes(document: Document) -> Iterator[tuple[Place, str]]:
    """(where, how to mend it) of everything in which parts of the file do not fit each other."""
    levels = document.tiers.levels if document.tiers else []
    yield from _named_once(("rules",), [rule.id for rule in document.rules])
    yield from _named_once(("tiers", "levels"), [level.id for level in levels])
    yield from _named_once(("rewards",), [reward.id for reward in document.rewards])
    known = {level.id for level in levels}
    for number, rule in enumerate(document.rules):
        for tier in rule.when.tier or ():
            if tier not in known:
                yield (
                    ("rules", number, "when", "tier"),
                    f"{tier!r} is no level under tiers; name one, or add it there",
                )
    yield from _groups_do_not_mix(document)
    if document.tiers is not None:
        yield from _tiers_fit(document.tiers)
    for where, amount, currency in _amounts(document):
        try:
            to_minor(amount, currency)
        except ValueError as error:
            yield where, f"{error}; round it"


def _groups_do_not_mix(document: Document) -> Iterator[tuple[Place, str]]:
    kinds: dict[str, tuple[bool, str]] = {}
    for number, rule in enumerate(document.rules):
        multiplies = rule.award.multiply is not None
        group = rule.group or ("multiplier" if multiplies else "")
        if not group:
            continue
        first = kinds.setdefault(group, (multiplies, rule.id))
        if first[0] != multiplies:
            yield (
                ("rules", number, "group"),
                f"{group!r} holds {first[1]!r} too, and only one of the two multiplies; "
                "give multipliers a group of their own",
            )


def _tiers_fit(tiers: Tiers) -> Iterator[tuple[Place, str]]:
    if not tiers.by_year:
        if tiers.downgrade == "one_step":
            yield ("tiers", "downgrade"), "one_step goes with calendar_year or membership_year"
        if tiers.entry == "next_period":
            yield ("tiers", "entry"), "next_period goes with calendar_year or membership_year"
        if tiers.keep in ("end_of_period", "end_of_next_period"):
            yield ("tiers", "keep"), "goes by periods; this window has none: write months"
    elif tiers.keep is not None and tiers.keep not in ("end_of_period", "end_of_next_period"):
        yield ("tiers", "keep"), "with a year as window, end_of_period or end_of_next_period"


def _named_once(where: Place, ids: Sequence[str]) -> Iterator[tuple[Place, str]]:
    for number, name in enumerate(ids):
        if name in ids[:number]:
            yield (*where, number, "id"), f"{name!r} is used twice; an id names one thing"


def _amounts(document: Document) -> Iterator[tuple[Place, Decimal, str]]:
    """Every amount of money in the file, with its currency."""
    for number, rule in enumerate(document.rules):
        money = rule.award.per_money
        if money is not None:
            where: Place = ("rules", number, "award", "per_money", "every")
            yield where, money.every, money.currency or document.currency
    for number, level in enumerate(document.tiers.levels if document.tiers else ()):
        yield ("tiers", "levels", number, "from"), level.from_, document.currency
    for number, reward in enumerate(document.rewards):
        amount, currency = reward.value.split(" ")
        yield ("rewards", number, "value"), Decimal(amount), currency
