"""From the rewards of the file to those that decisions use."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from headway.program import reward_document as written
from headway.program.checking_rewards import priced
from headway.program.document import Document
from headway.program.money import to_minor
from headway.program.rewards import (
    ALWAYS,
    EVERYBODY,
    WHOLE,
    Codes,
    Days,
    Limit,
    Offer,
    Rate,
    Reward,
    Who,
)
from headway.program.rule_document import Dates


def compile_rewards(document: Document) -> tuple[Reward, ...]:
    """Cheapest first."""
    made = (_reward(reward, document.currency) for reward in document.rewards)
    return tuple(sorted(made, key=lambda reward: (reward.points, reward.id)))


def _reward(reward: written.Reward, default: str) -> Reward:
    value, currency = _money(reward.value) or _by_order(reward, default)
    cash, maximum = _money(reward.cash), _money(reward.maximum)
    rate = _rate(reward)
    stock = reward.places if reward.kind == "experience" else reward.stock
    return Reward(
        reward.id,
        reward.name,
        reward.points or (0 if rate is None else rate.minimum),
        value,
        currency,
        reward.kind,
        0 if cash is None else cash[0],
        tuple(Offer(o.points, _tiers(o.tier), _days(o.dates)) for o in reward.prices),
        EVERYBODY if reward.who is None else Who(_tiers(reward.who.tier), _days(reward.who.dates)),
        stock,
        None if reward.limit is None else Limit(reward.limit.times, reward.limit.per),
        _codes(reward.codes),
        reward.sku or "",
        reward.cause or "",
        0 if reward.percent is None else _thousandths(reward.percent),
        None if maximum is None else maximum[0],
        rate,
        reward.automatic,
    )


def _by_order(reward: written.Reward, default: str) -> tuple[int, str]:
    """Nothing yet, in the currency that the reward goes by."""
    other = reward.maximum or (None if reward.rate is None else reward.rate.pays)
    return 0, default if other is None else priced(other)[1]


def _rate(reward: written.Reward) -> Rate | None:
    if reward.rate is None:
        return None
    step = reward.step or reward.rate.points
    minor = to_minor(*priced(reward.rate.pays)) * step // reward.rate.points
    share = WHOLE if reward.maximum_share is None else _thousandths(reward.maximum_share)
    return Rate(step, minor, reward.minimum or step, share)


def _codes(codes: written.Codes | None) -> Codes | None:
    if codes is None:
        return None
    return Codes(codes.pool, codes.valid_days, codes.uses == "many")


def _tiers(names: Sequence[str] | None) -> frozenset[str]:
    return frozenset(names or ())


def _days(dates: Dates | None) -> Days:
    if dates is None:
        return ALWAYS
    return Days(dates.from_ or date.min, dates.to or date.max)


def _money(price: str | None) -> tuple[int, str] | None:
    if price is None:
        return None
    amount, currency = priced(price)
    return to_minor(amount, currency), currency


def _thousandths(percent: Decimal) -> int:
    return int(percent * 1000)
