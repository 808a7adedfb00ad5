"""What a member has after one cause changed it: the stream that others build on."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, Strict

from headway.contracts.fields import (
    MAX_SAFE_INTEGER,
    Counter,
    Currency,
    Data,
    Id,
    Label,
    OwnId,
    Positive32,
    Reason,
    Sha256Hex,
    Source,
    Subject,
    Time,
)

CauseKind = Literal["event", "effect", "redemption", "transfer", "tick", "timeout", "admin"]

SavedMinor = Annotated[int, Strict(), Field(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]


class Cause(Data):
    """The input that changed the account: `source` and `id` are its identity in the input log."""

    source: Source
    id: OwnId
    kind: CauseKind
    time: Time


class NextReward(Data):
    """The cheapest reward out of reach, its price, and the points still missing."""

    id: Id
    points: Counter
    missing: Counter


class Goal(Data):
    """The reward that the member saves for, its price to them, and the points still missing: 0 once
    it is within reach."""

    id: Id
    points: Counter
    missing: Counter


class ClawedBack(Data):
    """What a return, a removal or a correction took back: `waived` of it was forgiven."""

    points: Counter
    waived: Counter
    reason: Reason
    order_id: Id | None


class Redeemed(Data):
    """A redemption that this cause confirmed; `value_minor` is what it saves."""

    redemption_id: OwnId
    reward_id: Id
    points: Counter
    value_minor: Counter
    currency: Currency


class Issued(Data):
    """A certificate that issued itself, under the id of its redemption; `value_minor` is what it is
    worth to the member. Its code comes later, and by the API alone."""

    redemption_id: OwnId
    reward_id: Id
    points: Counter
    value_minor: Counter
    currency: Currency


MOST_CERTIFICATES = 100
"""So many unused ones an account holds at most."""

Moved = Annotated[int, Strict(), Field(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]


class BalanceChanged(Subject):
    """A member's account as it stood right after one cause.

    The event's id is MEMBER:EPOCH:VERSION. Versions rise by one per cause and member within an
    epoch; a new epoch begins when the ledger was restored to an earlier point. The same version
    may be published more than once, always with the same content.
    """

    ADDED: ClassVar = (
        ("clawed_back", None), ("redeemed", None), ("moved", None), ("issued", None),
        ("certificates", None), ("goal", None),
    )  # fmt: skip

    epoch: Positive32
    """Which life of the ledger this is."""
    version: Annotated[int, Strict(), Field(ge=1, le=MAX_SAFE_INTEGER)]
    """How many causes have changed this account so far."""
    cause: Cause
    seq_from: Counter | None
    """First points event of this cause; null when it moved no points."""
    seq_to: Counter | None
    """Last points event of this cause; null when it moved no points."""
    account_time: Time
    """The latest business time the account has been settled to."""
    head_hash: Sha256Hex
    """Hash of the account's last points event."""
    pending: Counter
    """Points earned that cannot be spent yet."""
    available: Counter
    """Points that can be spent now."""
    reserved: Counter
    """Points held for redemptions that are not confirmed yet."""
    owed: Annotated[int, Strict(), Field(ge=-MAX_SAFE_INTEGER, le=0)]
    """Points taken back beyond what was there: zero or below."""
    tier: Label
    saved: Annotated[
        dict[Currency, SavedMinor],
        Field(max_length=200, json_schema_extra={"additionalProperties": False}),
    ]
    """Minor units saved by confirmed redemptions since joining, by currency."""
    joined_at: Time | None
    left_at: Time | None
    program_version: Positive32
    clawed_back: ClawedBack | None = None
    """What this cause took back and why, for telling the member; null for nothing."""
    redeemed: Redeemed | None = None
    """What this cause confirmed; null for nothing."""
    moved: Annotated[dict[Label, Moved], Field(max_length=40)] | None = None
    """By how much this cause changed what is held (pending, available, reserved and owed together),
    by kind of points event: earn above zero, redeem, expire and reverse below; null for nothing."""
    issued: Annotated[tuple[Issued, ...], Field(max_length=MOST_CERTIFICATES)] | None = None
    """Certificates that this cause issued, and did not take back again; null for none."""
    certificates: Annotated[tuple[OwnId, ...], Field(max_length=MOST_CERTIFICATES)] | None = None
    """Certificates that issued themselves and are neither used nor taken back, oldest first, by
    their redemptions' ids; null for none. That one was used shows at the next change."""
    rewards_ready: Annotated[tuple[Id, ...], Field(max_length=1000)]
    """Rewards that the available points pay for, cheapest first."""
    next_reward: NextReward | None
    goal: Goal | None = None
    """Null when the member has chosen none, or one that the programme no longer has."""
