"""Structured and binary mode, told apart as the CloudEvents binding for Kafka says."""

import json
from datetime import UTC, datetime

import pytest

from headway.contracts.codec import decode, forgotten
from headway.errors import Poison
from tests.contracts.events import NAMES, STRUCTURED, binary, golden, read


@pytest.mark.parametrize("name", NAMES)
def test_binary_mode_gives_the_same_event(name: str) -> None:
    envelope = golden(name)
    value, headers = binary(envelope)
    assert decode(str(envelope["subject"]).encode(), value, headers) == read(envelope)


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/cloudevents+json",
        b"Application/CloudEvents+JSON;charset=utf-8",
        b" application/cloudevents",
    ],
)
@pytest.mark.parametrize("header", ["content-type", "Content-Type"])
def test_structured_by_content_type_in_any_case(header: str, content_type: bytes) -> None:
    value = json.dumps(golden("order.paid.v1")).encode()
    assert decode(b"m-10481", value, [(header, content_type)]) == read(golden("order.paid.v1"))


def test_structured_without_content_type_when_the_value_says_so() -> None:
    value = json.dumps(golden("order.paid.v1")).encode()
    assert decode(b"m-10481", value, [("trace", b"1")]) == read(golden("order.paid.v1"))


def test_structured_content_type_wins_over_leftover_binary_headers() -> None:
    value = json.dumps(golden("order.paid.v1")).encode()
    headers = [*STRUCTURED, ("ce_id", b"another"), ("ce_type", b"order.cancelled.v1")]
    assert decode(b"m-10481", value, headers).id == "evt-1"


def test_binary_without_content_type() -> None:
    value, headers = binary(golden("order.paid.v1"))
    bare = [header for header in headers if header[0] != "content-type"]
    assert decode(b"m-10481", value, bare) == read(golden("order.paid.v1"))


def test_of_a_header_given_twice_the_last_counts() -> None:
    value, headers = binary(golden("order.paid.v1"))
    assert decode(b"m-10481", value, [*headers, ("ce_id", b"evt-99")]).id == "evt-99"


def test_a_header_without_value_is_not_there() -> None:
    value, headers = binary(golden("order.paid.v1"))
    with pytest.raises(Poison) as refused:
        decode(b"m-10481", value, [(n, None if n == "ce_id" else v) for n, v in headers])
    assert (refused.value.reason, refused.value.field) == ("missing-attribute", "id")


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2026-05-04T18:03:27Z", 0),
        ("2026-05-04t18:03:27z", 0),
        ("2026-05-04T20:03:27.1+02:00", 100_000),
        ("2026-05-04T18:03:27.123456789-00:00", 123_456),
    ],
)
def test_time_is_read_to_the_microsecond_in_utc(text: str, micros: int) -> None:
    event = read({**golden("order.paid.v1"), "time": text})
    assert event.time == datetime(2026, 5, 4, 18, 3, 27, micros, UTC)
    assert event.time.tzinfo is UTC


def test_a_tombstone_names_the_member_to_forget() -> None:
    assert forgotten(b"m-1", None) == "m-1"
    assert forgotten(b"m-1", b"{}") is None


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"m\x001", b"m" * 129])
def test_a_tombstone_without_a_member_is_refused(key: bytes | None) -> None:
    with pytest.raises(Poison) as refused:
        forgotten(key, None)
    assert refused.value.reason == "key-mismatch"
