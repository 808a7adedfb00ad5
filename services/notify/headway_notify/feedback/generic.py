"""Feedback in Headway's own form, signed as Standard Webhooks says. Pure.

The body is one event or an array of them: {"event_type": "bounced", "recipient": …, "message_id":
…, "reject_reason": …, "bounce": "hard" | "soft", "timestamp": …}. Types and reasons are those of
django-anymail; what is not known is kept as `unknown`.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence

import orjson
from standardwebhooks import Webhook, WebhookVerificationError

from headway_notify.feedback.event import (
    EVENT_TYPES,
    REJECT_REASONS,
    Bounce,
    FeedbackEvent,
    moment,
    names,
    word,
)

_SHORTEST_SECRET, _LONGEST_ID = 24, 256


def secret_bytes(secret: str) -> bytes:
    """A secret of Standard Webhooks, decoded. Raises ValueError, which says nothing of it."""
    try:
        found = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not secret.startswith("whsec_") or len(found) < _SHORTEST_SECRET:
        raise ValueError(
            f"each secret should be whsec_ and base64 of {_SHORTEST_SECRET} bytes or more"
        )
    return found


def signed_id(body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> str | None:
    """The id of a message that one of the secrets signed in these minutes; None for any other."""
    event_id = headers.get("webhook-id", "")
    if not 1 <= len(event_id) <= _LONGEST_ID or not event_id.isprintable():
        return None
    for secret in secrets:
        try:
            Webhook(secret_bytes(secret)).verify(body, dict(headers), json_parse=False)
        except (WebhookVerificationError, ValueError):
            continue  # The library lets a signature that is no base64 through as a ValueError.
        return event_id
    return None


def generic_events(body: bytes) -> list[FeedbackEvent]:
    """The events of a body, in their order; one that cannot be read is `unknown`."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [FeedbackEvent("unknown", "")]
    return [_event(entry) for entry in (said if isinstance(said, list) else [said])]


def _event(said: object) -> FeedbackEvent:
    if not isinstance(said, dict):
        return FeedbackEvent("unknown", "")
    kind = said.get("event_type")
    event_type = kind if isinstance(kind, str) and kind in EVENT_TYPES else "unknown"
    reason = said.get("reject_reason")
    bounce: Bounce = ""
    if event_type == "bounced":
        bounce = "soft" if said.get("bounce") == "soft" else "hard"
    recipient = said.get("recipient")
    return FeedbackEvent(
        event_type,
        word(kind),
        recipient if isinstance(recipient, str) else "",
        reason if isinstance(reason, str) and reason in REJECT_REASONS else "",
        bounce,
        names(said.get("message_id")),
        moment(said.get("timestamp")),
    )
