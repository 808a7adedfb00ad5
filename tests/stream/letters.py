"""Dead letters of orders for tests: rows as earn writes them, and a person who works with them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg

from headway.access.audit import Actor
from headway.contracts import codec
from headway.errors import Poison
from headway.stream.batch import Header, Record
from headway.stream.dead_letter import DeadLetter, dead_letter, insert_dead_letters
from headway.stream.dead_letters.kept import Kept, shown
from headway.stream.dead_letters.pacing import Pace
from headway.stream.dead_letters.replaying import Replayer, producing
from headway.stream.positions import Connection

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
SUE = Actor("operator", "sue")
POISON = Poison("invalid-data", "data.currency", "data.currency should be three letters")


def joined(member: str = "m1", id_: str = "e1") -> bytes:
    """A member joins: an event that earn takes."""
    value, _ = codec.encode(
        "member.joined", source="test", id=id_, time=NOW, data={"member_id": member}
    )
    return value


def record(
    topic: str,
    offset: int = 0,
    value: bytes | None = None,
    *,
    key: bytes | None = b"m1",
    headers: Sequence[Header] = codec.HEADERS,
) -> Record:
    """A record of partition 0; without a value, one that earn takes."""
    return Record(topic, 0, offset, key, value or joined(id_=f"e{offset}"), headers, 1)


def letter(record: Record, error: Exception = POISON) -> DeadLetter:
    """Its dead letter, of the group `g-earn`."""
    return dead_letter("g-earn", record, error)


def kept(of: Record) -> Kept:
    """The same as the table would give it."""
    row = letter(of)
    return Kept(
        1, row.group, row.topic, row.partition, row.offset, row.key, row.value, list(row.headers),
        row.stage, row.reason, row.field, row.message, "0", row.failed_at, None, 0,
    )  # fmt: skip


async def write(connection: Connection, *letters: DeadLetter) -> list[Kept]:
    """Keep the letters; as they are kept, in order."""
    async with connection.transaction():
        await insert_dead_letters(connection, letters)
    ids = await connection.fetch("select id from dead_letters order by id")
    return [await shown(connection, row["id"]) for row in ids]


@asynccontextmanager
async def person(
    kafka: str, database: str, prefix: str, pace: Pace | None = None, by: Actor = SUE
) -> AsyncIterator[tuple[Replayer, Connection]]:
    """Somebody who sends letters again, on a connection of their own."""
    connection = await asyncpg.connect(database)
    try:
        async with producing({"bootstrap_servers": kafka}) as producer:
            yield Replayer(connection, producer, prefix, by, pace or Pace(10_000)), connection
    finally:
        await connection.close()
