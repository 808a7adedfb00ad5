"""Events to start from: the goldens, whole or changed in one place."""

import copy
import json
from pathlib import Path

from headway.contracts.codec import Event, decode

GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.v1*.json"))
DIGESTS: dict[str, str] = json.loads((GOLDEN / "digests.json").read_text())
STRUCTURED = [("content-type", b"application/cloudevents+json; charset=UTF-8")]

Envelope = dict[str, object]


def golden(name: str) -> Envelope:
    """A golden event, parsed; the caller may change it."""
    document: Envelope = json.loads((GOLDEN / f"{name}.json").read_bytes())
    return document


def data_of(envelope: Envelope) -> dict[str, object]:
    """The data inside an envelope, to look at or to change."""
    data = envelope["data"]
    assert isinstance(data, dict)
    return data


def changed(name: str, path: str, value: object) -> Envelope:
    """A golden event with the value at a dotted path put in place of its own."""
    envelope = golden(name)
    *parents, last = path.split(".")
    at: object = envelope
    for part in parents:
        at = at[int(part)] if isinstance(at, list) else at[part]  # type: ignore[index]
    if isinstance(at, list):
        at[int(last)] = copy.deepcopy(value)
    else:
        at[last] = copy.deepcopy(value)  # type: ignore[index]
    return envelope


def without(name: str, path: str) -> Envelope:
    """A golden event that lacks the field at a dotted path."""
    envelope = golden(name)
    *parents, last = path.split(".")
    at: object = envelope
    for part in parents:
        at = at[int(part)] if isinstance(at, list) else at[part]  # type: ignore[index]
    del at[last]  # type: ignore[attr-defined]
    return envelope


def read(envelope: Envelope, *, key: bytes | None = None) -> Event:
    """Decode an envelope in structured mode, keyed by its own subject unless told."""
    subject = envelope.get("subject")
    if key is None and isinstance(subject, str):
        key = subject.encode()
    return decode(key, json.dumps(envelope).encode(), STRUCTURED)


def binary(envelope: Envelope) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The same event in binary mode: value and headers."""
    headers = [
        ("content-type" if name == "datacontenttype" else f"ce_{name}", str(value).encode())
        for name, value in envelope.items()
        if name != "data"
    ]
    return json.dumps(envelope["data"]).encode(), headers
