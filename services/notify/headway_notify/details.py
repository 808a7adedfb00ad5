"""What each kind of message tells beside where the account stands; kept as JSON when it is due.

Everything here is taken from one event of the ledger, which `version` of the facts names.
"""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from headway.program.messages import Kind


class Detail(BaseModel):
    """Of kinds that tell of the account alone: welcome and progress."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RewardReady(Detail):
    """A reward that the points pay for since."""

    reward_id: str


class RewardUsed(Detail):
    """A redemption that was confirmed; `value_minor` is what it saved."""

    redemption_id: str
    reward_id: str
    points: int
    value_minor: int
    currency: str


class CertificateIssued(Detail):
    """A certificate that issued itself, worth `value_minor`, for so many points."""

    redemption_id: str
    reward_id: str
    points: int
    value_minor: int
    currency: str


class TierChanged(Detail):
    """From one tier ('' : none) to another."""

    tier_from: str
    tier_to: str
    at: datetime


class TierAtRisk(Detail):
    """What is missing to keep a tier, as the programme measures tiers, and until when."""

    tier: str
    missing: int
    at: datetime


class PointsExpiring(Detail):
    """So many points expire then."""

    points: int
    at: datetime


class PointsTakenBack(Detail):
    """What a return took back, how much of it was forgiven, and why."""

    points: int
    waived: int
    reason: str
    order_id: str | None = None


class ReferralThanks(Detail):
    """Points for a friend's purchase or joining."""

    points: int


class ProgrammeChange(Detail):
    """A version of the programme that comes into force, and what it changes, in words."""

    version: int
    from_day: date
    changes: tuple[str, ...]


class Statement(Detail):
    """What moved the balance (available and pending) from the first day to the last, in points.

    opening + earned + restored + adjusted - used - expired - taken_back = closing.
    """

    first: date
    last: date
    opening: int
    earned: Annotated[int, Field(ge=0)]
    restored: Annotated[int, Field(ge=0)]
    adjusted: int
    used: Annotated[int, Field(ge=0)]
    expired: Annotated[int, Field(ge=0)]
    taken_back: Annotated[int, Field(ge=0)]
    closing: int


DETAILS: dict[Kind, type[Detail]] = {
    "welcome": Detail,
    "progress": Detail,
    "reward_ready": RewardReady,
    "reward_used": RewardUsed,
    "certificate_issued": CertificateIssued,
    "tier_changed": TierChanged,
    "tier_at_risk": TierAtRisk,
    "points_expiring": PointsExpiring,
    "points_taken_back": PointsTakenBack,
    "referral_thanks": ReferralThanks,
    "programme_change": ProgrammeChange,
    "statement": Statement,
}
