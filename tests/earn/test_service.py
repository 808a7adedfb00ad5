"""Earn as a shop meets it: bad data among good, a deploy gone wrong, processes coming and going."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from headway.ledger.verify import verify
from tests.earn.kit import DAY, START, Topics
from tests.earn.service import Message, Place, opened

pytestmark = pytest.mark.timeout(180)

MEMBERS = 40
ALL_READ = "select coalesce(sum(next_offset), 0) = $1 from positions"
ALL_PUBLISHED = "select count(*) = 0 from outbox"


@pytest.fixture
async def place(kafka: str, topics: str, database: str, tmp_path: Path) -> AsyncIterator[Place]:
    """A place whose ledger must keep its promises in the end."""
    async with opened(kafka, topics, database, tmp_path) as place:
        yield place
        connection = await asyncpg.connect(database)
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                report = await verify(connection)
        finally:
            await connection.close()
        assert [(c.name, c.findings) for c in report.checks.values() if not c.ok] == []


class Source:
    """A shop's systems: right messages, and the same ones spoilt."""

    def __init__(self) -> None:
        self._topics = Topics()
        self.sent = 0

    def join(self, number: int) -> Message:
        """Member number so-and-so joins."""
        record = self._topics.join(f"m{number}")
        return "members", record.key, record.value

    def order(self, number: int, **more: Any) -> Message:
        """Order number so-and-so: seven dollars, three points."""
        at = START + timedelta(minutes=number)
        record = self._topics.buy(f"o{number}", 700, f"m{number % MEMBERS}", at=at, **more)
        return "orders", record.key, record.value

    def changed(self, number: int, **changes: Any) -> Message:
        """That order with other attributes."""
        topic, key, value = self.order(number)
        return topic, key, json.dumps(json.loads(value or b"") | changes).encode()

    def cut_short(self, number: int) -> Message:
        """That order, but for its last bytes."""
        topic, key, value = self.order(number)
        return topic, key, (value or b"")[:-9]


def bad_ones(source: Source, good: list[Message]) -> dict[str, list[Message]]:
    """Fifty messages, by what is wrong with them; all of orders beyond the good ones."""
    future = (datetime.now(UTC) + DAY).isoformat()
    numbers = iter(range(10_000, 10_100))
    repeated = json.loads(good[60][2] or b"")["id"]
    return {
        "not-json": [source.cut_short(next(numbers)) for _ in range(7)],
        "unknown-type": [source.changed(next(numbers), type="order.payed.v1") for _ in range(6)],
        "unknown-version": [source.changed(next(numbers), type="order.paid.v7") for _ in range(6)],
        "too-long": [source.changed(next(numbers), id="x" * 300) for _ in range(6)],
        "from-the-future": [source.changed(next(numbers), time=future) for _ in range(6)],
        "repeats": [good[50 + i] for i in range(7)],
        "other content": [
            (good[60][0], good[60][1], json.dumps({
                **json.loads(good[60 + MEMBERS][2] or b""), "id": repeated, "n": i}).encode())
            for i in range(6)
        ],
        "known order": [source.order(20 + i) for i in range(3)],
        "known order, changed": [source.order(30 + i, line={"amount": 1}) for i in range(3)],
    }  # fmt: skip


async def test_a_thousand_events_of_which_fifty_are_bad(place: Place) -> None:
    source = Source()
    joins = [source.join(number) for number in range(MEMBERS)]
    good = [source.order(number) for number in range(910)]
    bad = bad_ones(source, good)
    assert sum(map(len, bad.values())) == 50
    process = place.start()
    # Each bad one comes after what it repeats, spread among the rest.
    mixed = list(good)
    for place_, message in enumerate(message for some in bad.values() for message in some):
        mixed.insert(110 + 17 * place_, message)
    await place.send([*joins, *mixed])
    await place.until(ALL_READ, 1000)
    await place.until(ALL_PUBLISHED)
    assert process.poll() is None, "the consumer never stops"

    reasons = Counter(row[0] for row in await place.fetch("select reason from dead_letters"))
    refused = {
        name: len(bad[name])
        for name in ("not-json", "unknown-type", "unknown-version", "too-long", "from-the-future")
    }
    assert reasons == refused | {"conflict": 6 + 3}
    outcomes = await place.fetch(
        "select kind, outcome, reason, count(*) from inputs group by 1, 2, 3"
    )
    assert sorted(outcomes) == [
        ("member.joined", "applied", "", MEMBERS),
        ("order.paid", "applied", "", 910),
        ("order.paid", "nothing", "already paid", 3),
    ]
    copies = await place.read_all("earn-dead-letters")
    assert len(copies) == 40
    told = Counter(dict(record.headers)["dlq.error-code"].decode() for record in copies)
    assert told == reasons

    await _mend(place)
    assert await place.stop(process) == 0


async def _mend(place: Place) -> None:
    """What a person does: read what is wrong, mend it in a file, send it again."""
    listed = [json.loads(line) for line in (await place.cli("dlq", "list", "--json")).splitlines()]
    assert len(listed) == 40
    assert all(letter["message"] for letter in listed)
    wrong = next(letter for letter in listed if letter["reason"] == "unknown-type")
    body = json.loads(await place.cli("dlq", "show", str(wrong["id"]), "--body"))
    mended = place.folder / "mended.json"
    mended.write_text(json.dumps(body | {"type": "order.paid.v1"}))
    await place.cli("dlq", "replay", str(wrong["id"]), "--file", str(mended))
    again = next(letter for letter in listed if letter["reason"] == "from-the-future")
    await place.cli("dlq", "replay", str(again["id"]))
    await place.until(ALL_READ, 1002)
    order_id = body["data"]["order_id"]
    assert await place.fetch(
        "select i.outcome from inputs i join orders o using (account_id, n) where o.order_id = $1",
        order_id,
    ) == [("applied",)]
    letters = await place.fetch("select reason, replayed_at is not null from dead_letters")
    assert Counter(letters)["unknown-type", True] == 1
    assert Counter(letters)["from-the-future", True] == 1
    assert Counter(letters)["from-the-future", False] == 6, "refused again, as a new letter"


async def test_with_thirty_per_cent_poison_it_stops_and_says_why(place: Place) -> None:
    source = Source()
    joins = [source.join(number) for number in range(MEMBERS)]
    process = place.start()
    await place.send(joins)
    await place.until(ALL_READ, MEMBERS)
    await place.send([
        source.changed(number, type="order.paid.v2") if number % 10 < 3 else source.order(number)
        for number in range(1000)
    ])  # fmt: skip
    code = await asyncio.to_thread(process.wait, 60)
    assert code not in (0, None)
    said = " ".join(line["message"] for line in place.log(process))
    assert "unknown-version in field type" in said
    assert "that is a deploy gone wrong" in said
    assert "release 0.1.0" in said
    ((read,),) = await place.fetch(
        "select sum(next_offset) from positions where topic = $1", f"{place.prefix}orders"
    )
    ((known,),) = await place.fetch(
        "select (select count(*) from inputs where kind = 'order.paid')"
        " + (select count(*) from dead_letters)"
    )
    assert (read or 0) == known < 1000, "the last batch was rolled back whole"


async def test_three_processes_come_and_go_during_a_stream(place: Place) -> None:
    source = Source()
    total = 3000
    await place.send([source.join(number) for number in range(MEMBERS)])
    orders = [source.order(number) for number in range(total)]
    sending = asyncio.create_task(_slowly(place, orders))
    try:
        first = place.start()
        await _held(place, first)
        second, third = place.start(), place.start()
        await _held(place, second)
        await _held(place, third)
        assert await place.stop(first) == 0
        fourth = place.start()
        await _held(place, fourth)
        assert await place.stop(second) == 0
        third.kill()
        await sending
    finally:
        sending.cancel()
    await place.until(ALL_READ, total + MEMBERS)
    await place.until(ALL_PUBLISHED)
    assert await place.stop(fourth) == 0

    ((inputs, orders_),) = await place.fetch(
        "select (select count(*) from inputs where kind = 'order.paid'),"
        " (select count(*) from orders)"
    )
    assert (inputs, orders_) == (total, total), "nothing lost, nothing doubled"
    totals = await place.fetch(
        "select pending + available + owed, version from accounts"
        " join (select account_id, count(*) from orders group by 1) o using (account_id)"
        " where pending + available + owed <> 5 + 3 * o.count or version <> 1 + o.count"
    )
    assert totals == [], "three points for each order, and five for joining"
    told: dict[bytes, list[int]] = {}
    for record in await place.read_all("balance-changed"):
        versions = told.setdefault(record.key, [])
        version = json.loads(record.value)["data"]["version"]
        if version not in versions:  # a relay that was killed may have sent it twice
            versions.append(version)
    assert len(told) == MEMBERS
    for versions in told.values():
        assert versions == list(range(1, 2 + total // MEMBERS))


async def _slowly(place: Place, messages: list[Message]) -> None:
    """A stream of some seconds, whatever else happens."""
    for start in range(0, len(messages), 100):
        await place.send(messages[start : start + 100])
        await asyncio.sleep(0.3)


async def _held(place: Place, process: Any) -> None:
    async with asyncio.timeout(60):
        while not place.has_taken_over(process):
            await asyncio.sleep(0.1)
