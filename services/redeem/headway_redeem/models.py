"""What the API takes and gives. Money is in minor units of its currency, points are whole."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from headway.contracts.fields import Id
from headway.domain.redemption import State
from headway.program.rewards import Kind

RedemptionId = Annotated[str, Field(pattern=r"^rdm_[A-Za-z0-9_-]{24}$")]


class Shape(BaseModel):
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
    """A voucher's, from confirming on."""
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


class MemberView(Shape):
    """A member's balances and progress as of now. Nothing is written to show it."""

    member_id: Id
    joined_at: datetime
    left_at: datetime | None
    as_of: datetime
    """The moment the balances hold for: what became due until then has been counted in."""
    account_time: datetime
    """The latest business time the ledger has decided on for this account."""
    epoch: int
    version: int
    """The account's version in the ledger, as in balance.changed."""
    balances: Balances
    tier: str
    saved: dict[str, int]
    """Minor units saved by confirmed redemptions, by currency."""
    rewards_ready: list[RewardView]
    """What `available` pays for, cheapest first."""
    next_reward: NextReward | None


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
