"""A member's membership. No names or addresses here: see contact."""

from typing import Annotated

from pydantic import Field

from headway.contracts.fields import Subject

# Printable ASCII only, so that byte order and the UTF-16 order of RFC 8785 are the same.
AttributeName = Annotated[str, Field(pattern=r"^[ -~]{1,64}$")]
AttributeValue = Annotated[str, Field(max_length=256, pattern=r"^[^\x00]*$")]

_TWENTY = Field(max_length=20, json_schema_extra={"additionalProperties": False})


class MemberJoined(Subject):
    """The member enrolled, at the event's time."""


class MemberUpdated(Subject):
    """Facts about a member that a programme may use; opaque, never personal data."""

    attributes: Annotated[dict[AttributeName, AttributeValue], _TWENTY]


class MemberLeft(Subject):
    """The member left the programme, at the event's time."""
