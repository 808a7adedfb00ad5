"""Which type of event carries which data, and on which topic it travels."""

from typing import Final, NamedTuple

from headway.contracts.activity import ActivityRecorded
from headway.contracts.balance import BalanceChanged
from headway.contracts.contact import ContactUpdated
from headway.contracts.effect import Effect
from headway.contracts.fields import Subject
from headway.contracts.member import MemberJoined, MemberLeft, MemberUpdated
from headway.contracts.membership import (
    MembershipCancelled,
    MembershipRenewed,
    MembershipStarted,
)
from headway.contracts.notice import (
    MembershipEnded,
    PointsExpiring,
    TierAtRisk,
    TierChanged,
)
from headway.contracts.notification import NotificationRequested, NotificationSent
from headway.contracts.order import (
    OrderCancelled,
    OrderFulfilled,
    OrderPaid,
    OrderRefunded,
    OrderRefundFailed,
)
from headway.contracts.referral import ReferralCompleted, ReferralCreated
from headway.contracts.review import ReviewPublished, ReviewRemoved

VERSION: Final = "v1"


class Contract(NamedTuple):
    """One type of event: its name, the model of its data, its topic (without prefix)."""

    name: str
    model: type[Subject]
    topic: str
    id_max: int = 128
    """Longest event id in characters; Headway's own ids are put together and may be longer."""

    @property
    def type(self) -> str:
        """The type on the wire: name and version."""
        return f"{self.name}.{VERSION}"


_ALL: Final = (
    Contract("order.paid", OrderPaid, "orders"),
    Contract("order.refunded", OrderRefunded, "orders"),
    Contract("order.refund_failed", OrderRefundFailed, "orders"),
    Contract("order.cancelled", OrderCancelled, "orders"),
    Contract("order.fulfilled", OrderFulfilled, "orders"),
    Contract("referral.created", ReferralCreated, "referrals"),
    Contract("referral.completed", ReferralCompleted, "referrals"),
    Contract("review.published", ReviewPublished, "reviews"),
    Contract("review.removed", ReviewRemoved, "reviews"),
    Contract("member.joined", MemberJoined, "members"),
    Contract("member.updated", MemberUpdated, "members"),
    Contract("member.left", MemberLeft, "members"),
    Contract("membership.started", MembershipStarted, "members"),
    Contract("membership.renewed", MembershipRenewed, "members"),
    Contract("membership.cancelled", MembershipCancelled, "members"),
    Contract("activity.recorded", ActivityRecorded, "activities"),
    Contract("effect", Effect, "effects", 512),
    Contract("balance.changed", BalanceChanged, "balance-changed", 320),
    Contract("points.expiring", PointsExpiring, "member-notices", 320),
    Contract("tier.changed", TierChanged, "member-notices", 320),
    Contract("tier.at-risk", TierAtRisk, "member-notices", 320),
    Contract("membership.ended", MembershipEnded, "member-notices", 320),
    Contract("notification.requested", NotificationRequested, "notifications"),
    Contract("notification.sent", NotificationSent, "notifications"),
    Contract("contact.updated", ContactUpdated, "member-contacts"),
)

CONTRACTS: Final[dict[str, Contract]] = {contract.name: contract for contract in _ALL}
"""Every contract, by name without version."""

BY_TYPE: Final[dict[str, Contract]] = {contract.type: contract for contract in _ALL}
"""Every contract, by type on the wire."""
