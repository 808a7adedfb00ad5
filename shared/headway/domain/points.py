"""What a decision appends: points events and tier events (design: the ledger)."""

from datetime import datetime
from typing import Literal, NamedTuple

Kind = Literal[
    "earn",
    "activate",
    "reserve",
    "release",
    "redeem",
    "restore",
    "expire",
    "reverse",
    "waive",
    "repay",
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
    """One move of points between two buckets; field order is the table's."""

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
    """What this decision means for another member: the worth of a referral for the referrer."""

    member_id: str
    referral_id: str
    rule: str
    revision: int
    worth: int
    earned_at: datetime
    program_version: int
    order_id: str
    time: datetime
