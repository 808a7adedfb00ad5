"""What is refused is kept whole, says why, and is told to others; the rest is applied."""

import base64
import json
from typing import Any

from headway.stream.dead_letter import RELEASE
from tests.earn.kit import NOW, PREFIX, START, Topics, earning


def envelope(**changes: Any) -> bytes:
    """A right event, but for the changes; None takes an attribute away."""
    told: dict[str, Any] = {
        "specversion": "1.0", "id": "x", "source": "test", "type": "member.joined.v1",
        "subject": "m", "time": START.isoformat(), "data": {"member_id": "m"},
    } | changes  # fmt: skip
    return json.dumps({name: value for name, value in told.items() if value is not None}).encode()


WRONG: list[tuple[str, str, bytes | None]] = [
    ("no-value", "", None),
    ("not-json", "", b"{"),
    ("not-json", "", b"\xff\xfe"),
    ("not-an-object", "", b"[]"),
    ("missing-attribute", "data", envelope(data=None)),
    ("missing-attribute", "id", envelope(id=None)),
    ("bad-attribute", "specversion", envelope(specversion="0.3")),
    ("bad-attribute", "time", envelope(time="yesterday")),
    ("too-long", "id", envelope(id="x" * 129)),
    ("too-long", "", b'{"specversion": "' + b"1" * (1 << 20) + b'"}'),
    ("unknown-type", "type", envelope(type="member.vanished.v1")),
    ("unknown-version", "type", envelope(type="member.joined.v2")),
    ("invalid-data", "data.member_id", envelope(data={})),
    ("invalid-data", "data.attributes", envelope(type="member.updated.v1")),
    ("key-mismatch", "subject", envelope(subject="n")),
    ("key-mismatch", "subject", envelope(data={"member_id": "n"})),
    ("from-the-future", "time", envelope(time=NOW.replace(year=2030).isoformat())),
    (
        "wrong-topic",
        "type",
        envelope(type="contact.updated.v1", data={"member_id": "m", "email": "a@b.c", "name": "A"}),
    ),
]


async def test_each_kind_of_poison_is_refused_by_name_and_the_rest_applied(database: str) -> None:
    topics = Topics()
    good = [topics.join(f"g{number}") for number in range(200)]
    bad = [topics.raw(value) for _, _, value in WRONG]
    records = [record for pair in zip(bad, good, strict=False) for record in pair]
    async with earning(database) as earn:
        facts = await earn.apply(*records, *good[len(bad) :])
        assert facts["refused"] == len(WRONG)
        assert facts["decisions"] == len(good)
        assert await earn.letters() == [(reason, field) for reason, field, _ in WRONG]
        kept = await earn.rows("select value from dead_letters order by id")
        assert [value for (value,) in kept] == [value for _, _, value in WRONG]
        assert await earn.rows("select count(*) from accounts") == [(len(good),)]
        stored = dict(await earn.rows("select topic, next_offset from positions"))
        assert stored == {f"{PREFIX}orders": len(bad), f"{PREFIX}members": len(good)}


async def test_a_dead_letter_keeps_everything_and_its_copy_says_what_was_wrong(
    database: str,
) -> None:
    topics = Topics()
    headers: list[tuple[str, bytes | None]] = [("trace", b"\x00\xff"), ("trace", None)]
    record = topics.raw(b"\x00not json", key=b"\xfe", partition=3, headers=headers)
    async with earning(database) as earn:
        await earn.apply(*(topics.join(f"g{number}") for number in range(5)), record)
        (row,) = await earn.pool.fetch("select * from dead_letters")
        assert (row["consumer_group"], row["topic"], row["partition"], row["offset"]) == (
            "g-earn", "t.orders", 3, 0,
        )  # fmt: skip
        assert (row["key"], row["value"]) == (b"\xfe", b"\x00not json")
        assert (row["stage"], row["reason"], row["release"]) == ("decode", "not-json", RELEASE)
        assert row["replayed_at"] is None
        kept = [(n, v and base64.b64decode(v)) for n, v in json.loads(row["headers"])]
        assert kept == headers
        (copy,) = [row for row in await earn.published() if row[0] == "earn-dead-letters"]
        assert copy[1:3] == (b"\xfe", b"\x00not json")
        told = dict(json.loads(copy[3]))
        assert told["dlq.id"] == "g-earn/t.orders/3/0"
        assert told["dlq.error-code"] == "not-json"
        assert told["dlq.original-topic"] == "t.orders"
        assert told["dlq.service-version"] == RELEASE


async def test_refused_twice_is_kept_once(database: str) -> None:
    topics = Topics()
    record = topics.raw(b"{")
    good = [topics.join(f"g{number}") for number in range(9)]
    async with earning(database) as earn:
        await earn.apply(*good, record)
        await earn.apply(*good, record)
        assert await earn.letters() == [("not-json", "")]


async def test_an_event_that_the_core_trips_over_is_refused_alone(database: str) -> None:
    """An unexpected exception while deciding is one event's, unless the books are broken."""
    topics = Topics()
    effect: dict[str, Any] = {
        "referral_id": "f", "rule": "referrer", "revision": 1, "worth": 5, "earned_at": START,
        "program_version": 99, "order_id": "o",
    }  # fmt: skip
    async with earning(database) as earn:
        await earn.apply(topics.join(), topics.tell("effect", **effect), topics.buy("o", 700))
        assert await earn.letters() == [("undecidable", "")]
        (message,) = await earn.rows("select message from dead_letters")
        assert message == ("effect: KeyError: 99",)
        assert (await earn.account())["pending"] == 3
