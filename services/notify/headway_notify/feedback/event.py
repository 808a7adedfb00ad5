"""One thing that became of one mail for one recipient, in the vocabulary of django-anymail."""

from datetime import UTC, datetime
from typing import Literal, NamedTuple, get_args

EventType = Literal[
    "queued", "sent", "rejected", "failed", "bounced", "deferred", "delivered", "autoresponded",
    "opened", "clicked", "complained", "unsubscribed", "subscribed", "unknown",
]  # fmt: skip
EVENT_TYPES: frozenset[EventType] = frozenset(get_args(EventType))
RejectReason = Literal[
    "invalid", "bounced", "timed_out", "blocked", "spam", "unsubscribed", "other"
]
REJECT_REASONS: frozenset[RejectReason] = frozenset(get_args(RejectReason))
Bounce = Literal["hard", "soft", ""]

_LONGEST_KIND = 100


class FeedbackEvent(NamedTuple):
    """What was said. `kind` is the sender's own word for it; `bounce` says whether the address is
    no good (hard) or may be good again (soft). `message_ids` are all names that the mail goes by:
    the provider's, or ours without angle brackets."""

    event_type: EventType
    kind: str
    recipient: str = ""
    reject_reason: RejectReason | Literal[""] = ""
    bounce: Bounce = ""
    message_ids: tuple[str, ...] = ()
    happened_at: datetime | None = None


def word(value: object) -> str:
    """A sender's word that is fit to be kept: short, and never an address."""
    text = value if isinstance(value, str) else ""
    return text if text.isprintable() and "@" not in text and len(text) <= _LONGEST_KIND else ""


def names(*values: object) -> tuple[str, ...]:
    """Message ids out of what may be anything, without their angle brackets."""
    texts = (value.strip().strip("<>") for value in values if isinstance(value, str))
    return tuple(dict.fromkeys(text for text in texts if text and "\0" not in text))


def moment(value: object) -> datetime | None:
    """An ISO 8601 moment; None for what is none."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
