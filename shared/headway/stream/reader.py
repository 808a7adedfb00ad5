"""The Kafka side of a consumer: one group member that fetches, pauses, and commits offsets."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import (
    IllegalStateError,
    KafkaError,
    KafkaTimeoutError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from headway.errors import Retryable
from headway.runtime.kafka import Brokers, arguments
from headway.runtime.logging import event
from headway.stream.errors import passes
from headway.stream.takeover import Known

LOST_POSITION = OffsetOutOfRangeError | NoOffsetForPartitionError
"""What the client says of a position that it cannot read from."""

Fetched = dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]


@dataclass(frozen=True, slots=True)
class ConsumerOptions:
    """How a consumer reads. Times are in seconds unless their name says otherwise."""

    kafka: Brokers
    group: str
    topics: tuple[str, ...]
    max_records: int = 1000
    wait_ms: int = 500
    """How long to wait for the first record; whatever is there then is the batch."""
    commit_every: float = 0.25
    commit_within: float = 2.0
    finish_within: float = 5.0
    """A batch in flight gets this long when partitions are revoked or the process stops."""
    session_timeout_ms: int = 10_000
    member: str = ""
    """Tells the members of one process apart, where it has several."""
    look_every: float = 5.0
    """While nothing comes in, how often the database is asked whether it is where it was."""
    bounds_within: float = 30.0
    """Kafka says so soon where its logs begin and end, or is asked again: well under the time in
    which the loop must turn to count as alive."""
    patience: float = 30.0
    """A partition that delivers nothing for this long no longer holds its siblings back."""


class Reader:
    """An AIOKafkaConsumer that never decides by itself where to read or what to commit.

    Newly assigned partitions are paused before anything can be fetched from them; they flow
    once `start_at` was called.
    """

    def __init__(self, options: ConsumerOptions, listener: ConsumerRebalanceListener) -> None:
        self._options = options
        self._listener = listener
        self._consumer: AIOKafkaConsumer | None = None
        self._assignments = 0
        self.revoking = False
        """Between revocation and assignment; polling then would wait for the assignment."""

    @property
    def kafka(self) -> AIOKafkaConsumer:
        """The connected consumer."""
        if self._consumer is None:
            raise RuntimeError("the reader is not connected")
        return self._consumer

    async def connect(self) -> None:
        """Join the group. Raises KafkaError, OSError or Retryable; may be called again then."""
        options = self._options
        await self._want_topics()
        consumer = AIOKafkaConsumer(
            **arguments(options.kafka),
            group_id=options.group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=options.session_timeout_ms,
            heartbeat_interval_ms=1000,
            rebalance_timeout_ms=30_000,
            # One fetch per broker is in flight: a long one for quiet partitions would keep the
            # busy ones waiting.
            fetch_max_wait_ms=50,
            max_partition_fetch_bytes=2 * 1024 * 1024,
        )
        consumer.subscribe(list(options.topics), listener=self._listener)
        self._consumer = consumer
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise

    async def _want_topics(self) -> None:
        """Raise Retryable if a topic is missing; the client would wait for it without a word."""
        asking = AIOKafkaConsumer(**arguments(self._options.kafka))
        try:
            await asking.start()
            missing = set(self._options.topics) - await asking.topics()
        finally:
            await asking.stop()
        if missing:
            raise Retryable(
                f"waiting for topics that are not there: {', '.join(sorted(missing))}"
                " -> create them by `headway topics create`"
            )

    def halt(self, assigned: Sequence[TopicPartition]) -> None:
        """Nothing may be fetched from these until `start_at`; to be called by the listener.

        A position is set at once, so that the client does not look for one of its own.
        """
        self._assignments += 1
        still_ours = self.kafka.assignment()
        for tp in assigned:
            if tp in still_ours:
                self.kafka.pause(tp)
                self.kafka.seek(tp, 0)

    def seek_back(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Read again from these offsets what was handed over and not applied."""
        still_ours = self.kafka.assignment()
        for tp, offset in offsets.items():
            if tp in still_ours:
                self.kafka.seek(tp, offset)

    def start_at(self, starts: dict[TopicPartition, int]) -> None:
        """Read on from these offsets."""
        for tp, offset in starts.items():
            self.kafka.seek(tp, offset)
        self.kafka.resume(*starts)

    async def fetch(self, ready: Sequence[TopicPartition], everything: bool) -> Fetched:
        """What is there now, an even share of each partition, at most `max_records` in all.

        Waits, for `wait_ms` at most, only if there is nothing. `everything` says that `ready`
        is all that is held.
        """
        room = self._options.max_records
        share = max(room // max(len(ready), 1), 1)
        got: Fetched = await self.kafka.getmany(
            *(() if everything else ready), timeout_ms=self._options.wait_ms, max_records=share
        )
        left = room - sum(map(len, got.values()))
        hungry, still = [tp for tp in ready if tp not in got] if got else [], list(got)
        while left > 0 and (hungry or still):
            if not hungry:  # All had their share: divide what room is left among those with more.
                hungry, still = still, []
                share = max(left // len(hungry), 1)
            for tp in hungry:
                if left <= 0 or self.revoking:
                    break
                more = await self.kafka.getmany(tp, timeout_ms=0, max_records=min(share, left))
                for records in more.values():
                    got.setdefault(tp, []).extend(records)
                    left -= len(records)
                    if len(records) >= share:
                        still.append(tp)
            hungry = []
            if self.revoking:
                break
        return got

    async def idle(self, seconds: float, beat: Callable[[], None]) -> None:
        """Wait with everything paused; polling once a second keeps the membership alive."""
        until = time.monotonic() + seconds
        assignments = self._assignments
        paused = self.kafka.assignment() - self.kafka.paused()
        self.kafka.pause(*paused)
        try:
            while (left := until - time.monotonic()) > 0:
                await self._poll_nothing()
                beat()
                await asyncio.sleep(min(left, 1.0))
        finally:
            # What was assigned meanwhile is paused by `halt` until it is told where to start.
            if assignments == self._assignments and not self.revoking:
                self.kafka.resume(*paused)

    async def _poll_nothing(self) -> None:
        if self.revoking:
            return
        try:
            await self.kafka.getmany(timeout_ms=0)
        except KafkaError as error:
            # A lost position comes again, and is looked into, when the partition is read next.
            if not (passes(error) or isinstance(error, LOST_POSITION)):
                raise

    def end(self, tp: TopicPartition) -> int | None:
        """How far the log reaches for this reader, as of its last fetch; None if not yet known."""
        try:
            stable = self.kafka.last_stable_offset(tp)
            if stable is not None and stable >= 0:
                return int(stable)
            highwater = self.kafka.highwater(tp)
        except (AssertionError, AttributeError):
            return None  # No longer assigned.
        return None if highwater is None else int(highwater)

    async def position(self, tp: TopicPartition) -> int | None:
        """The offset that would be read next; None if the partition is no longer assigned."""
        try:
            return int(await self.kafka.position(tp))
        except IllegalStateError:
            return None

    async def bounds(self, tps: Sequence[TopicPartition]) -> dict[TopicPartition, Known]:
        """What Kafka knows of these partitions; the database's part is left open.

        Raises KafkaError, also while the group's coordinator or a leader is not there: left to
        itself the client would wait for the coordinator for ever.
        """
        if not tps:
            return {}
        within = self._options.bounds_within
        try:
            async with asyncio.timeout(within):
                committed = await asyncio.gather(*map(self.kafka.committed, tps))
                begins = await self.kafka.beginning_offsets(list(tps))
                ends = await self.kafka.end_offsets(list(tps))
        except TimeoutError as error:
            raise KafkaTimeoutError(f"no answer for {within:g} s") from error
        return {
            tp: Known(offset, None, begins[tp], max(begins[tp], ends[tp]))
            for tp, offset in zip(tps, committed, strict=True)
        }

    def all_partitions(self) -> list[TopicPartition]:
        """Every partition of the topics read, whoever holds it."""
        return sorted(
            TopicPartition(topic, partition)
            for topic in self._options.topics
            for partition in self.kafka.partitions_for_topic(topic) or ()
        )

    async def commit(self, offsets: dict[TopicPartition, int]) -> bool:
        """Commit these offsets; False if they could not be, which loses nothing."""
        try:
            async with asyncio.timeout(self._options.commit_within):
                await self.kafka.commit(offsets)
        except (KafkaError, TimeoutError) as error:
            event("offsets", "not committed", level=logging.WARNING, error=repr(error))
            return False
        return True

    async def leave(self, within: float) -> None:
        """Leave the group and close; a coordinator that does not answer is not waited for."""
        if self._consumer is None:
            return
        try:
            async with asyncio.timeout(within):
                await self._consumer.stop()
        except (KafkaError, TimeoutError) as error:
            event("consumer", "left without goodbye", level=logging.WARNING, error=repr(error))
