"""Every way an event can be refused: the reason, the field named, what to do about it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from headway.contracts.codec import MAX_VALUE_BYTES, check_time, decode, encode
from headway.errors import Poison
from tests.contracts.events import (
    STRUCTURED,
    Envelope,
    binary,
    changed,
    data_of,
    golden,
    read,
    without,
)

PAID = "order.paid.v1"
KEY = b"m-10481"


def refusal(
    value: bytes | None,
    headers: list[tuple[str, bytes]] | None = None,
    *,
    key: bytes | None = KEY,
) -> Poison:
    with pytest.raises(Poison) as refused:
        decode(key, value, STRUCTURED if headers is None else headers)
    assert refused.value.message
    return refused.value


def code(poison: Poison) -> tuple[str, str]:
    return poison.reason, poison.field


def test_no_value() -> None:
    assert code(refusal(None)) == ("no-value", "")


@pytest.mark.parametrize("value", [b"", b"{", b"order", b'{"a":NaN}', b'"\xff"', b"[" * 100_000])
@pytest.mark.parametrize("headers", [STRUCTURED, [], [("ce_id", b"1")]])
def test_not_json(value: bytes, headers: list[tuple[str, bytes]]) -> None:
    assert code(refusal(value, headers)) == ("not-json", "")


@pytest.mark.parametrize("value", [b"[]", b"1", b'"text"', b"null", b"true"])
def test_not_an_object(value: bytes) -> None:
    assert code(refusal(value)) == ("not-an-object", "")
    assert code(refusal(value, [])) == ("not-an-object", "")
    assert code(refusal(value, binary(golden(PAID))[1])) == ("not-an-object", "data")


@pytest.mark.parametrize("data", [[], "text", 1, True])
def test_data_not_an_object(data: object) -> None:
    assert code(refusal(json.dumps(changed(PAID, "data", data)).encode())) == (
        "not-an-object",
        "data",
    )


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "subject", "time", "data"])
def test_missing_attribute(name: str) -> None:
    for envelope in (without(PAID, name), changed(PAID, name, None)):
        poison = refusal(json.dumps(envelope).encode())
        assert code(poison) == ("missing-attribute", name)
        assert name in poison.message
        assert poison.stage == "decode"


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "subject", "time"])
def test_missing_attribute_in_binary_mode(name: str) -> None:
    value, headers = binary(without(PAID, name))
    assert code(refusal(value, headers)) == ("missing-attribute", name)


def test_plain_json_without_envelope_is_told_so() -> None:
    assert code(refusal(b'{"order_id":"1"}', [])) == ("missing-attribute", "specversion")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "0.3"),
        ("specversion", 1.0),
        ("id", ""),
        ("id", 7),
        ("id", "a\x00b"),
        ("source", ["shop"]),
        ("subject", True),
        ("time", "yesterday"),
        ("time", 1777917807),
        ("time", "2026-05-04"),
        ("time", "2026-05-04T18:03:27"),
        ("time", "2026-05-04 18:03:27Z"),
        ("time", "20260504T180327Z"),
        ("time", "2026-W19-1T18:03:27Z"),
        ("time", "2026-02-30T18:03:27Z"),
        ("time", "2026-05-04T25:03:27Z"),
        ("time", "2026-05-04T18:03:27+24:00"),
        ("time", "0001-01-01T00:00:00Z"),
        ("time", "0001-01-01T00:00:00+10:00"),
        ("time", "9999-12-31T23:59:59-10:00"),
        ("time", "٢٠٢٦-05-04T18:03:27Z"),
        ("datacontenttype", "text/xml"),
        ("datacontenttype", 1),
    ],
)
def test_bad_attribute(name: str, value: object) -> None:
    assert code(refusal(json.dumps(changed(PAID, name, value)).encode())) == (
        "bad-attribute",
        name,
    )


def test_bad_attribute_in_a_header() -> None:
    value, headers = binary(golden(PAID))
    bad = [(name, b"\xff" if name == "ce_source" else raw) for name, raw in headers]
    assert code(refusal(value, bad)) == ("bad-attribute", "source")


@pytest.mark.parametrize("wire", ["order.payed.v1", "order", "v1", ".v1", "order.paid.v1.v1", "x"])
def test_unknown_type(wire: str) -> None:
    assert code(refusal(json.dumps(changed(PAID, "type", wire)).encode())) == (
        "unknown-type",
        "type",
    )


@pytest.mark.parametrize("wire", ["order.paid.v2", "order.paid", "order.paid.v0", "effect.v12"])
def test_unknown_version(wire: str) -> None:
    assert code(refusal(json.dumps(changed(PAID, "type", wire)).encode())) == (
        "unknown-version",
        "type",
    )


@pytest.mark.parametrize("key", [None, b"", b"m-1048", b"M-10481", b"\xff"])
def test_key_mismatch(key: bytes | None) -> None:
    value = json.dumps(golden(PAID)).encode()
    assert code(refusal(value, key=key)) == ("key-mismatch", "subject")


@pytest.mark.parametrize("path", ["subject", "data.member_id"])
def test_key_mismatch_inside(path: str) -> None:
    value = json.dumps(changed(PAID, path, "m-2")).encode()
    assert code(refusal(value)) == ("key-mismatch", "subject")


INVALID: list[tuple[str, str, object]] = [
    (PAID, "data.order_id", ""),
    (PAID, "data.order_id", None),
    (PAID, "data.order_id", 7),
    (PAID, "data.order_id", "a\x00"),
    (PAID, "data.order_version", 0),
    (PAID, "data.order_version", 2**31),
    (PAID, "data.currency", "usd"),
    (PAID, "data.currency", "USD\n"),
    (PAID, "data.currency", "USDX"),
    (PAID, "data.channel", ""),
    (PAID, "data.lines", []),
    (PAID, "data.lines", {}),
    (PAID, "data.lines.0", None),
    (PAID, "data.lines.0.quantity", 0),
    (PAID, "data.lines.0.quantity", 10**6 + 1),
    (PAID, "data.lines.0.quantity", 1.0),
    (PAID, "data.lines.0.quantity", "1"),
    (PAID, "data.lines.0.quantity", True),
    (PAID, "data.lines.1.amount", -1),
    (PAID, "data.lines.1.amount", 10**12 + 1),
    (PAID, "data.lines.1.amount", 2**64),
    (PAID, "data.lines.1.amount", 12.99),
    (PAID, "data.lines.0.paid_with_points", 13000),
    (PAID, "data.lines.0.gift_card", 0),
    (PAID, "data.lines.0.gift_card", "false"),
    (PAID, "data.lines.2.line_id", "1"),
    (PAID, "data.tax", -1),
    (PAID, "data.shipping", None),
    ("order.refunded.v1", "data.lines.0.line_id", None),
    ("order.refunded.v1.no-order", "data.lines.0.sku", None),
    ("order.refunded.v1", "data.lines", []),
    ("order.paid.v1.partner", "data.lines.0.brand", None),
    ("order.paid.v1.partner", "data.partner", ""),
    ("order.refund_failed.v1", "data.refund_id", None),
    ("order.refund_failed.v1", "data.order_id", ""),
    ("membership.started.v1", "data.plan", ""),
    ("membership.started.v1", "data.paid_minor", -1),
    ("membership.renewed.v1", "data.membership_id", None),
    ("membership.cancelled.v1", "data.refund", "no"),
    ("review.published.v1", "data.rating", 0),
    ("review.published.v1", "data.rating", 6),
    ("review.published.v1", "data.rating", 4.5),
    ("review.published.v1", "data.verified", "yes"),
    ("member.updated.v1", "data.attributes", None),
    ("member.updated.v1", "data.attributes", {str(n): "x" for n in range(21)}),
    ("activity.recorded.v1", "data.activity", ""),
    ("activity.recorded.v1.flight", "data.amount", -1),
    ("activity.recorded.v1.flight", "data.amount", None),
    ("activity.recorded.v1.flight", "data.currency", "usd"),
    ("activity.recorded.v1.flight", "data.quantity", 0),
    ("activity.recorded.v1.flight", "data.quantity", 2.5),
    ("activity.recorded.v1.flight", "data.partner", ""),
    ("effect.v1", "data.revision", 0),
    ("effect.v1", "data.worth", -1),
    ("effect.v1", "data.worth", 2**53),
    ("effect.v1", "data.earned_at", 1777917807),
    ("effect.v1", "data.earned_at", "2026-05-04"),
    ("effect.v1.per-order", "data.undone_at", "2026-06-10"),
    ("effect.v1.per-order", "data.per_order", 1),
    ("contact.updated.v1", "data.email", "robin"),
    ("contact.updated.v1", "data.email", "robin@example.com\r\nBcc: x@example.com"),
    ("contact.updated.v1", "data.name", "Robin\nExample"),
    ("contact.updated.v1", "data.name", "Robin\tExample"),
    ("contact.updated.v1", "data.locale", "en US"),
    ("balance.changed.v1", "data.owed", 1),
    ("balance.changed.v1", "data.cause.kind", "guess"),
    ("balance.changed.v1", "data.head_hash", "xyz"),
    ("balance.changed.v1.clawed-back", "data.clawed_back.waived", -1),
    ("balance.changed.v1.clawed-back", "data.clawed_back.order_id", ""),
    ("points.expiring.v1", "data.points", -1),
    ("points.expiring.v1", "data.at", "2027-06-01"),
    ("tier.changed.v1", "data.tier_from", None),
    ("tier.at-risk.v1", "data.missing", 0.5),
    ("membership.ended.v1", "data.refund_minor", -1),
]


@pytest.mark.parametrize(("name", "path", "value"), INVALID)
def test_invalid_data(name: str, path: str, value: object) -> None:
    with pytest.raises(Poison) as refused:
        read(changed(name, path, value))
    assert code(refused.value) == ("invalid-data", path)
    assert refused.value.stage == "validate"
    assert refused.value.message.startswith(path)
    assert "docs/contracts/" in refused.value.message


def test_lines_are_bounded() -> None:
    line = {"sku": "x", "quantity": 1, "amount": 1}
    most = [{**line, "line_id": str(n)} for n in range(500)]
    assert read(changed(PAID, "data.lines", most))
    with pytest.raises(Poison) as refused:
        read(changed(PAID, "data.lines", [*most, {**line, "line_id": "500"}]))
    assert code(refused.value) == ("invalid-data", "data.lines")


@pytest.mark.parametrize("path", ["data.order_id", "data.currency", "data.lines.0.amount"])
def test_missing_data_field(path: str) -> None:
    with pytest.raises(Poison) as refused:
        read(without(PAID, path))
    assert code(refused.value) == ("invalid-data", path)


@pytest.mark.parametrize(
    ("name", "path", "longest"),
    [
        (PAID, "id", 128),
        (PAID, "source", 256),
        (PAID, "data.order_id", 128),
        (PAID, "data.lines.0.sku", 128),
        (PAID, "data.lines.0.category", 128),
        (PAID, "data.store", 128),
        ("order.refunded.v1", "data.reason", 256),
        ("activity.recorded.v1", "data.activity", 64),
        ("member.updated.v1", "data.attributes.newsletter", 256),
        (PAID, "data.lines.0.brand", 128),
        (PAID, "data.partner", 128),
        ("order.refund_failed.v1", "data.reason", 256),
        ("tier.changed.v1", "data.tier_to", 128),
        ("effect.v1", "id", 512),
        ("balance.changed.v1", "id", 320),
        ("points.expiring.v1", "id", 320),
        ("contact.updated.v1", "data.name", 200),
    ],
)
def test_too_long(name: str, path: str, longest: int) -> None:
    # Characters are counted, not bytes.
    assert read(changed(name, path, "é" * longest))
    with pytest.raises(Poison) as refused:
        read(changed(name, path, "é" * (longest + 1)))
    assert code(refused.value) == ("too-long", path)


def test_a_path_out_of_the_message_is_cut_short() -> None:
    with pytest.raises(Poison) as refused:
        read(changed("member.updated.v1", "data.attributes", {"k" * 100_000: "x"}))
    assert refused.value.field == ("data.attributes." + "k" * 200)[:200]
    assert len(refused.value.message) < 400


def test_too_long_value() -> None:
    value = json.dumps(golden(PAID)).encode()
    whole = value + b" " * (MAX_VALUE_BYTES - len(value))
    assert decode(KEY, whole, STRUCTURED)
    assert code(refusal(whole + b" ")) == ("too-long", "")


def test_from_the_future() -> None:
    event = read(golden(PAID))
    check_time(event, event.time - timedelta(minutes=5))
    with pytest.raises(Poison) as refused:
        check_time(event, event.time - timedelta(minutes=5, microseconds=1))
    assert code(refused.value) == ("from-the-future", "time")


SECRET = "Secret-7f3a"


@pytest.mark.parametrize(
    "envelope",
    [
        changed("contact.updated.v1", "data.email", SECRET),
        changed("contact.updated.v1", "data.email", f"{SECRET}@{'x' * 300}"),
        changed("contact.updated.v1", "data.name", f"{SECRET}\n"),
        changed("contact.updated.v1", "data.locale", f"{SECRET} {SECRET}"),
        changed("contact.updated.v1", "data.member_id", SECRET),
        changed("contact.updated.v1", "data", SECRET),
        changed("contact.updated.v1", "time", SECRET),
        changed("contact.updated.v1", "type", SECRET),
        changed("contact.updated.v1", "subject", SECRET * 30),
        changed("contact.updated.v1", "data.email", {SECRET: SECRET}),
    ],
)
def test_what_was_sent_is_never_repeated(envelope: Envelope) -> None:
    with pytest.raises(Poison) as refused:
        read(envelope, key=KEY)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_nothing_is_written_that_could_not_be_read() -> None:
    now = datetime(2026, 5, 4, tzinfo=UTC)
    paid = data_of(golden(PAID))
    with pytest.raises(Poison) as refused:
        encode("order.paid", source="s", id="1", time=now, data={**paid, "surprise": 1})
    assert code(refused.value) == ("invalid-data", "data.surprise")
    with pytest.raises(Poison) as refused:
        encode("order.paid", source="s", id="", time=now, data=paid)
    assert code(refused.value) == ("bad-attribute", "id")
    with pytest.raises(Poison) as refused:
        encode("order.paid", source="s", id="1", time=now.replace(tzinfo=None), data=paid)
    assert code(refused.value) == ("bad-attribute", "time")
    with pytest.raises(Poison):
        encode("order.paid", source="s", id="1", time=now, data=read(golden("effect.v1")).data)
