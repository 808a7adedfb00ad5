"""On what terms a reward may be had: its price, what it saves, or why it may not be had now."""

from datetime import datetime
from typing import Literal, NamedTuple

from headway.program.program import Program
from headway.program.rewards import (
    PAYING,
    Order,
    Rate,
    Reward,
    most_points,
    paid_by,
    percent_of,
)

Refused = Literal[
    "not for this member", "limit reached", "out of stock", "order needed", "other currency",
    "nothing to pay", "unfit points", "insufficient points", "pays no order",
]  # fmt: skip


class Wish(NamedTuple):
    """What a member asks for, and what of it is known outside of the account.

    `points`: how many to pay an order with, where that is to be chosen (None: as many as can be);
    `had`: how often the member has had it in the period of its limit; `left`: how many there are
    left of it, at least (None: enough); `order_id`: the order it is to pay, where that is known.
    """

    order: Order | None = None
    points: int | None = None
    had: int = 0
    left: int | None = None
    order_id: str | None = None


class Terms(NamedTuple):
    """A price in points and, beside it, in money; `value_minor` is what the member saves or, of a
    donation, what the cause gets. Minor units of `currency`."""

    points: int
    value_minor: int
    cash_minor: int
    currency: str


def terms_of(
    program: Program, reward: Reward, tier: str, at: datetime, available: int, wish: Wish
) -> Terms | Refused:
    """What a member of `tier` with so many points would pay at that moment; or why it is not to
    be had, whatever the member has. Whether the points are there is for the caller to compare."""
    day = program.day(at)
    if not reward.is_for(tier, day):
        return "not for this member"
    if wish.order_id is not None and reward.kind not in PAYING:
        return "pays no order"
    if reward.limit is not None and wish.had >= reward.limit.times:
        return "limit reached"
    if wish.left is not None and wish.left < 1:
        return "out of stock"
    if reward.rate is not None:
        return _paying(reward, reward.rate, available, wish)
    points = reward.price(tier, day)
    if reward.percent:
        return _percentage(reward, points, wish.order)
    value = reward.value_minor - reward.cash_minor
    return Terms(points, value, reward.cash_minor, reward.currency)


def _percentage(reward: Reward, points: int, order: Order | None) -> Terms | Refused:
    if order is None:
        return "order needed"
    if reward.maximum_minor is not None and order.currency != reward.currency:
        return "other currency"
    off = percent_of(reward, order)
    return Terms(points, off, 0, order.currency) if off else "nothing to pay"


def _paying(reward: Reward, rate: Rate, available: int, wish: Wish) -> Terms | Refused:
    """Never more than the order, or its share of it, takes: the rest stays with the member."""
    order = wish.order
    if order is None:
        return "order needed"
    if order.currency != reward.currency:
        return "other currency"
    most = most_points(rate, order)
    if not most:
        return "nothing to pay"
    points = wish.points
    if points is None:
        points = min(most, available // rate.points * rate.points)
        if points < rate.minimum:
            return "insufficient points"
    elif points % rate.points or not rate.minimum <= points <= most:
        return "unfit points"
    return Terms(points, paid_by(rate, points), 0, order.currency)
