"""What points can become: the rewards of one programme version, their prices and for whom."""

from collections.abc import Iterable
from datetime import date
from typing import Literal, NamedTuple

from headway.program.rules import Per

Kind = Literal[
    "money_off", "percent_off", "free_product", "voucher", "early_access", "experience",
    "donation", "pay_with_points",
]  # fmt: skip
BY_ORDER: frozenset[Kind] = frozenset(("percent_off", "pay_with_points"))
"""Kinds whose worth depends on the order that they are used for."""
PAYING: frozenset[Kind] = BY_ORDER | {"money_off"}
"""Kinds that pay an order, or a part of it: what they paid comes back with what was bought."""
WHOLE = 100_000
"""All of something, in thousandths of a percent."""


class Days(NamedTuple):
    """Local days, both included."""

    first: date = date.min
    last: date = date.max


ALWAYS = Days()


class Offer(NamedTuple):
    """A price in points for members of some tiers (none named: of all), on some days."""

    points: int
    tiers: frozenset[str] = frozenset()
    days: Days = ALWAYS


class Who(NamedTuple):
    """Who may have a reward: members of some tiers (none named: of all), on some days."""

    tiers: frozenset[str] = frozenset()
    days: Days = ALWAYS


EVERYBODY = Who()


class Limit(NamedTuple):
    """At most so many times for each member in each local period."""

    times: int
    per: Per


class Rate(NamedTuple):
    """What points pay at the checkout: `points` at a time, worth `minor` minor units.

    `minimum` in points; `share` of the order that they may pay, in thousandths of a percent.
    """

    points: int
    minor: int
    minimum: int
    share: int


class Codes(NamedTuple):
    """Where a voucher's code comes from, and how long it is valid once given."""

    pool: str
    valid_days: int | None = None
    many: bool = False
    """Whether all members get the same code."""


class Order(NamedTuple):
    """What a member is about to pay, in minor units of a currency."""

    total: int
    currency: str


class Reward(NamedTuple):
    """A price in points, a value in minor units of a currency.

    Of what depends on the order the value is 0, and `points` of pay_with_points is the least that
    can be used. `cash_minor` is what the member pays beside the points, `percent` and the share of
    a rate are in thousandths of a percent, `stock` is how many there are at first (None: enough).
    `automatic`: issued by itself as soon as the points are there.
    """

    id: str
    name: str
    points: int
    value_minor: int
    currency: str
    kind: Kind = "money_off"
    cash_minor: int = 0
    offers: tuple[Offer, ...] = ()
    who: Who = EVERYBODY
    stock: int | None = None
    limit: Limit | None = None
    codes: Codes | None = None
    sku: str = ""
    cause: str = ""
    percent: int = 0
    maximum_minor: int | None = None
    rate: Rate | None = None
    automatic: bool = False

    @property
    def same_for_all(self) -> bool:
        """Whether everybody may have it at any time for one price."""
        return not self.offers and self.who == EVERYBODY and self.rate is None

    @property
    def saves_minor(self) -> int:
        """What a member saves by it, known before there is an order; a donation saves nothing."""
        return 0 if self.kind == "donation" else self.value_minor - self.cash_minor

    def price(self, tier: str, day: date) -> int:
        """Points for a member of a tier on a local day: the lowest price that applies."""
        return min((self.points, *(o.points for o in self.offers if _holds(o, tier, day))))

    def is_for(self, tier: str, day: date) -> bool:
        """Whether a member of a tier may have it on a local day."""
        return _holds(self.who, tier, day)


def _holds(one: Offer | Who, tier: str, day: date) -> bool:
    return one.days.first <= day <= one.days.last and (not one.tiers or tier in one.tiers)


def menu(rewards: Iterable[Reward], tier: str, day: date) -> tuple[Reward, ...]:
    """What a member of a tier may have on a local day, each at its price then, cheapest first.

    Paying with points is not on it: how many it takes depends on the order.
    """
    found = (
        reward._replace(points=reward.price(tier, day))
        for reward in rewards
        if reward.rate is None and reward.is_for(tier, day)
    )
    return tuple(sorted(found, key=lambda reward: (reward.points, reward.id)))


def percent_of(reward: Reward, order: Order) -> int:
    """Minor units that a percentage takes off an order, rounded down, at most its maximum."""
    off = order.total * reward.percent // WHOLE
    return off if reward.maximum_minor is None else min(off, reward.maximum_minor)


def most_points(rate: Rate, order: Order) -> int:
    """The most points that an order takes: whole steps, within its share; 0 for none."""
    points = order.total * rate.share // WHOLE // rate.minor * rate.points
    return points if points >= rate.minimum else 0


def paid_by(rate: Rate, points: int) -> int:
    """Minor units that so many points pay; whole steps alone count."""
    return points // rate.points * rate.minor
