"""Every topic: name, key, partitions, retention, and which service reads and writes it. The one
place where they are stated.

The key of every record is the member id in UTF-8, and every topic has the same number of
partitions under Kafka's default partitioner, so a member has one partition number everywhere and
one process can own all that concerns a member.
"""

from typing import Final, NamedTuple

from headway.contracts.registry import CONTRACTS

PARTITIONS: Final = 6
DEFAULT_PREFIX: Final = "headway."
DEFAULT_GROUP_PREFIX: Final = "headway-"
_DAY_MS: Final = 24 * 60 * 60 * 1000


class Topic(NamedTuple):
    """One topic. `retention_ms` -1 keeps for good; `max_message_bytes` None is the broker's."""

    name: str
    partitions: int = PARTITIONS
    compacted: bool = False
    # A database restored from a backup reads its topics again from there: retention has to be
    # longer than the oldest backup anyone would restore.
    retention_ms: int = 35 * _DAY_MS
    max_message_bytes: int | None = None

    @property
    def config(self) -> dict[str, str]:
        """The topic's settings in Kafka's own names."""
        config = {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": str(self.retention_ms),
        }
        if self.max_message_bytes is not None:
            config["max.message.bytes"] = str(self.max_message_bytes)
        return config


def _dead_letters(name: str) -> Topic:
    # A dead letter is the original record, whole, and headers that say what was wrong with it:
    # larger than the largest original. People need time to find and mend it.
    return Topic(name, retention_ms=90 * _DAY_MS, max_message_bytes=4 * 1024 * 1024)


TOPICS: Final[tuple[Topic, ...]] = (
    Topic("orders"),
    Topic("referrals"),
    Topic("reviews"),
    Topic("members"),
    Topic("activities"),
    Topic("effects"),
    Topic("balance-changed"),
    Topic("member-notices"),
    Topic("notifications"),
    Topic("member-contacts", compacted=True, retention_ms=-1),
    _dead_letters("earn-dead-letters"),
    _dead_letters("notify-dead-letters"),
)
"""All topics, named without prefix."""

EARN_INPUTS: Final[tuple[str, ...]] = (
    "orders",
    "referrals",
    "reviews",
    "members",
    "activities",
    "effects",
)
"""What earn reads, named without prefix."""

NOTIFY_INPUTS: Final[tuple[str, ...]] = ("balance-changed", "member-notices", "member-contacts")
"""What notify reads, named without prefix."""


class Service(NamedTuple):
    """What one service reads and writes, by topics without prefix. `forgets`: topics on which it
    writes tombstones alone."""

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    forgets: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """Its consumer group, behind the default prefix."""
        return DEFAULT_GROUP_PREFIX + self.name


SERVICES: Final[tuple[Service, ...]] = (
    Service(
        "earn",
        EARN_INPUTS,
        ("effects", "balance-changed", "member-notices", "earn-dead-letters"),
    ),
    Service("redeem", (), ("balance-changed", "member-notices"), ("member-contacts",)),
    Service("notify", NOTIFY_INPUTS, ("notifications", "notify-dead-letters")),
)
"""Every service. What none of them writes comes from others."""


class Topics:
    """The topics of one installation: every name behind its prefix."""

    def __init__(self, prefix: str = DEFAULT_PREFIX) -> None:
        self.prefix = prefix
        self.orders = prefix + "orders"
        self.referrals = prefix + "referrals"
        self.reviews = prefix + "reviews"
        self.members = prefix + "members"
        self.activities = prefix + "activities"
        self.effects = prefix + "effects"
        self.balance_changed = prefix + "balance-changed"
        self.member_notices = prefix + "member-notices"
        self.notifications = prefix + "notifications"
        self.member_contacts = prefix + "member-contacts"
        self.earn_dead_letters = prefix + "earn-dead-letters"
        self.notify_dead_letters = prefix + "notify-dead-letters"

    @property
    def earn_inputs(self) -> tuple[str, ...]:
        """Full names of what earn reads."""
        return tuple(self.prefix + name for name in EARN_INPUTS)

    @property
    def notify_inputs(self) -> tuple[str, ...]:
        """Full names of what notify reads."""
        return tuple(self.prefix + name for name in NOTIFY_INPUTS)

    def of(self, event_type: str) -> str:
        """Full name of the topic of an event type named without version; KeyError if unknown."""
        return self.prefix + CONTRACTS[event_type].topic

    def all(self) -> tuple[Topic, ...]:
        """Every topic under its full name."""
        return tuple(topic._replace(name=self.prefix + topic.name) for topic in TOPICS)
