"""What Amazon SES says through SNS, event publishing and plain notifications alike. Pure.

Whatever is not understood becomes an event of the type `unknown`; nothing is refused, for SNS
would send it again for days.
"""

from collections.abc import Iterable, Mapping
from email.utils import parseaddr
from typing import Any

import orjson

from headway_notify.feedback.event import (
    Bounce,
    EventType,
    FeedbackEvent,
    RejectReason,
    moment,
    names,
    word,
)

NOTIFICATION_TAG = "notification"
"""The tag of a mail sent through SES by which it is found again: the notification's number."""

_PLAIN: dict[str, tuple[EventType, RejectReason | str]] = {
    "Send": ("sent", ""),
    "Delivery": ("delivered", ""),
    "Reject": ("rejected", "blocked"),
    "Rendering Failure": ("failed", "other"),
    "RenderingFailure": ("failed", "other"),
    "DeliveryDelay": ("deferred", ""),
    "Open": ("opened", ""),
    "Click": ("clicked", ""),
}
_Json = Mapping[str, Any]


def ses_events(message: str) -> list[FeedbackEvent]:
    """The events in the `Message` of an SNS notification: one for each recipient it is about."""
    try:
        said = orjson.loads(message)
    except orjson.JSONDecodeError:
        return [FeedbackEvent("unknown", "")]
    if not isinstance(said, dict):
        return [FeedbackEvent("unknown", "")]
    kind = said.get("eventType") or said.get("notificationType")
    if kind == "Bounce":
        return _bounces(said, _part(said, "bounce"))
    if kind == "Complaint":
        return _complaints(said, _part(said, "complaint"))
    if kind == "Subscription":
        return _unsubscribed(said, _part(said, "subscription"))
    return _others(said, word(kind))


def _bounces(said: _Json, bounce: _Json) -> list[FeedbackEvent]:
    # Permanent alone is for good: Undetermined is what SES could not tell.
    hardness: Bounce = "hard" if bounce.get("bounceType") == "Permanent" else "soft"
    kind = word(f"Bounce {bounce.get('bounceType', '')} {bounce.get('bounceSubType', '')}".strip())
    return [
        _event(said, bounce, "bounced", kind, recipient, "bounced", hardness)
        for recipient in _recipients(bounce.get("bouncedRecipients"))
    ]


def _complaints(said: _Json, complaint: _Json) -> list[FeedbackEvent]:
    kind = word(f"Complaint {complaint.get('complaintFeedbackType') or ''}".strip())
    recipients = _recipients(complaint.get("complainedRecipients"))
    if complaint.get("complaintFeedbackType") == "not-spam":
        # The recipient took the mail out of the junk folder: the opposite of a complaint.
        return [_event(said, complaint, "unknown", kind, who) for who in recipients]
    return [_event(said, complaint, "complained", kind, who, "spam") for who in recipients]


def _unsubscribed(said: _Json, subscription: _Json) -> list[FeedbackEvent]:
    preferences = _part(subscription, "newTopicPreferences")
    if preferences.get("unsubscribeAll") is not True:
        return _others(said, "Subscription")
    return [
        _event(said, subscription, "unsubscribed", "Subscription", recipient)
        for recipient in _recipients(_part(said, "mail").get("destination"))
    ]


def _others(said: _Json, kind: str) -> list[FeedbackEvent]:
    event_type, reason = _PLAIN.get(kind, ("unknown", ""))
    part = _part(said, "failure" if event_type == "failed" else _lowered(kind))
    named = part.get("recipients") or part.get("delayedRecipients")
    recipients = _recipients(named or _part(said, "mail").get("destination"))
    return [_event(said, part, event_type, kind, who, reason) for who in recipients]


def _event(
    said: _Json,
    part: _Json,
    event_type: EventType,
    kind: str,
    recipient: str,
    reason: str = "",
    bounce: Bounce = "",
) -> FeedbackEvent:
    mail = _part(said, "mail")
    tags = _part(mail, "tags").get(NOTIFICATION_TAG)
    ours = tags[0] if isinstance(tags, list) and tags else None
    headers = _part(mail, "commonHeaders")
    return FeedbackEvent(
        event_type,
        kind,
        recipient,
        reason,  # type: ignore[arg-type]
        bounce,
        names(mail.get("messageId"), headers.get("messageId"), *_message_id(mail), _tagged(ours)),
        moment(part.get("timestamp")) or moment(mail.get("timestamp")),
    )


def _tagged(number: object) -> str | None:
    return f"{NOTIFICATION_TAG}:{number}" if isinstance(number, str) else None


def _message_id(mail: _Json) -> Iterable[object]:
    """What we had written into the header, which SES replaces by its own."""
    headers = mail.get("headers")
    for header in headers if isinstance(headers, list) else []:
        if isinstance(header, dict) and str(header.get("name")).lower() == "message-id":
            yield header.get("value")


def _recipients(value: object) -> list[str]:
    """Addresses, of strings or of objects with emailAddress; one '' where none can be told."""
    found = []
    for entry in value if isinstance(value, list) else []:
        text = entry.get("emailAddress") if isinstance(entry, dict) else entry
        found.append(parseaddr(text)[1] if isinstance(text, str) else "")
    return found or [""]


def _part(said: _Json, name: str) -> _Json:
    value = said.get(name)
    return value if isinstance(value, dict) else {}


def _lowered(kind: str) -> str:
    return kind[:1].lower() + kind[1:]
