"""What a reward must also keep to, by its kind."""

from collections.abc import Iterator
from decimal import Decimal

from headway.program.checking_rules import Mistakes, Place
from headway.program.document import Document
from headway.program.money import to_minor
from headway.program.reward_document import Reward, RewardKind

_NEEDS: dict[RewardKind, tuple[str, ...]] = {
    "money_off": ("points", "value"),
    "percent_off": ("points", "percent"),
    "free_product": ("points", "value", "sku"),
    "voucher": ("points", "value", "codes"),
    "early_access": ("points",),
    "experience": ("points", "value"),
    "donation": ("points", "value", "cause"),
    "pay_with_points": ("rate",),
}
_MAY: dict[RewardKind, tuple[str, ...]] = {
    "money_off": ("stock",),
    "percent_off": ("maximum", "stock"),
    "free_product": ("cash", "stock"),
    "voucher": ("cash", "stock"),
    "early_access": ("value", "cash", "stock"),
    "experience": ("cash", "places"),
    "donation": ("stock",),
    "pay_with_points": ("step", "minimum", "maximum_share"),
}
_BY_KIND = (
    "points", "value", "cash", "percent", "maximum", "sku", "cause", "codes", "rate", "step",
    "minimum", "maximum_share", "stock", "places",
)  # fmt: skip


def reward_mistakes(document: Document) -> Mistakes:
    """Of every reward."""
    tiers = {level.id for level in document.tiers.levels} if document.tiers else set()
    for number, reward in enumerate(document.rewards):
        where: Place = ("rewards", number)
        yield from _fields_fit(where, reward)
        yield from _known_tiers(where, reward, tiers)
        yield from _cash_below_value(where, reward)
        yield from _issues_itself(where, reward)
        if reward.kind == "pay_with_points" and reward.rate is not None:
            yield from _steps_are_whole(where, reward)


def _fields_fit(where: Place, reward: Reward) -> Mistakes:
    kind = reward.kind
    for field in _NEEDS[kind]:
        if getattr(reward, field) is None:
            yield (*where, field), f"is missing; a reward of kind {kind} needs it"
    for field in _BY_KIND:
        if getattr(reward, field) is not None and field not in (*_NEEDS[kind], *_MAY[kind]):
            kinds = [k for k in _NEEDS if field in (*_NEEDS[k], *_MAY[k])]
            yield (*where, field), f"goes with kind {' or '.join(kinds)}; remove it"
    if kind == "pay_with_points" and reward.prices:
        yield (*where, "prices"), "a rate is the same for all; remove it"
    if reward.percent is not None and reward.percent > 100:
        yield (*where, "percent"), "should be at most 100"


def _known_tiers(where: Place, reward: Reward, tiers: set[str]) -> Mistakes:
    named: list[tuple[Place, list[str] | None]] = [
        ((*where, "prices", number, "tier"), price.tier)
        for number, price in enumerate(reward.prices)
    ]
    if reward.who is not None:
        named.append(((*where, "who", "tier"), reward.who.tier))
    for place, names in named:
        for name in names or ():
            if name not in tiers:
                known = ", ".join(sorted(tiers)) or "none, there are no tiers"
                yield place, f"{name!r} is no tier; known are: {known}"
    for number, price in enumerate(reward.prices):
        if price.tier is None and price.dates is None:
            yield (*where, "prices", number), "say for which tier or on which dates"


def _cash_below_value(where: Place, reward: Reward) -> Mistakes:
    if reward.cash is None:
        return
    if reward.value is None:
        yield (*where, "cash"), "goes with a value, which says what it is worth; add it"
        return
    (cash, currency), (value, other) = priced(reward.cash), priced(reward.value)
    if currency != other:
        yield (*where, "cash"), f"should be in {other}, as its value is"
    elif cash >= value:
        yield (*where, "cash"), "should be below its value: otherwise the points buy nothing"


def _issues_itself(where: Place, reward: Reward) -> Mistakes:
    """What nobody asks for must be there for everybody whose points reach it, and be used once."""
    if not reward.automatic:
        return
    if reward.kind != "voucher":
        yield (*where, "automatic"), "goes with kind voucher; remove it"
        return
    for field in ("cash", "stock", "limit"):
        if getattr(reward, field) is not None:
            yield (*where, field), "does not go with automatic: nobody is asked; remove one of them"
    if reward.codes is not None and reward.codes.uses == "many":
        yield (
            (*where, "codes", "uses"),
            "of an automatic reward each member needs a code; remove it",
        )


def _steps_are_whole(where: Place, reward: Reward) -> Mistakes:
    if reward.rate is None:
        return
    amount, currency = priced(reward.rate.pays)
    points, step = reward.rate.points, reward.step or reward.rate.points
    if not amount:
        yield (*where, "rate", "pays"), "should be above zero"
        return
    try:
        minor = to_minor(amount, currency)
    except ValueError:
        return  # told with the other amounts
    if minor * step % points or not minor * step // points:
        yield (
            (*where, "step"),
            f"{step} points pay no whole number of the smallest unit of {currency}; "
            "write a step that does",
        )
    if reward.minimum is not None and reward.minimum % step:
        yield (*where, "minimum"), f"should be a multiple of the step, {step}"


def reward_amounts(document: Document) -> Iterator[tuple[Place, Decimal, str]]:
    """Every amount of money in the rewards, with its currency."""
    for number, reward in enumerate(document.rewards):
        for field in ("value", "cash", "maximum"):
            text = getattr(reward, field)
            if text is not None:
                yield ("rewards", number, field), *priced(text)
        if reward.rate is not None:
            yield ("rewards", number, "rate", "pays"), *priced(reward.rate.pays)


def priced(price: str) -> tuple[Decimal, str]:
    """A price's amount and currency."""
    amount, currency = price.split(" ")
    return Decimal(amount), currency
