"""What a member should hear of before it happens, or when it has: points, tier, membership."""

from headway.contracts.fields import Counter, Id, Label, Subject, Time


class Notice(Subject):
    """About one member. `version` is the account's, as in balance.changed, when it was told."""

    version: Counter
    at: Time
    """When it happens, or happened."""


class PointsExpiring(Notice):
    """So many points will expire then; each distance the programme asks for is told once."""

    points: Counter


class TierChanged(Notice):
    """The member's tier is another one from then on; '' stands for none."""

    tier_from: Label
    tier_to: Label


class TierAtRisk(Notice):
    """The tier falls then unless so much more of what tiers go by comes in."""

    tier: Label
    missing: Counter
    """Minor units of money, millionths of a point, or a count: as the programme's tiers have it."""


class MembershipEnded(Notice):
    """A paid membership ended then; so much of what was paid is to be given back."""

    plan: Id
    refund_minor: Counter
