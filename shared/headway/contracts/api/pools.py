"""What the API takes and gives of transfers between members and of household pools."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from headway.contracts.api.redemptions import Balances, PoolId, Shape
from headway.contracts.fields import Id

TransferId = Annotated[str, Field(pattern=r"^trf_[A-Za-z0-9_-]{24}$")]


class TransferRequest(Shape):
    """Send a member's points to another member."""

    member_id: Id
    """Whose points they are."""
    to_member_id: Id
    points: Annotated[int, Field(ge=1, le=10**12)]


class TransferAnswer(Shape):
    """A transfer, and the sender's account right after it. Of the other's nothing is told."""

    transfer_id: TransferId
    member_id: Id
    to_member_id: Id
    points: int
    effective_at: datetime
    """Business time."""
    epoch: int
    """Which life of the ledger `version` counts in."""
    version: int
    """The sender's version that this made, as in balance.changed."""
    balances: Balances


class PoolAct(Shape):
    """Something that a member does with a pool."""

    member_id: Id
    """Who does it."""


class InviteRequest(PoolAct):
    """Ask another member into the pool."""

    invited_id: Id
    may_spend: bool = False
    """Whether that member may spend from the pool, once joined."""


class SpendingRequest(PoolAct):
    """Say whether a member of the pool may spend from it."""

    of_member_id: Id
    may_spend: bool


class PoolMember(Shape):
    """A member of a pool, or somebody invited to it."""

    member_id: Id
    role: Literal["owner", "member"]
    state: Literal["invited", "joined"]
    may_spend: bool
    available: int | None
    """What this member brings to the pool now; null until joined."""
    since: datetime
    """When the member came into this state, by the system's clock."""


class PoolView(Shape):
    """A pool as it stands. Everybody's points stay their own until they are spent."""

    pool_id: PoolId
    state: Literal["open", "dissolved"]
    available: int
    """What all who have joined have together."""
    members: list[PoolMember]


class Invitation(Shape):
    """A pool that waits for a member's word."""

    pool_id: PoolId
    owner_id: Id
    may_spend: bool
    since: datetime


class MemberPool(Shape):
    """The pool a member is in, and those the member is invited to."""

    member_id: Id
    pool: PoolView | None
    invitations: list[Invitation]
