"""The yardstick keeps the promises that earn keeps: the same stream leaves the same with both."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from bench import earn as shipped
from bench.loop import Place
from bench.sql import YARDSTICK
from bench.yardstick import Yardstick, connect, prepare
from headway.stream.batch import Record
from tests.earn.kit import HOUR, PREFIX, START, Topics, earning

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

TOPIC = PREFIX + "orders"
PROGRAM = Path(shipped.PROGRAM).read_text()


class Left(NamedTuple):
    """What a stream of orders left behind."""

    points: dict[str, int]
    inputs: set[str]
    refused: list[int]
    messages: int


async def by_yardstick(dsn: str, batches: Sequence[Sequence[Record]]) -> Left:
    """On its own tables, in place of the ledger's."""
    connection = await connect(dsn)
    try:
        await connection.execute("drop schema public cascade; create schema public")
        await connection.execute(YARDSTICK.schema)
        yardstick = Yardstick(connection, "g")
        for batch in batches:
            work = await prepare(batch)
            end = batch[-1].offset + 1
            await yardstick.write(work, TOPIC, [Place(0, end, end)])
        return await left(connection, "select member_id, balance from accounts where version > 0")
    finally:
        await connection.close()


async def by_earn(dsn: str, batches: Sequence[Sequence[Record]], members: Sequence[str]) -> Left:
    """By the handler as it ships, members joined beforehand."""
    topics = Topics()
    async with earning(dsn, program=PROGRAM, now=datetime.now(UTC)) as earn:
        await earn.apply(
            *(topics.tell("member.joined", m, at=START - HOUR, id_=f"joined-{m}") for m in members)
        )
        await earn.pool.execute("truncate outbox")
        for batch in batches:
            await earn.apply(*batch)
        async with earn.pool.acquire() as connection:
            return await left(
                connection, "select member_id, pending + available from accounts where seq > 0"
            )


async def left(connection: "Connection", points: str) -> Left:
    return Left(
        {row[0]: row[1] for row in await connection.fetch(points)},
        {row[0] for row in await connection.fetch("select id from inputs where id like 'e%'")},
        [
            row[0]
            for row in await connection.fetch(
                'select "offset" from dead_letters where topic = $1 order by 1', TOPIC
            )
        ],
        await connection.fetchval(
            "select count(*) from outbox"
            ' where position(\'"type":"balance.changed.v1"\'::bytea in value) > 0'
        ),
    )


def stream() -> list[list[Record]]:
    """Two batches with all that must be refused, or must not count twice, within and across."""
    topics = Topics()
    late = datetime.now(UTC) + timedelta(hours=1)
    first = [
        topics.buy("a", 1000, "m1", id_="e1"),
        topics.buy("b", 2000, "m2", id_="e2"),
        topics.raw(b"{", key=b"m1"),
        topics.buy("a", 1000, "m1", id_="e1"),  # a repeat
        topics.buy("c", 3000, "m1", id_="e2x"),
        topics.buy("c", 3000, "m1", id_="e3"),  # the same order under another id
        topics.buy("c", 3100, "m1", id_="e4"),  # and with other content
        topics.buy("d", 4000, "m2", id_="e2"),  # a known id with other content
    ]
    proper = topics.buy("n", 500, "m3", id_="e5")
    second = [
        proper._replace(value=(proper.value or b"").replace(b'"sku":"s"', b'"sku":"\\u0000"')),
        topics.buy("a", 1000, "m1", id_="e1"),
        topics.buy("a", 1000, "m1", id_="e6"),
        topics.buy("b", 2100, "m2", id_="e7"),
        topics.buy("e", 5000, "m1", id_="e1"),
        topics.buy("f", 5000, "m3", id_="e8", at=late),
        topics.buy("g", 6000, "m3", id_="e9")._replace(key=b"m1"),
        topics.buy("h" * 128, 7000, "m3", id_="e10"),
        topics.buy("i", 8000, "m1", id_="e11"),
    ]
    return [first, second]


async def test_the_yardstick_leaves_what_earn_leaves(database: str) -> None:
    batches = stream()
    expected = await by_earn(database, batches, ["m1", "m2", "m3"])
    assert expected.points == {"m1": 10 + 30 + 80, "m2": 20, "m3": 70}
    assert len(expected.refused) == 8
    assert await by_yardstick(database, batches) == expected


@pytest.mark.parametrize("times", [1, 3])
async def test_reading_everything_again_changes_nothing(database: str, times: int) -> None:
    batches = stream()
    once = await by_yardstick(database, batches)
    assert await by_yardstick(database, batches * (times + 1)) == once
