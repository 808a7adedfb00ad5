"""What nobody may do: changing a ledger behind its back, to see that it is noticed."""

import asyncpg

from headway.domain.chain import GENESIS, canonical_row, link, recorded_bytes
from headway.domain.points import PointsEvent

_COLUMNS = ", ".join('"group"' if name == "group" else name for name in PointsEvent._fields)


async def execute(dsn: str, statement: str) -> None:
    """Run one statement, outside of any transaction."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def tamper(dsn: str, *statements: str, rehash: bool = False) -> None:
    """Run the statements with triggers off; `rehash` makes all chains fit what is there then."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute("set local session_replication_role = replica")
            for statement in statements:
                done = await connection.execute(statement)
                assert not done.endswith(" 0"), f"tampered with nothing: {statement}"
            if rehash:
                await _rehash(connection)
    finally:
        await connection.close()


async def _rehash(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    heads: dict[int, bytes] = {}
    rows = await connection.fetch(
        f"select {_COLUMNS}, recorded_at from points_events order by account_id, seq"
    )
    for row in rows:
        event = PointsEvent(*tuple(row)[:-1])
        before = heads.get(event.account_id, GENESIS)
        after = link(before, recorded_bytes(row["recorded_at"]), canonical_row(event))
        heads[event.account_id] = after
        await connection.execute(
            "update points_events set prev_hash = $3, hash = $4 where account_id = $1 and seq = $2",
            event.account_id, event.seq, before, after,
        )  # fmt: skip
    for account_id, head in heads.items():
        await connection.execute(
            "update accounts set head_hash = $2 where account_id = $1", account_id, head
        )
