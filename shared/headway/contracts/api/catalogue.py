"""What the API shows of rewards, quotes and codes. Money is in minor units, points are whole."""

from datetime import date, datetime

from pydantic import Field

from headway.contracts.api.redemptions import RedemptionId, RewardView, Shape
from headway.contracts.fields import Id
from headway.program.rewards import Kind
from headway.program.rules import Per


class PointRate(Shape):
    """What points pay at the checkout: `points` at a time are `pays_minor`."""

    points: int
    pays_minor: int
    minimum: int
    """Points, at least."""
    maximum_share_percent: float
    """Of the order, at most."""


class DaySpan(Shape):
    """Local days of the programme, both included."""

    from_: date | None = Field(default=None, alias="from")
    to: date | None = None


class PriceView(Shape):
    """A price in points for some tiers (none named: all), on some days."""

    points: int
    tiers: list[str]
    days: DaySpan


class WhoView(Shape):
    """Who may have a reward: members of some tiers (none named: all), on some days."""

    tiers: list[str]
    days: DaySpan


class LimitView(Shape):
    """At most so many times for each member in each local period."""

    times: int
    per: Per


class CatalogueReward(RewardView):
    """A reward with all that it takes. `points` is the price for the member asked for, else for
    those who have no better one."""

    kind: Kind
    cash_minor: int
    """What the member pays beside the points."""
    prices: list[PriceView]
    """Better prices; the lowest that applies counts."""
    who: WhoView | None
    limit: LimitView | None
    stock_left: int | None
    """None: not counted."""
    sku: str | None
    cause: str | None
    percent: float | None
    maximum_minor: int | None
    rate: PointRate | None
    available: bool
    """Whether it can be had now, by the member asked for if one was, apart from the points."""
    why_not: str | None
    """The problem that reserving it would be answered with."""


class Rewards(Shape):
    """The rewards of the programme in force, cheapest first."""

    program_version: int
    member_id: Id | None
    rewards: list[CatalogueReward]


class Quote(Shape):
    """What a reward would cost a member now, and what it would save. Nothing is held by it."""

    member_id: Id
    reward_id: Id
    can_have: bool
    why_not: str | None
    """The problem that reserving it now would be answered with."""
    points: int | None
    """None: it is not to be had, whatever the member has."""
    value_minor: int | None
    """What it saves or, of a donation, what the cause gets."""
    cash_minor: int | None
    currency: str
    available: int
    """The member's points to spend."""
    missing: int
    """Points that are not there."""


class UseCodeRequest(Shape):
    """At which order a code was used."""

    order_id: Id | None = None


class CodeView(Shape):
    """A voucher's code and what it is good for."""

    code: str
    valid: bool
    """Whether it can be used now."""
    why_not: str | None
    """The problem that using it would be answered with."""
    reward_id: Id | None
    reward_name: str | None
    kind: Kind | None
    value_minor: int | None
    currency: str | None
    valid_until: datetime | None
    redemption_id: RedemptionId | None
