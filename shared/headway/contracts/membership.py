"""A paid membership: started, renewed, cancelled."""

from headway.contracts.fields import Currency, Flag, Id, Money, Subject


class MembershipStarted(Subject):
    """The member has paid for a plan; benefits count from the event's time."""

    membership_id: Id
    plan: Id
    paid_minor: Money | None = None
    """What was paid, in minor units; the plan's price when not told."""
    currency: Currency | None = None


class MembershipRenewed(Subject):
    """The member has paid for a further term."""

    membership_id: Id
    paid_minor: Money | None = None
    currency: Currency | None = None


class MembershipCancelled(Subject):
    """The member ends it: at once and with a refund, or without one at the end of the term."""

    membership_id: Id
    refund: Flag = True
