"""The hand-written floor writes the very rows that earn writes, and says what earn says."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from bench.floor import Floor
from bench.loop import Place
from bench.yardstick import connect
from headway.ledger.verify import verify
from headway.stream.batch import Record
from tests.bench.test_yardstick import PROGRAM, TOPIC
from tests.earn.kit import HOUR, PREFIX, START, Topics, earning

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

BOUGHT = (("a", 1050), ("b", 2075), ("c", 25))
POINTS = (
    "select e.seq, kind, points, from_bucket, to_bucket, lot, corrects, cause, line_id, rule,"
    " program_version, exact, activates_at, expires_at, funder, effective_at"
    " from points_events e join accounts a using (account_id) where member_id = $1 order by e.seq"
)
OWN = {"member_id", "head_hash", "joined_at", "cause"}
"""Fields that differ between two members with the same orders."""


def orders(topics: Topics, member: str) -> list[Record]:
    """The same for each member, under ids of their own."""
    return [
        topics.buy(f"{order}-{member}", cents, member, id_=f"{order}-{member}")
        for order, cents in BOUGHT
    ]


async def said(connection: "Connection", member: str) -> list[dict[str, object]]:
    """What balance.changed says of a member."""
    rows = await connection.fetch(
        "select value from outbox where topic = $1 and key = $2 order by id",
        PREFIX + "balance-changed", member.encode(),
    )  # fmt: skip
    found = [orjson.loads(row["value"])["data"] for row in rows]
    return [{k: v for k, v in data.items() if k not in OWN} for data in found]


async def test_the_floor_writes_what_earn_writes(database: str) -> None:
    topics = Topics()
    async with earning(database, program=PROGRAM, now=datetime.now(UTC)) as earn:
        await earn.apply(
            *(topics.tell("member.joined", m, at=START - HOUR, id_=f"j-{m}") for m in ("m", "n"))
        )
        await earn.pool.execute("truncate outbox")
        await earn.apply(*orders(topics, "m"))
        own = await connect(database)
        try:
            floor = Floor(own, "g", PREFIX + "balance-changed")
            batch = orders(topics, "n")
            end = batch[-1].offset + 1
            await floor.write(await floor.decode(batch), TOPIC, [Place(0, end, end)])
        finally:
            await own.close()
        async with earn.pool.acquire() as connection:
            rows = {m: await connection.fetch(POINTS, m) for m in ("m", "n")}
            assert len(rows["m"]) == len(BOUGHT)
            assert rows["n"] == rows["m"]
            assert await said(connection, "n") == await said(connection, "m")
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                report = await verify(connection)
            assert [(c.name, c.findings) for c in report.checks.values() if not c.ok] == []
