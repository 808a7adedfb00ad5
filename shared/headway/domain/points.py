"""What a decision appends: points events and tier events (design: the ledger)."""

from datetime import datetime
from typing import Literal, NamedTuple

from headway.domain.account import Certificate

Kind = Literal[
    "earn",
    "activate",
    "reserve",
    "release",
    "redeem",
    "donate",
    "restore",
    "expire",
    "extend",
    "reinstate",
    "reverse",
    "waive",
    "repay",
    "move_out",
    "move_in",
    "adjust",
]
Bucket = Literal[
    "issued",
    "pending",
    "available",
    "reserved",
    "owed",
    "redeemed",
    "expired",
    "reversed",
    "donated",
    "moved",
    "waived",
]


class PointsEvent(NamedTuple):
    """One move of points between two buckets.

    `origin_account` and `origin_seq`: on a move_in, the move_out that it answers.
    """

    account_id: int
    seq: int
    kind: Kind
    points: int
    from_bucket: Bucket
    to_bucket: Bucket
    lot: int | None
    corrects: int | None
    group: str | None
    cause: int
    order_id: str | None
    line_id: str | None
    rule: str | None
    program_version: int
    exact: int
    activates_at: datetime | None
    expires_at: datetime | None
    effective_at: datetime
    origin_account: int | None = None
    origin_seq: int | None = None


class TierEvent(NamedTuple):
    """A member's tier changed."""

    account_id: int
    tier_seq: int
    tier_from: str
    tier_to: str
    cause: int
    program_version: int
    effective_at: datetime


class Effect(NamedTuple):
    """What this decision means for another member: the worth of a referral for the referrer.

    It says everything there is to say: what it is worth, when it was earned (`since`: where that
    stands among the referrer's own inputs) and, once undone, when. The highest revision counts.
    """

    member_id: str
    referral_id: str
    rule: str
    revision: int
    worth: int
    earned_at: datetime
    since: datetime
    undone_at: datetime | None
    program_version: int
    order_id: str | None
    per_order: bool

    @property
    def time(self) -> datetime:
        """The business time of what it tells."""
        return self.undone_at or self.since


class Issued(NamedTuple):
    """A certificate that issued itself, and the reward that it is of, by its programme version."""

    certificate: Certificate
    reward_id: str
    reward_name: str
    program_version: int
    at: datetime


class Voided(NamedTuple):
    """An unused certificate that was taken back, its points restored."""

    redemption_id: str
    at: datetime


class Notice(NamedTuple):
    """Something a member should hear of before it happens, or when it has.

    `kind`: points.expiring, tier.at-risk or membership.ended; `at`: when it happens (or happened),
    `amount`: points expiring, the measure missing, or minor units refunded; `of`: the tier or plan.
    """

    kind: Literal["points.expiring", "tier.at-risk", "membership.ended"]
    at: datetime
    amount: int
    of: str
    due: datetime
