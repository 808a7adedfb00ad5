"""From the outbox to Kafka, for the hand-written sides: read, send, await the acks, delete."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

BATCH_BYTES = 512 * 1024
_LOCK = 0x42454E43  # the outbox has one owner at a time, so an account's messages keep their order


class Message(NamedTuple):
    """One message out, with the partition its key belongs to."""

    topic: str
    partition: int
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Outbox(Protocol):
    """How a side stores its outbox."""

    @property
    def read(self) -> str:
        """Statement with one parameter: how many rows."""

    @property
    def delete(self) -> str:
        """Statement with the parameters that `keys` makes."""

    def message(self, row: asyncpg.Record) -> Message:
        """The message in one row."""

    def keys(self, rows: Sequence[asyncpg.Record]) -> tuple[object, ...]:
        """Parameters of `delete` for exactly these rows."""


@dataclass
class Relay:
    """Publishes an outbox for as long as it runs; raises when Kafka or Postgres does."""

    dsn: str
    bootstrap: str
    outbox: Outbox
    limit: int = 4_000
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: bool = False

    async def run(self) -> None:
        """Publish until `stopping`, then once more until nothing is left."""
        connection = await asyncpg.connect(self.dsn)
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap,
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
        )
        await producer.start()
        try:
            await connection.execute("select pg_advisory_lock($1)", _LOCK)
            await self._loop(connection, producer)
        finally:
            await producer.stop()
            await connection.close()

    async def _loop(self, connection: asyncpg.Connection, producer: AIOKafkaProducer) -> None:
        pause = 0.01
        while True:
            self.wake.clear()
            rows = await connection.fetch(self.outbox.read, self.limit)
            if rows:
                await self._send(producer, rows)
                await connection.execute(self.outbox.delete, *self.outbox.keys(rows))
                pause = 0.01
                continue
            if self.stopping:
                return
            try:
                await asyncio.wait_for(self.wake.wait(), pause)
            except TimeoutError:
                pause = min(pause * 2, 0.1)

    async def _send(self, producer: AIOKafkaProducer, rows: Sequence[asyncpg.Record]) -> None:
        """Whole record batches per partition: a send() for each message costs ten times as much."""
        by_place: dict[tuple[str, int], list[Message]] = {}
        for row in rows:
            message = self.outbox.message(row)
            by_place.setdefault((message.topic, message.partition), []).append(message)
        acks = []
        for (topic, partition), messages in by_place.items():
            batch = producer.create_batch()
            for message in messages:
                if not _put(batch, message):
                    acks.append(await producer.send_batch(batch, topic, partition=partition))
                    batch = producer.create_batch()
                    if not _put(batch, message):
                        raise ValueError("a message is too long for any batch")
            acks.append(await producer.send_batch(batch, topic, partition=partition))
            await asyncio.sleep(0)  # a batch that has just been written is not kept waiting
        await asyncio.gather(*acks)


def _put(batch: BatchBuilder, message: Message) -> bool:
    return (
        batch.append(timestamp=None, key=message.key, value=message.value, headers=message.headers)
        is not None
    )
