"""What a value on the wire may be: every string bounded in length, every integer in size.

Bounds are part of the contract. They stop a message at the door that would break a consumer
later: Postgres takes neither NUL in text nor integers beyond 64 bits, and JSON readers elsewhere
hold integers exactly only up to 2**53 - 1.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, Strict, WithJsonSchema

MAX_SAFE_INTEGER: Final = 2**53 - 1
"""The largest integer that every JSON reader holds exactly (RFC 7493), and RFC 8785 can write."""

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""No purchase is older: an earlier time is some platform's zero value (0001-01-01), not a date."""

_NO_NUL: Final = r"^[^\x00]*$"
_RFC3339: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
_rfc3339 = re.compile(_RFC3339).fullmatch


def utc(value: object) -> datetime:
    """An RFC 3339 text, or an aware datetime, as a UTC datetime with microseconds.

    Finer digits are cut off. ValueError for anything else, without the value in its message.
    """
    if isinstance(value, str):
        if _rfc3339(value) is None:
            raise ValueError("should be RFC 3339 with an offset, like 2026-05-01T12:30:00Z")
        try:
            value = datetime.fromisoformat(value.upper())
        except ValueError:
            raise ValueError("should be a date and time that exist") from None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("should be a text in RFC 3339 with an offset, like 2026-05-01T12:30:00Z")
    try:
        value = value.astimezone(UTC)
    except OverflowError:
        raise ValueError("should be a date between the years 1900 and 9999") from None
    if value < EARLIEST:
        raise ValueError("should not be before 1900; send the time at which it really happened")
    return value


Id = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=_NO_NUL,
        description="An opaque identity of the sender's; never a name or an address.",
    ),
]
OwnId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=512,
        pattern=_NO_NUL,
        description="An identity that may be put together out of others, so longer than each.",
    ),
]
Source = Annotated[
    str,
    Field(
        min_length=1,
        max_length=256,
        pattern=_NO_NUL,
        description="Who sent an event; source and id together are its identity.",
    ),
]
Label = Annotated[
    str,
    Field(
        max_length=128, pattern=_NO_NUL, description="A short word of the sender's; may be empty."
    ),
]
Reason = Annotated[
    str,
    Field(
        max_length=256, pattern=_NO_NUL, description="Why, for people to read; never decided on."
    ),
]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="An ISO 4217 code.")]
Money = Annotated[
    int,
    Strict(),
    Field(ge=0, le=10**12, description="Minor units of the currency, such as cents."),
]
Quantity = Annotated[int, Strict(), Field(ge=1, le=10**6, description="Pieces.")]
Positive32 = Annotated[int, Strict(), Field(ge=1, le=2**31 - 1)]
Counter = Annotated[int, Strict(), Field(ge=0, le=MAX_SAFE_INTEGER)]
Flag = Annotated[bool, Strict()]
Time = Annotated[
    datetime,
    PlainValidator(utc),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": _RFC3339,
            "description": "RFC 3339 with an offset, from 1900 on; read to the microsecond.",
        }
    ),
]
Sha256Hex = Annotated[
    str, Field(pattern="^[0-9a-f]{64}$", description="A SHA-256 in lower-case hexadecimal.")
]


class Data(BaseModel):
    """The `data` of an event: frozen, exact about types, tolerant of fields it does not know."""

    # Readers ignore unknown fields so that writers can be upgraded first.
    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Subject(Data):
    """The `data` of an event about one member, whose id is also the Kafka key and the subject."""

    member_id: Id
    """The member; the same as the record's key and the event's subject."""
