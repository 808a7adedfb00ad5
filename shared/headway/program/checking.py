"""What a programme file must also keep to, once each of its fields is right by itself."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from headway.program.checking_rewards import priced, reward_amounts, reward_mistakes
from headway.program.checking_rules import Mistakes, Place, rule_mistakes
from headway.program.compiling_rules import money_of
from headway.program.document import Document, KeptMonths, Tiers
from headway.program.money import to_minor
from headway.program.rule_document import Rule

_LAST_YEAR = 2999
"""Later days are not counted with; see Day in written.py."""


def mistakes(document: Document) -> Mistakes:
    """(where, how to mend it) of everything in which parts of the file do not fit each other."""
    levels = document.tiers.levels if document.tiers else []
    plans = document.membership.plans if document.membership else []
    yield from _named_once(("rules",), [rule.id for rule in document.rules])
    yield from _named_once(("tiers", "levels"), [level.id for level in levels])
    yield from _named_once(("membership", "plans"), [plan.id for plan in plans])
    yield from _named_once(("rewards",), [reward.id for reward in document.rewards])
    if document.from_.year > _LAST_YEAR:
        yield ("from",), f"should be before the end of {_LAST_YEAR}"
        return
    yield from rule_mistakes(document)
    yield from reward_mistakes(document)
    yield from _groups_do_not_mix(document)
    if document.tiers is not None:
        yield from _tiers_fit(document.tiers)
        yield from _levels_rise(document.tiers)
    for where, amount, currency in _amounts(document):
        try:
            to_minor(amount, currency)
        except ValueError as error:
            yield where, f"{error}; round it"


def _groups_do_not_mix(document: Document) -> Mistakes:
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


def _tiers_fit(tiers: Tiers) -> Mistakes:
    if not tiers.by_year:
        if tiers.downgrade == "one_step":
            yield ("tiers", "downgrade"), "one_step goes with calendar_year or membership_year"
        if tiers.entry == "next_period":
            yield ("tiers", "entry"), "next_period goes with calendar_year or membership_year"
        if tiers.grace_days and not isinstance(tiers.keep, KeptMonths):
            yield ("tiers", "grace_days"), "goes with a year as window, or with keep: {months: ...}"
        if tiers.keep in ("end_of_period", "end_of_next_period"):
            yield (
                ("tiers", "keep"),
                "goes by periods; this window has none: write {months: 12}, or while_reached",
            )
    elif tiers.keep is not None and tiers.keep not in ("end_of_period", "end_of_next_period"):
        yield (
            ("tiers", "keep"),
            "should be end_of_period or end_of_next_period where the window is a year",
        )


def _levels_rise(tiers: Tiers) -> Mistakes:
    last = Decimal(-1)
    for number, level in enumerate(tiers.levels):
        where: Place = ("tiers", "levels", number, "from")
        if number == 0 and level.from_ != 0:
            yield where, "the first level starts from 0; every member has it"
        elif level.from_ <= last:
            yield where, f"levels rise: write more than {last}, or put the levels in order"
        if tiers.measure != "spend" and level.from_ != int(level.from_):
            yield where, f"{level.from_} is no whole number; round it"
        last = level.from_


def _named_once(where: Place, ids: Sequence[str]) -> Mistakes:
    seen: set[str] = set()
    for number, name in enumerate(ids):
        if name in seen:
            yield (*where, number, "id"), f"{name!r} is used twice; an id names one thing"
        seen.add(name)


def _amounts(document: Document) -> Iterator[tuple[Place, Decimal, str]]:
    """Every amount of money in the file, with its currency."""
    for number, rule in enumerate(document.rules):
        currency = money_of(rule, document.currency)
        for place, amount in _amounts_of(rule):
            yield ("rules", number, *place), amount, currency
    if document.tiers is not None and document.tiers.measure == "spend":
        for number, level in enumerate(document.tiers.levels):
            yield ("tiers", "levels", number, "from"), level.from_, document.currency
    yield (
        ("referrals", "minimum_order"),
        document.referrals.minimum_order,
        document.currency,
    )
    for number, plan in enumerate(document.membership.plans if document.membership else ()):
        yield ("membership", "plans", number, "price"), *priced(plan.price)
    yield from reward_amounts(document)


def _amounts_of(rule: Rule) -> Iterator[tuple[Place, Decimal]]:
    if rule.award.per_money is not None:
        yield ("award", "per_money", "every"), rule.award.per_money.every
    for field in ("order_total", "line_total"):
        between = getattr(rule.when, field)
        for end in ("min", "max"):
            amount = getattr(between, end, None)
            if amount is not None:
                yield ("when", field, end), amount
