"""Dumped Kafka records, and the inputs in them.

A dump is a folder of JSON lines files, a record a line: topic, partition, offset, timestamp (ms,
when it was sent), key, value, headers ([[name, text], ...]). `key` and `value` are texts or null;
bytes that are not UTF-8 stand in `key_base64` and `value_base64` instead.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.oracle import fields

EARN_TOPICS = (
    "orders", "referrals", "reviews", "members", "memberships", "activities", "effects",
)  # fmt: skip
TOPICS = (*EARN_TOPICS, "balance-changed", "member-notices", "member-contacts")
MAX_VALUE = 1024 * 1024
FUTURE = timedelta(minutes=5)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

Coordinates = tuple[str, int, int]


@dataclass(frozen=True)
class Record:
    """One record; `topic` without prefix."""

    topic: str
    partition: int
    offset: int
    sent: datetime | None
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]

    @property
    def coordinates(self) -> Coordinates:
        """Where it stands."""
        return self.topic, self.partition, self.offset


@dataclass
class Input:
    """Something to decide on. `records` is everywhere it was sent with the same content."""

    source: str
    id: str
    kind: str
    member: str
    time: datetime
    data: dict[str, Any]
    digest: bytes = b""
    records: list[Coordinates] = field(default_factory=list)
    sent: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same input."""
        return self.source, self.id

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Its place in business time."""
        return self.time, self.source, self.id


def moment(value: object) -> datetime:
    """An RFC 3339 time in UTC; Invalid for anything else."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise fields.Invalid
    try:
        read = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise fields.Invalid from None
    if read.year < 1900:
        raise fields.Invalid
    return read


def load(folder: Path) -> Iterator[Record]:
    """All records of a dump that a service reads or writes, in file order."""
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                record = _record(json.loads(line))
                if record is not None:
                    yield record


def _record(raw: dict[str, Any]) -> Record | None:
    # "headway.effects" and "effects" are the same topic; dead letters are none of these.
    topic = next((t for t in TOPICS if raw["topic"] == t or raw["topic"].endswith("." + t)), None)
    if topic is None:
        return None
    sent = raw.get("timestamp")
    return Record(
        topic,
        raw["partition"],
        raw["offset"],
        None if sent is None else datetime.fromtimestamp(sent / 1000, UTC),
        _bytes(raw, "key"),
        _bytes(raw, "value"),
        {name.lower(): text.encode() for name, text in raw.get("headers", [])},
    )


def _bytes(raw: dict[str, Any], name: str) -> bytes | None:
    if raw.get(f"{name}_base64") is not None:
        return base64.b64decode(raw[f"{name}_base64"])
    return None if raw.get(name) is None else raw[name].encode()


def event(record: Record) -> Input:
    """The event in a record; Invalid when it belongs among the dead letters."""
    if record.value is None or len(record.value) > MAX_VALUE:
        raise fields.Invalid
    try:
        document = json.loads(record.value, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise fields.Invalid from None
    content = record.headers.get("content-type")
    structured = isinstance(document, dict) and (
        "specversion" in document
        if content is None
        else content.strip().lower().startswith(b"application/cloudevents")
    )
    if structured:
        attributes, data = document, document.get("data")
    else:
        attributes, data = _binary(record.headers), document
    return _checked(record, attributes, data)


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _binary(headers: Mapping[str, bytes]) -> dict[str, object]:
    try:
        return {n[3:]: raw.decode() for n, raw in headers.items() if n.startswith("ce_")}
    except UnicodeDecodeError:
        raise fields.Invalid from None


def _checked(record: Record, attributes: Mapping[str, object], data: object) -> Input:
    kind, _, version = str(attributes.get("type")).rpartition(".")
    if attributes.get("specversion") != "1.0" or version != "v1" or kind not in fields.DATA:
        raise fields.Invalid
    id_ = fields.text(1, 512 if kind == "effect" else 128)(attributes.get("id"))
    source = fields.text(1, 256)(attributes.get("source"))
    member = fields.text(1, 128)(attributes.get("subject"))
    time = moment(attributes.get("time"))
    plain = fields.plain(kind, data)
    if kind == "effect":
        for name in ("earned_at", "since", "undone_at"):
            if plain[name] is not None or name == "earned_at":
                plain[name] = moment(plain[name]).isoformat()
    assert isinstance(member, str)
    if record.key != member.encode() or plain["member_id"] != member:
        raise fields.Invalid
    if record.sent is not None and time > record.sent + FUTURE:
        raise fields.Invalid
    return Input(
        str(source),
        str(id_),
        kind,
        member,
        time,
        plain,
        hashlib.sha256(json.dumps([kind, member, plain], sort_keys=True).encode()).digest(),
        [record.coordinates],
        record.sent,
    )


@dataclass
class Arrived:
    """What the topics held: inputs once each, and what nobody can apply."""

    inputs: dict[tuple[str, str], Input] = field(default_factory=dict)
    dead: set[Coordinates] = field(default_factory=set)
    contacts: set[str] = field(default_factory=set)


def arrived(records: Iterable[Record]) -> Arrived:
    """Sort records into inputs, repeats and dead letters.

    Of two records with one identity and different content the earlier sent counts; the other is
    a conflict.
    """
    found = Arrived()
    for record in records:
        if record.topic in ("balance-changed", "member-notices"):
            continue
        if record.topic == "member-contacts" and record.value is None:
            found.contacts.discard((record.key or b"").decode())
            continue
        try:
            new = event(record)
        except fields.Invalid:
            found.dead.add(record.coordinates)
            continue
        if record.topic == "member-contacts":
            found.contacts.add(new.member)
            continue
        known = found.inputs.setdefault(new.key, new)
        if known is new:
            continue
        if known.digest == new.digest:
            known.records += new.records
        elif _before(new, known):
            found.dead.update(known.records)
            found.inputs[new.key] = new
        else:
            found.dead.update(new.records)
    return found


def _before(one: Input, other: Input) -> bool:
    if one.records[0][:2] == other.records[0][:2]:
        return one.records[0] < other.records[0]
    return bool(one.sent and other.sent and one.sent < other.sent)
