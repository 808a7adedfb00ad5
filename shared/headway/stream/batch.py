"""What the consumer hands over: records as light tuples, and the positions they lead to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from aiokafka import TopicPartition

Header = tuple[str, bytes | None]


class Record(NamedTuple):
    """One Kafka record, undecoded. `timestamp` is Kafka's, in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header]
    timestamp: int


class Position(NamedTuple):
    """How far a group is in one partition, as the database knows it."""

    next_offset: int
    log_end: int
    business_time: datetime | None


class Applied(NamedTuple):
    """What the handler says of a batch that is now durable.

    `business_times`: per partition, the latest business time read there in this batch.
    `facts`: numbers for the batch's line in the log, such as `repeats` and `refused`.
    `cuts`: where the handler cut the batch short; what comes from there on is read again.
    `phases`: seconds that each part of the transaction took, in their order.
    """

    business_times: Mapping[TopicPartition, datetime]
    facts: Mapping[str, int] = MappingProxyType({})
    cuts: Mapping[TopicPartition, int] = MappingProxyType({})
    phases: Mapping[str, float] = MappingProxyType({})


class PositionRow(NamedTuple):
    """One row to write to `positions`, in the transaction that applies the batch."""

    group: str
    topic: str
    partition: int
    next_offset: int
    log_end: int
    business_time: datetime | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Records to apply in one transaction.

    `records` keep each partition's order. `next_offsets` is where every partition named there
    stands once the batch is applied, and `ends` the ends of their logs as last seen; both may
    name partitions without records, whose row in `positions` is out of date. A batch may hold
    no records at all: then only positions are to be written.
    """

    group: str
    records: tuple[Record, ...]
    next_offsets: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int] = field(default_factory=dict)
    reached: Mapping[TopicPartition, int] = field(default_factory=dict)
    """How far this process knows that the database had got: less there now means a restore."""
    lagging: Mapping[TopicPartition, datetime] = field(default_factory=dict)
    """Business times of partitions that lag and brought nothing to this batch."""
    whole: bool = True
    """Whether it may be cut short: a half of another batch may not."""

    def __len__(self) -> int:
        return len(self.records)

    def positions(
        self, business_times: Mapping[TopicPartition, datetime] | None = None
    ) -> list[PositionRow]:
        """The rows for `positions`, sorted, with the business times that the caller has read."""
        times = business_times or {}
        return [
            PositionRow(
                self.group,
                tp.topic,
                tp.partition,
                offset,
                max(self.ends.get(tp, offset), offset),
                times.get(tp),
            )
            for tp, offset in sorted(self.next_offsets.items())
        ]

    def halves(self) -> tuple["Batch", "Batch"]:
        """The same work as two batches to be applied one after the other.

        The first holds a prefix of every partition, so each half leads to positions that are
        true once it is applied.
        """
        middle = len(self.records) // 2
        first, second = self.records[:middle], self.records[middle:]
        unread = {TopicPartition(r.topic, r.partition): r.offset for r in reversed(second)}
        read = {TopicPartition(r.topic, r.partition) for r in first}
        reached = {tp: unread.get(tp, self.next_offsets[tp]) for tp in read}
        return (
            replace(self, records=first, next_offsets=reached, whole=False),
            replace(self, records=second, whole=False),
        )

    def until(self, cuts: Mapping[TopicPartition, int]) -> "Batch":
        """The part of this batch before those offsets."""
        kept = tuple(
            record
            for record in self.records
            if (cut := cuts.get(TopicPartition(record.topic, record.partition))) is None
            or record.offset < cut
        )
        return replace(self, records=kept, next_offsets={**self.next_offsets, **cuts})
