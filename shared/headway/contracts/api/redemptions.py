"""What the API takes and gives. Money is in minor units of its currency, points are whole."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from headway.contracts.fields import Id
from headway.domain.redemption import State
from headway.program.rewards import Kind

RedemptionId = Annotated[str, Field(pattern=r"^(rdm_[A-Za-z0-9_-]{24}|crt_[0-9]+_[0-9]+)$")]
"""`crt_` are certificates that issued themselves."""

PoolId = Annotated[str, Field(pattern=r"^pool_[A-Za-z0-9_-]{24}$")]


class Shape(BaseModel):
    """What all have in common: frozen, exact, described by the words beside its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class OrderTotal(Shape):
    """What a member is about to pay."""

    total_minor: Annotated[int, Field(ge=0, le=10**12)]
    """In minor units of `currency`."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]


class ReserveRequest(Shape):
    """Hold the points of a reward for a member."""

    member_id: Id
    reward_id: Id
    order: OrderTotal | None = None
    """What the reward is for, where its worth depends on that."""
    pay_points: Annotated[int, Field(ge=1, le=10**12)] | None = None
    """How many to pay with, where that can be chosen; as many as can be, if left out."""
    order_id: Id | None = None
    """The order that this pays, where that is known: what of it is returned brings its points
    back. For kinds that pay at a checkout: pay_with_points, money_off and percent_off."""
    from_pool: bool = False
    """Spend from the household pool that the member is in."""


class TokenRequest(Shape):
    """A token with which one member's app or browser may ask for itself."""

    member_id: Id
    minutes: int = Field(default=15, ge=1, le=15)
    """How long the token is good."""


class MemberToken(Shape):
    """A member token. It is kept nowhere; it ends by itself, or with the key that issued it."""

    token: str
    """To be sent as `Authorization: Bearer TOKEN`."""
    member_id: Id
    expires_at: datetime


class Balances(Shape):
    """Where a member's points are."""

    pending: int
    """Earned, not yet to be spent."""
    available: int
    """To be spent now."""
    reserved: int
    """Held for redemptions that are not confirmed yet."""
    owed: int
    """Taken back beyond what was there: zero or below."""


class RedemptionView(Shape):
    """A redemption as it stands."""

    redemption_id: RedemptionId
    member_id: Id
    reward_id: Id
    reward_name: str
    kind: Kind
    state: State
    points: int
    value_minor: int
    """What it saves the member or, of a donation, what the cause gets; minor units of
    `currency`."""
    cash_minor: int
    """What the member pays beside the points."""
    currency: str
    code: str | None
    """A voucher's, from confirming on; an automatic certificate gets it a moment later."""
    automatic: bool
    """Whether it is a certificate that issued itself."""
    pool_id: PoolId | None
    """The household pool that paid, if one did."""
    order_id: str | None
    """The order that it pays."""
    restored_points: int
    """How many of its points have come back, with what was returned of the order or by
    reversing it."""
    restored_minor: int
    """How much of its value is not saved any more for that; minor units of `currency`."""
    reserved_at: datetime
    """Business time."""
    held_until: datetime
    """The points of a reservation are held until then, by the system's clock."""
    updated_at: datetime
    """Business time of its latest change."""


class RedemptionAnswer(RedemptionView):
    """A redemption after a command, and the member's account right after it."""

    effective_at: datetime
    """Business time of the command."""
    epoch: int
    """Which life of the ledger `version` counts in."""
    version: int
    """The account's version that this command made, as in balance.changed."""
    balances: Balances


class RewardView(Shape):
    """What points can become."""

    reward_id: Id
    name: str
    points: int
    value_minor: int
    currency: str


class NextReward(RewardView):
    """The cheapest reward out of reach."""

    missing: int
    """Points still to go, what is owed included."""


class FieldError(Shape):
    """One field that cannot be used."""

    field: str
    message: str


class Problem(BaseModel):
    """An RFC 9457 problem document; some types have further members."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldError] | None = None
    available: int | None = None
    needed: int | None = None
    state: str | None = None
