"""What the API shows of one member. Money is in minor units, points are whole, times are UTC."""

from datetime import datetime
from typing import Literal

from headway.contracts.api.redemptions import (
    Balances,
    NextReward,
    RedemptionId,
    RewardView,
    Shape,
)
from headway.contracts.fields import Id
from headway.domain.points import Bucket, Kind


class PointsAt(Shape):
    """Points to which something happens at one moment."""

    at: datetime | None
    """Null when it is not known yet: such points wait until their order has been handed over."""
    points: int


class Schedule(Shape):
    """Points by when something happens to them, if nothing else happens before."""

    total: int
    next: list[PointsAt]
    """The nearest moments, at most twelve; those that are not known yet come last."""
    later: int
    """What of `total` is not in `next`."""


class ToRise(Shape):
    """What is needed for the next tier."""

    tier: str
    name: str
    missing: int
    """In the unit of the tiers' `measure`."""
    until: datetime | None
    """When what counts now stops counting; null when it does not stop at one moment."""


class ToStay(Shape):
    """What is needed to keep this tier."""

    missing: int
    """In the unit of the tiers' `measure`; 0 when no more can be done for it by `until`."""
    until: datetime | None
    """When the tier falls by what is known now; null when it does not fall by itself."""


class TierView(Shape):
    """The member's tier among those of the programme in force."""

    tier: str
    name: str
    measure: Literal["spend", "points", "orders", "activity"]
    """What `missing` counts: minor units of `currency`, whole points, orders, or times (or the
    quantity) of `activity`."""
    currency: str | None
    activity: str | None
    to_rise: ToRise | None
    """Null in the highest tier, and for who has left."""
    to_stay: ToStay | None
    """Null in the first tier, which nobody loses, and for who has left."""


class MembershipView(Shape):
    """A paid membership, running or ended."""

    membership_id: str
    plan: str
    name: str
    from_at: datetime
    until: datetime
    active: bool


class GoalRequest(Shape):
    """Save for a reward."""

    reward_id: Id


class GoalView(RewardView):
    """The reward that a member saves for, at its price for this member now."""

    missing: int
    """Points still to go, what is owed included; 0 when it is ready."""
    ready: bool
    automatic: bool
    """Whether it is issued by itself once the points are there; else nothing is, until it is had
    or given up."""


class GoalAnswer(Shape):
    """A member's goal after it was chosen or given up, and the account right after it."""

    member_id: Id
    goal: GoalView | None
    effective_at: datetime
    """Business time of the command."""
    epoch: int
    version: int
    balances: Balances


class CertificateView(Shape):
    """A certificate that issued itself and has not been used; its redemption shows the code."""

    redemption_id: RedemptionId
    points: int
    value_minor: int
    currency: str


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
    becoming_available: Schedule
    """Pending points by when they can be spent."""
    expiring: Schedule
    """Available points by when they expire; points that never do are not in it."""
    tier: str
    tier_progress: TierView | None
    """Null when the programme has no tiers."""
    membership: MembershipView | None
    saved: dict[str, int]
    """Minor units saved by confirmed redemptions, by currency."""
    rewards_ready: list[RewardView]
    """What `available` pays for, cheapest first."""
    next_reward: NextReward | None
    goal: GoalView | None
    """What the member has chosen to save for."""
    certificates: list[CertificateView]
    """Those not used yet, oldest first."""


class CauseView(Shape):
    """What happened, as an input of the ledger: `source` and `id` are its identity."""

    what: str
    """In words."""
    source: str
    id: str
    kind: str
    time: datetime
    """Business time."""


class HistoryEntry(Shape):
    """Points that moved, once and for all."""

    seq: int
    """The row's number in the account, without gaps."""
    kind: Kind
    points: int
    from_bucket: Bucket
    to_bucket: Bucket
    what: str
    """In words: which rule gave or took how much, and why."""
    rule: str | None
    program_version: int
    lot: int | None
    """The lot whose points moved, as in the explanation."""
    order_id: str | None
    line_id: str | None
    redemption_id: str | None
    effective_at: datetime
    """Business time."""
    recorded_at: datetime
    cause: CauseView
    after: Balances
    """What the member had right after it."""


class History(Shape):
    """A page of a member's points history, newest first."""

    member_id: Id
    entries: list[HistoryEntry]
    next_cursor: str | None
    """What to send as `cursor` for the page after it; null after the last one. A page that leaves
    rows out (by `kind`, `since`, `until`) may be short, or empty, before the last."""


class BalanceAsOf(Shape):
    """A balance by what had been recorded until a moment, as balance.changed told it then."""

    member_id: Id
    at: datetime
    balances: Balances
    tier: str
    epoch: int | None
    """Null for moments before the present life of the ledger began (it was restored to an earlier
    point since): other figures may have been published then."""
    version: int
    """The account's version then; 0 before anything changed it."""
    seq: int
    """The account's last points event then; 0 for none."""
    head_hash: str
    """The hash of that points event."""


class LotEntry(Shape):
    """One row that moved a lot's points, or took its award back."""

    seq: int
    kind: Kind
    lot: int | None
    """The lot whose points moved: not this one where another had to pay for it, and null where
    there was none left, so that the member owes them."""
    points: int
    from_bucket: Bucket
    to_bucket: Bucket
    what: str
    redemption_id: str | None
    effective_at: datetime
    recorded_at: datetime
    cause: CauseView


class LotView(Shape):
    """Points that were earned together, by where they are now."""

    lot: int
    points: int
    """What was earned."""
    pending: int
    available: int
    reserved: int
    expired: int
    waived: int
    owed: int
    """What its rows moved into what the member owes (zero or below), or cleared of it."""
    rule: str
    rule_in_words: str
    """By the programme version that awarded it; empty for what no rule awards."""
    program_version: int
    award: str
    """What it was earned for, such as `order:ID`."""
    order_id: str | None
    line_id: str | None
    earned_at: datetime
    activates_at: datetime | None
    """Null while it waits until its order has been handed over."""
    expires_at: datetime | None
    """Null when it does not expire at a known moment."""
    cause: CauseView
    """What earned it."""
    entries: list[LotEntry]
    """The row that earned it and the newest of the others, oldest first."""
    entries_left_out: int


class Explanation(Shape):
    """A page of the lots that a balance is made of, newest first.

    Over all pages of all lots each bucket adds up to `balances`; over those with points, each but
    `owed`.
    """

    member_id: Id
    account_time: datetime
    """The business time that `balances` hold for: what has fallen due since is not in them."""
    epoch: int
    version: int
    balances: Balances
    """As recorded."""
    lots: list[LotView]
    next_cursor: str | None
    """What to send as `cursor` for the page after it; null after the last one."""
