"""What members are written to about, for those who build on it. No names or addresses."""

from headway.contracts.fields import Counter, Id, Label, OwnId, Positive32, Subject, Time


class Notification(Subject):
    """One message to one member for one cause; `notification_id` is the same on every road."""

    notification_id: Id
    kind: Label
    """What it is for: progress, reward_ready, points_expiring and so on."""
    cause: OwnId
    """What it is due for; of progress the business day."""
    epoch: Positive32
    version: Counter
    """With the epoch: the version of the account in balance.changed that it tells of."""


class NotificationRequested(Notification):
    """It was decided that a member is told: once for each member, kind and cause."""

    send_at: Time | None
    """Not before then: quiet hours and the hour of sending on the member's own clock."""


class NotificationSent(Notification):
    """A road took it: a mail server, or a platform. That it arrived is for the road to say."""

    road: Label
    """smtp, ses, klaviyo or webhook."""
    provider_id: Label
    """What the road calls it; '' where it has no name for it."""
