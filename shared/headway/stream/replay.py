"""Dead letters read back from their table, and sent again to where they came from."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg
from aiokafka import AIOKafkaProducer

from headway.errors import UserError
from headway.runtime.kafka import Brokers, arguments
from headway.stream.batch import Header
from headway.stream.dead_letter import headers_from_json
from headway.stream.positions import QUERIES, Connection


class Kept(NamedTuple):
    """One dead letter as the table keeps it."""

    id: int
    group: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[Header]
    stage: str
    reason: str
    field: str
    message: str
    release: str
    failed_at: datetime
    replayed_at: datetime | None


async def listed(connection: Connection, *, everything: bool, limit: int) -> list[asyncpg.Record]:
    """Dead letters by id, without their bodies; those already replayed only on request."""
    return list(await connection.fetch(QUERIES.dead_letters_list, everything, limit))


async def replayable(connection: Connection) -> list[int]:
    """The ids of all that were kept whole and not replayed yet."""
    return [row["id"] for row in await connection.fetch(QUERIES.dead_letters_unreplayed)]


async def kept(connection: Connection, ids: Sequence[int]) -> list[Kept]:
    """The dead letters of these ids; raises UserError if one is not there."""
    rows = await connection.fetch(QUERIES.dead_letters_by_id, list(ids))
    missing = set(ids) - {row["id"] for row in rows}
    if missing:
        raise UserError(
            f"there is no dead letter {', '.join(map(str, sorted(missing)))}",
            "see `headway dlq list --all`",
        )
    return [
        Kept(
            row["id"], row["consumer_group"], row["topic"], row["partition"], row["offset"],
            row["key"], row["value"], headers_from_json(row["headers"]), row["stage"],
            row["reason"], row["field"], row["message"], row["release"], row["failed_at"],
            row["replayed_at"],
        )
        for row in rows
    ]  # fmt: skip


def refuse_unfit(letters: Sequence[Kept], mended: bytes | None) -> None:
    """Raise UserError for what cannot be sent again."""
    if mended is not None and len(letters) != 1:
        raise UserError("a mended file replaces one dead letter", "name exactly one id")
    for letter in letters:
        if letter.value is None and mended is None:
            raise UserError(
                f"dead letter {letter.id} has no body: it was empty, or held personal data",
                "have its producer send it again, or give the mended message with --file",
            )


async def replay(
    connection: Connection, kafka: Brokers, letters: Sequence[Kept], mended: bytes | None = None
) -> None:
    """Send them again to their original topics, with their key, headers and CloudEvents id.

    A record with a key goes where its key belongs; one without goes to its old partition.
    Each is marked as replayed only after Kafka has acknowledged it, so a failure in between
    may send it twice: its id makes that harmless.
    """
    refuse_unfit(letters, mended)
    producer = AIOKafkaProducer(
        **arguments(kafka),
        enable_idempotence=True,
        acks="all",
        max_request_size=4 * 1024 * 1024,
    )
    await producer.start()
    try:
        for letter in letters:
            await producer.send_and_wait(
                letter.topic,
                letter.value if mended is None else mended,
                key=letter.key,
                partition=letter.partition if letter.key is None else None,
                headers=letter.headers,
            )
            await connection.execute(QUERIES.dead_letters_replayed, [letter.id])
    finally:
        await producer.stop()
