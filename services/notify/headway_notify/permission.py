"""Whether a member may be sent a message of a kind. Pure."""

from typing import Literal, NamedTuple

from headway.program.messages import SERVICE, TOPIC_OF, Kind, Topic

Suppression = Literal["hard_bounce", "complaint", "soft_bounces", "unsubscribed_all", "manual"]
"""Why nothing at all is sent to an address, whatever it is about."""

NO_CONTACT = "no contact is known"
"""Why nothing is sent to a member whom one cannot write to."""

FORGOTTEN = "forgotten"
"""Why what was decided before is not sent to a member who was forgotten since."""


class Permission(NamedTuple):
    """What a member agreed to and refused. `marketing`: agreed, refused, or nobody said;
    `suppressed`: why nothing is sent to their address, '' if nothing stands against it."""

    marketing: bool | None = None
    unwanted: frozenset[Topic] = frozenset()
    suppressed: Suppression | Literal[""] = ""


def may_send(
    kind: Kind, consent: Literal["assumed", "required"], permission: Permission
) -> str | None:
    """None if it may be sent, else why not, as it is kept with the notification.

    A suppressed address gets nothing, messages of service included: who cannot be reached, or
    complained, is not to be written to for any reason. A topic that is not wanted is not sent,
    whatever its kind. Consent is asked for marketing alone; under `assumed` it is there until the
    member refuses.
    """
    if permission.suppressed:
        return f"suppressed: {permission.suppressed}"
    if TOPIC_OF[kind] in permission.unwanted:
        return f"unwanted: {TOPIC_OF[kind]}"
    if kind in SERVICE:
        return None
    agreed = permission.marketing
    if agreed is False or (agreed is None and consent == "required"):
        return "no consent"
    return None
