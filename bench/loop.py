"""Kafka to Postgres for the hand-written sides: batches, positions, offsets, start and stop.

While Postgres works on one batch the next is fetched and decoded, so that neither waits for the
other. Never more than one batch is being written.
"""

import asyncio
import gc
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import NoOffsetForPartitionError

from bench.decode import Record
from bench.relay import Relay

Work = TypeVar("Work")


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading goes on in one partition once a batch is written."""

    partition: int
    next_offset: int
    log_end: int


class Handler(Protocol[Work]):
    """What a side does with a batch."""

    async def decode(self, records: Sequence[Record]) -> Work:
        """The batch made ready, without anything outside."""

    async def positions(self, topic: str) -> Mapping[int, int]:
        """Next offset by partition as the database has it."""

    async def write(self, work: Work, topic: str, places: Sequence[Place]) -> None:
        """One transaction; durable on return."""


@dataclass
class Consumer(Generic[Work]):
    """Reads one topic in batches into a handler, wakes the relay after each."""

    bootstrap: str
    topic: str
    group: str
    handler: Handler[Work]
    relay: Relay
    batch_size: int = 1_000
    stopping: bool = False

    async def run(self) -> None:
        """Read until `stopping`; raises when a batch cannot be written."""
        kafka = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap,
            group_id=self.group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            partition_assignment_strategy=[RangePartitionAssignor],
            # As in earn: a fetch that waits for quiet partitions keeps the busy ones waiting.
            fetch_max_wait_ms=50,
        )
        placing = _Placing(kafka, self.handler)
        kafka.subscribe([self.topic], listener=placing)
        await kafka.start()
        try:
            await self._loop(kafka, placing)
        finally:
            await kafka.stop()

    async def _loop(self, kafka: AIOKafkaConsumer, placing: "_Placing[Work]") -> None:
        committing = asyncio.create_task(placing.commit_often())
        try:
            while not self.stopping:
                try:
                    got = await kafka.getmany(timeout_ms=50, max_records=self.batch_size)
                except NoOffsetForPartitionError:
                    # Assigned a moment ago; the listener has yet to say where reading starts.
                    await asyncio.sleep(0.01)
                    continue
                if committing.done():
                    committing.result()
                if not got:
                    await placing.settle()
                    continue
                held = placing.times_revoked
                work = await self.handler.decode([r for records in got.values() for r in records])
                await placing.settle()
                if held != placing.times_revoked:
                    continue  # another process may have these partitions now; we read ours again
                places = [
                    Place(tp.partition, records[-1].offset + 1, kafka.highwater(tp) or 0)
                    for tp, records in got.items()
                ]
                placing.writing = asyncio.create_task(self._write(work, places, placing))
            await placing.settle()
            await placing.commit()
        finally:
            committing.cancel()

    async def _write(self, work: Work, places: Sequence[Place], placing: "_Placing[Work]") -> None:
        await self.handler.write(work, self.topic, places)
        for place in places:
            placing.written[TopicPartition(self.topic, place.partition)] = place.next_offset
        self.relay.wake.set()


class _Placing(ConsumerRebalanceListener, Generic[Work]):  # type: ignore[misc]
    """Starts where the database says, commits to Kafka what the database holds."""

    def __init__(self, kafka: AIOKafkaConsumer, handler: Handler[Work]) -> None:
        self._kafka = kafka
        self._handler = handler
        self.written: dict[TopicPartition, int] = {}
        self.writing: asyncio.Task[None] | None = None
        self.times_revoked = 0

    async def settle(self) -> None:
        """Wait until the batch being written, if any, is durable."""
        if self.writing is not None:
            await self.writing
            self.writing = None

    async def commit(self) -> None:
        """Tell Kafka what has been written since the last time."""
        held = self._kafka.assignment()
        offsets = {tp: offset for tp, offset in self.written.items() if tp in held}
        self.written.clear()
        if offsets:
            await self._kafka.commit(offsets)

    async def commit_often(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            await self.commit()

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self.times_revoked += 1
        await self.settle()
        await self.commit()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        starts = await self._kafka.beginning_offsets(assigned)
        for topic in {tp.topic for tp in assigned}:
            known = await self._handler.positions(topic)
            for tp in assigned:
                if tp.topic == topic:
                    self._kafka.seek(tp, known.get(tp.partition, starts[tp]))


async def serve(consumer: Consumer[Work]) -> None:
    """Run a consumer and its relay until SIGTERM; raises if either ends by itself."""
    # A batch is tens of thousands of objects and no cycles: at the default of 700 the collector
    # walks them all again and again, for a fifth of the program's time.
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    relaying = asyncio.create_task(consumer.relay.run())
    consuming = asyncio.create_task(consumer.run())
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({relaying, consuming, stopped}, return_when=asyncio.FIRST_COMPLETED)
    consumer.stopping = True
    await consuming
    consumer.relay.stopping = True
    consumer.relay.wake.set()
    await relaying
