"""What the tests of the stream share: topics, records, and a small handler that writes rows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from headway.runtime.health import Health
from headway.stream.batch import Applied, Batch, Position
from headway.stream.consumer import BatchConsumer, ConsumerOptions
from headway.stream.outbox import OutboxRow, insert_outbox, outbox_headers
from headway.stream.positions import Pool, read_positions, write_positions
from headway.stream.takeover import Restored

PARTITIONS = 3
START = datetime(2024, 1, 1, tzinfo=UTC)


async def make_topics(bootstrap: str, *names: str, partitions: int = PARTITIONS) -> None:
    """Create the topics and wait until they can be written to."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, partitions, 1) for name in names])
        for _ in range(100):
            described = await admin.describe_topics(list(names))
            ready = [part["leader"] >= 0 for topic in described for part in topic["partitions"]]
            if len(ready) == partitions * len(names) and all(ready):
                return
            await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def produce(
    bootstrap: str, topic: str, values: Sequence[str], partitions: int = PARTITIONS
) -> None:
    """Write the values in turn to the topic's partitions, keyed by their partition."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5)
    await producer.start()
    try:
        acks = [
            await producer.send(topic, value.encode(), key=b"k", partition=i % partitions)
            for i, value in enumerate(values)
        ]
        await asyncio.gather(*acks)
    finally:
        await producer.stop()


class Rows:
    """A handler that keeps each value once in the table `seen`, with positions, and an outbox row.

    A value's number is its business time in hours after START. `before` runs inside each
    transaction and may raise.
    """

    def __init__(self, pool: Pool, group: str, out: str = "") -> None:
        self._pool = pool
        self._group = group
        self._out = out
        self.before: Callable[[Batch], None] = lambda batch: None
        self.slow = 0.0
        self.batches: list[int] = []
        self.refused: list[tuple[int, Exception]] = []
        self.takeovers = 0
        self.restores: list[dict[TopicPartition, Restored]] = []
        self.order: list[tuple[str, int, int]] = []

    async def positions(
        self, partitions: Sequence[TopicPartition]
    ) -> Mapping[TopicPartition, Position]:
        return await read_positions(self._pool, self._group, partitions)

    async def apply(self, batch: Batch) -> Applied:
        times: dict[TopicPartition, datetime] = {}
        values = []
        for record in batch.records:
            text = (record.value or b"").decode()
            values.append(text)
            digits = text.rpartition("-")[2]
            if digits.isdigit():
                times[TopicPartition(record.topic, record.partition)] = START + timedelta(
                    hours=int(digits)
                )
        async with self._pool.acquire() as connection, connection.transaction():
            self.before(batch)
            await connection.execute(
                "insert into seen (value) select * from unnest($1::text[])"
                " on conflict (value) do update set times = seen.times + 1",
                list(dict.fromkeys(values)),
            )
            if self._out:
                await insert_outbox(
                    connection,
                    [
                        OutboxRow(0, self._out, b"k", v.encode(), outbox_headers([("h", b"\xff")]))
                        for v in values
                    ],
                )
            await write_positions(connection, batch.positions(times))
            if self.slow:
                await asyncio.sleep(self.slow)
        self.batches.append(len(batch))
        self.order.extend((r.topic, r.partition, r.offset) for r in batch.records)
        return Applied(times, {})

    async def poison(self, batch: Batch, error: Exception) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await write_positions(connection, batch.positions())
        self.refused.append((batch.records[0].offset, error))

    async def taken_over(self) -> None:
        self.takeovers += 1

    async def restored(self, partitions: Mapping[TopicPartition, Restored]) -> None:
        self.restores.append(dict(partitions))


@asynccontextmanager
async def pool_with_seen(dsn: str) -> AsyncIterator[Pool]:
    """A pool on a database that has the handler's table."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=8, command_timeout=10) as pool:
        await pool.execute(
            "create table if not exists seen (value text primary key, times int default 1)"
        )
        yield pool


def options(bootstrap: str, group: str, *topics: str, max_records: int = 100) -> ConsumerOptions:
    """Options that suit tests: short waits."""
    return ConsumerOptions(
        bootstrap, group, topics, max_records=max_records, wait_ms=100, session_timeout_ms=6000
    )


@asynccontextmanager
async def running(consumer: BatchConsumer) -> AsyncIterator[BatchConsumer]:
    """Run the consumer and stop it cleanly."""
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


def consumer_of(opts: ConsumerOptions, handler: Rows) -> BatchConsumer:
    return BatchConsumer(opts, handler, Health())


async def until(met: Callable[[], object], within: float = 20.0) -> None:
    """Wait until the condition holds; fails the test when it does not in time."""
    async with asyncio.timeout(within):
        while True:
            answer = met()
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer:
                return
            await asyncio.sleep(0.05)


async def committed_offsets(bootstrap: str, group: str) -> dict[TopicPartition, int]:
    """The group's offsets as Kafka has them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group)
        return {TopicPartition(tp.topic, tp.partition): o.offset for tp, o in offsets.items()}
    finally:
        await admin.close()


async def read_all(bootstrap: str, topic: str) -> list[ConsumerRecord[bytes, bytes]]:
    """Every record that the topic holds now."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        got: list[ConsumerRecord[bytes, bytes]] = []
        ends = sum((await consumer.end_offsets(list(consumer.assignment()))).values())
        while len(got) < ends:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                got.extend(records)
        return got
    finally:
        await consumer.stop()
