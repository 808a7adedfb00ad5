"""The CloudEvents 1.0 attributes around the data: reading them strictly, naming what is wrong."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from headway.contracts.fields import utc
from headway.contracts.registry import BY_TYPE, CONTRACTS, VERSION, Contract
from headway.errors import Poison

SPECVERSION: Final = "1.0"
CONTENT_TYPE: Final = "content-type"
STRUCTURED: Final = b"application/cloudevents"
_JSON: Final = "application/json"
STRUCTURED_JSON: Final = b"application/cloudevents+json; charset=UTF-8"


class Attributes(NamedTuple):
    """The checked attributes of one event."""

    id: str
    source: str
    contract: Contract
    subject: str
    time: datetime


def read(given: Mapping[str, object]) -> Attributes:
    """Check the attributes of an event; Poison names the first that is missing or wrong."""
    if _text(given, "specversion", 16) != SPECVERSION:
        raise Poison(
            "bad-attribute",
            "specversion",
            f"specversion should be {SPECVERSION}; send CloudEvents {SPECVERSION}",
            stage="decode",
        )
    contract = _contract(_text(given, "type", 256))
    id_ = _text(given, "id", contract.id_max)
    source = _text(given, "source", 256)
    subject = _text(given, "subject", 128)
    try:
        time = utc(_text(given, "time", 64))
    except ValueError as error:
        raise Poison("bad-attribute", "time", f"time {error}", stage="decode") from None
    content = given.get("datacontenttype")
    if content not in (None, _JSON) and not _is_json(content):
        raise Poison(
            "bad-attribute",
            "datacontenttype",
            "datacontenttype should be application/json; send the data as JSON",
            stage="decode",
        )
    return Attributes(id_, source, contract, subject, time)


def from_headers(headers: Sequence[tuple[str, bytes | None]]) -> dict[str, object]:
    """The attributes of an event in binary mode: `ce_` headers, and content-type for its data.

    Of a header given twice the last counts, as in Kafka's own `lastHeader`.
    """
    found: dict[str, object] = {}
    for name, raw in headers:
        name = name.lower()
        if raw is None:
            continue
        if name == CONTENT_TYPE:
            attribute = "datacontenttype"
        elif name.startswith("ce_"):
            attribute = name[3:]
        else:
            continue
        try:
            found[attribute] = raw.decode()
        except UnicodeDecodeError:
            found[attribute] = raw
    return found


def _text(given: Mapping[str, object], name: str, longest: int) -> str:
    value = given.get(name)
    if isinstance(value, str):
        if 0 < len(value) <= longest and "\x00" not in value:
            return value
        if len(value) > longest:
            raise Poison(
                "too-long", name, f"{name} should have at most {longest} characters; shorten it"
            )
    if value is None:
        raise Poison(
            "missing-attribute",
            name,
            f"{name} is missing; send a CloudEvents {SPECVERSION} event with it",
            stage="decode",
        )
    raise Poison(
        "bad-attribute",
        name,
        f"{name} should be a text in UTF-8 of 1 to {longest} characters without NUL",
        stage="decode",
    )


def _contract(wire_type: str) -> Contract:
    contract = BY_TYPE.get(wire_type)
    if contract is not None:
        return contract
    name, _, version = wire_type.rpartition(".")
    if not (version[:1] == "v" and version[1:].isdigit()):
        name = wire_type
    if name in CONTRACTS:
        raise Poison(
            "unknown-version",
            "type",
            f"type should be {name}.{VERSION}, the one version this release reads; "
            "upgrade Headway or send that version",
            stage="decode",
        )
    raise Poison(
        "unknown-type",
        "type",
        "type is none that Headway knows; docs/contracts/README.md lists them all",
        stage="decode",
    )


def _is_json(content: object) -> bool:
    if not isinstance(content, str):
        return False
    media = content.partition(";")[0].strip().lower()
    return media == "application/json" or media == "text/json" or media.endswith("+json")
