"""What holds for any bytes at all, and for any event that is accepted."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import orjson
import rfc8785
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from headway.contracts.codec import decode, encode, key_of
from headway.errors import Poison
from tests.contracts.events import NAMES, STRUCTURED, Envelope, binary, data_of, golden, read

# Machines are shared: slowness is not what these tests are about.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

REASONS = {
    "no-value",
    "not-json",
    "not-an-object",
    "missing-attribute",
    "bad-attribute",
    "unknown-type",
    "unknown-version",
    "invalid-data",
    "too-long",
    "key-mismatch",
}

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
)
jsons = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=8,
)
header_names = st.sampled_from(
    ["content-type", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_specversion"]
) | st.text(max_size=10)
header_values = (
    st.none()
    | st.binary(max_size=20)
    | st.sampled_from(
        [b"application/json", b"application/cloudevents+json", b"1.0", b"order.paid.v1"]
    )
)
headers = st.lists(st.tuples(header_names, header_values), max_size=8)


def only_poison(
    key: bytes | None, value: bytes | None, given: Sequence[tuple[str, bytes | None]]
) -> None:
    """Decode, and check that a refusal can be stored and printed whatever was sent."""
    poison = refused(key, value, given)
    if poison is not None:
        assert poison.reason in REASONS
        assert poison.field.isprintable()
        assert poison.message.isprintable()
        assert len(poison.field) <= 200
        assert len(poison.message) <= 1000


def refused(
    key: bytes | None, value: bytes | None, given: Sequence[tuple[str, bytes | None]]
) -> Poison | None:
    """The refusal, or None for an event; any other exception is the test's failure."""
    try:
        decode(key, value, given)
    except Poison as poison:
        return poison
    return None


@unhurried
@given(key=st.none() | st.binary(), value=st.none() | st.binary(), given_headers=headers)
@example(key=b"", value=b"\xef\xbb\xbf{}", given_headers=[])
def test_any_bytes_give_an_event_or_poison(
    key: bytes | None, value: bytes | None, given_headers: list[tuple[str, bytes | None]]
) -> None:
    only_poison(key, value, given_headers)


@unhurried
@given(key=st.binary(max_size=4), document=jsons, given_headers=headers)
def test_any_json_gives_an_event_or_poison(
    key: bytes, document: object, given_headers: list[tuple[str, bytes | None]]
) -> None:
    only_poison(key, json.dumps(document).encode(), given_headers)


def _places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Paths of everything inside a JSON value."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    found = []
    for part, within in inner:
        found += [(*path, part), *_places(within, (*path, part))]
    return found


@unhurried
@given(st.data())
def test_a_golden_spoilt_anywhere_gives_an_event_or_poison(data: st.DataObject) -> None:
    envelope = golden(data.draw(st.sampled_from(NAMES)))
    *parents, last = data.draw(st.sampled_from(_places(envelope)))
    at: object = envelope
    for part in parents:
        at = at[part]  # type: ignore[index]
    if isinstance(at, dict) and data.draw(st.booleans()):
        at[data.draw(st.text(st.characters(exclude_categories=["Cs"])))] = at.pop(last)
    else:
        at[last] = data.draw(jsons)  # type: ignore[index]
    value = json.dumps(envelope).encode()
    only_poison(b"m-10481", value, STRUCTURED)
    in_headers, given_headers = binary({"data": None, **envelope})
    only_poison(b"m-10481", in_headers, given_headers)


ids = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=128
)
labels = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=128)
times = st.datetimes(
    datetime(1900, 1, 2),  # noqa: DTZ001 - the offset is drawn on its own
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m))),
)


@st.composite
def lines(draw: st.DrawFn) -> dict[str, object]:
    amount = draw(st.integers(0, 10**12))
    line: dict[str, object] = {
        "line_id": draw(ids),
        "sku": draw(labels),
        "quantity": draw(st.integers(1, 10**6)),
        "amount": amount,
    }
    if draw(st.booleans()):
        line["category"] = draw(labels)
        line["paid_with_points"] = draw(st.integers(0, amount))
        line["gift_card"] = draw(st.booleans())
    if draw(st.booleans()):
        line["brand"] = draw(ids)  # an empty one says nothing: see test_added
    return line


@st.composite
def paid(draw: st.DrawFn) -> Envelope:
    """Any valid order.paid, with the optional fields there or not."""
    member = draw(ids)
    data: dict[str, object] = {
        "member_id": member,
        "order_id": draw(ids),
        "currency": draw(st.from_regex(r"[A-Z]{3}", fullmatch=True)),
        "lines": draw(st.lists(lines(), min_size=1, max_size=4, unique_by=lambda x: x["line_id"])),
    }
    if draw(st.booleans()):
        data["order_version"] = draw(st.integers(1, 2**31 - 1))
        data["channel"] = draw(st.none() | ids)
        data["tax"] = draw(st.integers(0, 10**12))
    if draw(st.booleans()):
        data["partner"] = draw(ids)
    return {
        "specversion": "1.0",
        "id": draw(ids),
        "source": draw(ids),
        "type": "order.paid.v1",
        "subject": member,
        "time": draw(times).isoformat(),
        "data": data,
    }


@unhurried
@given(paid())
def test_every_valid_order_is_read_and_its_canonical_form_is_rfc_8785(envelope: Envelope) -> None:
    event = read(envelope)
    assert event.time == datetime.fromisoformat(str(envelope["time"])).astimezone(UTC)
    full = json.loads(event.canonical_data)
    assert event.canonical_data == rfc8785.dumps(full)
    content = {"type": "order.paid", "subject": envelope["subject"], "data": full}
    assert event.digest == sha256(rfc8785.dumps(content)).digest()
    # Nothing that was sent is lost, nothing invented but the documented defaults.
    sent = data_of(envelope)
    assert {name: full[name] for name in sent if name != "lines"} == {
        name: value for name, value in sent.items() if name != "lines"
    }
    for line, sent_line in zip(full["lines"], sent["lines"], strict=True):  # type: ignore[call-overload]
        defaults = {"category": "", "paid_with_points": 0, "gift_card": False}
        assert line == {**defaults, **sent_line}


@unhurried
@given(paid(), st.randoms(use_true_random=False), jsons)
def test_digest_is_of_the_meaning_not_of_the_writing(
    envelope: Envelope, random: object, extra: object
) -> None:
    event = read(envelope)
    data = json.loads(event.canonical_data)  # defaults written out
    names = list(data)
    random.shuffle(names)  # type: ignore[attr-defined]
    rewritten = {name: data[name] for name in names} | {"not_in_the_contract": extra}
    again = read({**envelope, "data": rewritten, "traceparent": "00-1"})
    assert again.digest == event.digest
    assert again.canonical_data == event.canonical_data


@unhurried
@given(paid())
def test_both_modes_and_a_round_trip_agree(envelope: Envelope) -> None:
    event = read(envelope)
    value, given_headers = binary(envelope)
    assert decode(key_of(event.member_id), value, given_headers) == event
    written, ours = encode(
        event.type, source=event.source, id=event.id, time=event.time, data=event.data
    )
    assert decode(key_of(event.member_id), written, ours) == event


attributes = st.dictionaries(
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=64),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=256),
    max_size=20,
)


@unhurried
@given(attributes)
def test_free_keys_sort_as_rfc_8785_says(given_attributes: dict[str, str]) -> None:
    envelope = golden("member.updated.v1")
    data_of(envelope)["attributes"] = given_attributes
    event = read(envelope)
    assert event.canonical_data == rfc8785.dumps(orjson.loads(event.canonical_data))
    assert orjson.loads(event.canonical_data)["attributes"] == given_attributes


@unhurried
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64))
@example("\U0001f600")
@example("\uffff")
@example("\x00")
def test_keys_that_would_sort_otherwise_are_refused(name: str) -> None:
    envelope = golden("member.updated.v1")
    data_of(envelope)["attributes"] = {name: "x"}
    printable_ascii = all(" " <= c <= "~" for c in name)
    poison = refused(b"m-10481", json.dumps(envelope).encode(), STRUCTURED)
    assert (poison is None) == printable_ascii
    if poison is not None:
        assert poison.reason == "invalid-data"
        assert poison.field.isprintable()
