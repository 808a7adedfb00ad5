"""Bytes to events and back: CloudEvents 1.0 JSON, structured or binary in, structured out.

`decode` runs once per record on the ledger's hottest path. It parses once, validates the parsed
dict with the compiled model, and writes the canonical form straight from the model's own fields.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple

import orjson
from pydantic import BaseModel, ValidationError

from headway.contracts.envelope import (
    CONTENT_TYPE,
    SPECVERSION,
    STRUCTURED,
    STRUCTURED_JSON,
    from_headers,
    read,
)
from headway.contracts.fields import Data, Subject
from headway.contracts.refusal import refusal
from headway.contracts.registry import CONTRACTS
from headway.errors import Poison

MAX_VALUE_BYTES: Final = 1024 * 1024
FUTURE_ALLOWED: Final = timedelta(minutes=5)
HEADERS: Final[tuple[tuple[str, bytes], ...]] = ((CONTENT_TYPE, STRUCTURED_JSON),)
"""The headers of everything Headway writes."""

_CANONICAL: Final = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


class Event(NamedTuple):
    """One event as decided on: (`source`, `id`) is its identity, `digest` its content."""

    source: str
    id: str
    type: str
    """Name without version, e.g. order.paid."""
    member_id: str
    time: datetime
    """Business time in UTC."""
    data: Subject
    digest: bytes
    """SHA-256 over the canonical JSON of type, subject and data."""
    canonical_data: bytes
    """The validated data in RFC 8785 form: defaults written out, unknown fields left out."""


def decode(
    key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
) -> Event:
    """The event in one Kafka record. Raises Poison, and nothing else, for whatever is wrong."""
    if value is None:
        raise Poison("no-value", "", "the record has no value; send the event", stage="decode")
    if len(value) > MAX_VALUE_BYTES:
        raise Poison("too-long", "", f"the value should have at most {MAX_VALUE_BYTES} bytes")
    document = _json(value)
    given: Mapping[str, object]
    if isinstance(document, dict) and _is_structured(headers, document):
        given = document
        data = document.get("data")
        if data is None:
            raise Poison("missing-attribute", "data", "data is missing; add it", stage="decode")
    else:
        given = from_headers(headers)
        if not isinstance(document, dict) and (_says_structured(headers) or not given):
            raise _not_an_object("", "the value")
        data = document
    id_, source, contract, subject, time = read(given)
    if not isinstance(data, dict):
        raise _not_an_object("data", "data")
    try:
        model = contract.model.__pydantic_validator__.validate_python(data)
    except ValidationError as error:
        raise refusal(error, contract) from None
    if key != subject.encode() or model.member_id != subject:
        raise Poison(
            "key-mismatch",
            "subject",
            "the record's key, subject and data.member_id should be the same member id",
        )
    text = canonical(model)
    return Event(
        source, id_, contract.name, subject, time, model, digest(contract.name, subject, text), text
    )


def encode(
    name: str,
    *,
    source: str,
    id: str,
    time: datetime,
    data: Subject | Mapping[str, object],
) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The value and headers of an event of type `name` (without version) in structured mode.

    The key is `key_of(data.member_id)`. A mapping is validated, and may hold no unknown field.
    Raises Poison for anything that `decode` would refuse: nothing is written that cannot be read.
    """
    contract = CONTRACTS[name]
    try:
        model = contract.model.model_validate(data, extra="forbid")
    except ValidationError as error:
        raise refusal(error, contract) from None
    envelope: dict[str, object] = {
        "specversion": SPECVERSION,
        "id": id,
        "source": source,
        "type": contract.type,
        "subject": model.member_id,
        "time": time.isoformat(),
        "datacontenttype": "application/json",
    }
    envelope["time"] = read(envelope).time
    envelope["data"] = model
    return orjson.dumps(envelope, _fields, orjson.OPT_UTC_Z), list(HEADERS)


def key_of(member_id: str) -> bytes:
    """The Kafka key of everything about a member."""
    return member_id.encode()


def canonical(value: object) -> bytes:
    """RFC 8785 JSON of models, dicts with ASCII keys, texts, booleans and safe integers."""
    return orjson.dumps(value, _fields, _CANONICAL)


def digest(name: str, subject: str, canonical_data: bytes) -> bytes:
    """SHA-256 over the canonical JSON of {data, subject, type}; the names are in sorted order."""
    return sha256(
        b'{"data":%b,"subject":%b,"type":"%b"}'
        % (canonical_data, orjson.dumps(subject), name.encode())
    ).digest()


def check_time(event: Event, now: datetime) -> None:
    """Refuse an event whose business time is more than five minutes after `now` (aware)."""
    if event.time > now + FUTURE_ALLOWED:
        raise Poison(
            "from-the-future",
            "time",
            "time is more than five minutes ahead of this machine's clock; "
            "check the sender's clock and send the time at which it happened",
        )


def forgotten(key: bytes | None, value: bytes | None) -> str | None:
    """The member that a tombstone of the contacts topic forgets; None if it is no tombstone."""
    if value is not None:
        return None
    try:
        member_id = (key or b"").decode()
    except UnicodeDecodeError:
        member_id = ""
    if not 0 < len(member_id) <= 128 or "\x00" in member_id:
        raise Poison(
            "key-mismatch", "subject", "a tombstone's key should be the id of the member to forget"
        )
    return member_id


def _json(value: bytes) -> object:
    try:
        document: object = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise Poison(
            "not-json",
            "",
            f"the value stops being JSON in UTF-8 at position {error.pos}; send CloudEvents JSON",
            stage="decode",
        ) from None
    return document


def _says_structured(headers: Sequence[tuple[str, bytes | None]]) -> bool | None:
    """What the content-type header says; None without one."""
    said = None
    for name, raw in headers:
        if raw is not None and name.lower() == CONTENT_TYPE:
            said = raw.lstrip()[: len(STRUCTURED)].lower() == STRUCTURED
    return said


def _is_structured(
    headers: Sequence[tuple[str, bytes | None]], document: dict[object, object]
) -> bool:
    said = _says_structured(headers)
    return "specversion" in document if said is None else said


def _not_an_object(field: str, what: str) -> Poison:
    return Poison(
        "not-an-object",
        field,
        f"{what} should be a JSON object; send a CloudEvents JSON event",
        stage="decode",
    )


def _fields(model: object) -> dict[str, object]:
    """For orjson: a model's fields by name. Far quicker than pydantic's own dump."""
    if isinstance(model, Data):
        fields = model.__dict__
        return _without_unused(fields, model.ADDED) if model.ADDED else fields
    if isinstance(model, BaseModel):
        return model.__dict__
    raise TypeError(f"{type(model).__name__} has no JSON form")


def _without_unused(
    fields: dict[str, object], added: tuple[tuple[str, object], ...]
) -> dict[str, object]:
    """The fields without those added later that say nothing: an event sent before there were any
    keeps its canonical form, and with it its digest."""
    left = fields
    for name, nothing in added:
        if fields[name] == nothing:
            if left is fields:
                left = fields.copy()
            del left[name]
    return left
