"""Reading and writing `positions`, the truth about how far a group has got."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
import asyncpg.pool
from aiokafka import TopicPartition

from headway.errors import LookAgain
from headway.ledger.queries import load
from headway.stream.batch import Batch, Position, PositionRow

QUERIES = load("headway.stream", "queries.sql")

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = (
        asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    )
else:  # The classes take no parameters when the program runs.
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection


async def read_positions(
    db: Pool | Connection,
    group: str,
    partitions: Sequence[TopicPartition],
) -> dict[TopicPartition, Position]:
    """Where the group stands in the partitions it has ever written a position for."""
    rows = await db.fetch(
        QUERIES.positions_read,
        group,
        [tp.topic for tp in partitions],
        [tp.partition for tp in partitions],
    )
    return {
        TopicPartition(row["topic"], row["partition"]): Position(
            row["next_offset"], row["log_end"], row["business_time"]
        )
        for row in rows
    }


async def write_positions(
    connection: Connection,
    rows: Sequence[PositionRow],
) -> None:
    """Write a batch's positions inside the caller's transaction.

    Rows are taken as sorted (Batch.positions sorts them): writers lock them in one order.
    """
    if not rows:
        return
    await connection.execute(
        QUERIES.positions_write,
        rows[0].group,
        [row.topic for row in rows],
        [row.partition for row in rows],
        [row.next_offset for row in rows],
        [row.log_end for row in rows],
        [row.business_time for row in rows],
    )


async def confirm_reached(connection: Connection, batch: Batch) -> None:
    """Raise LookAgain when the database is behind what this process saw it reach: a restore."""
    if not batch.reached:
        return
    stored = await read_positions(connection, batch.group, list(batch.reached))
    for tp, reached in batch.reached.items():
        if tp not in stored or stored[tp].next_offset < reached:
            raise LookAgain(f"{tp.topic} partition {tp.partition} is behind what it was")
