"""What a consumer knows of the partitions it holds: where it stands and what is durable."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from aiokafka import ConsumerRecord, TopicPartition

from headway.stream.alignment import WINDOW, held_back
from headway.stream.batch import Batch, Position, Record


class Held:
    """The partitions held, from one takeover to the next. Pure bookkeeping, no I/O."""

    def __init__(self, group: str, window: timedelta = WINDOW) -> None:
        self._group = group
        self._window = window
        self._next: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._times: dict[TopicPartition, datetime] = {}
        self._stored: dict[TopicPartition, tuple[int, int]] = {}
        self._committed: dict[TopicPartition, int | None] = {}
        self._delivered: dict[TopicPartition, float] = {}

    def take(
        self,
        starts: Mapping[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
        stored: Mapping[TopicPartition, Position],
        committed: Mapping[TopicPartition, int | None],
        now: float,
    ) -> None:
        """Hold exactly these partitions; `now` is any monotonic clock's time in seconds."""
        self._next = dict(starts)
        self._ends = dict(ends)
        self._stored = {tp: (known.next_offset, known.log_end) for tp, known in stored.items()}
        self._times = {
            tp: known.business_time for tp, known in stored.items() if known.business_time
        }
        self._committed = dict(committed)
        self._delivered = dict.fromkeys(starts, now)

    def drop(self) -> None:
        """Hold nothing."""
        self.take({}, {}, {}, {}, 0.0)

    def partitions(self) -> list[TopicPartition]:
        """All partitions held."""
        return list(self._next)

    def reached(self) -> dict[TopicPartition, int]:
        """How far this process knows that the database had got, per partition."""
        return {tp: known[0] for tp, known in self._stored.items()}

    def see_ends(self, ends: Mapping[TopicPartition, int]) -> None:
        """Note how far the logs reach; a log's end never goes back."""
        for tp, end in ends.items():
            if tp in self._ends:
                self._ends[tp] = max(self._ends[tp], end)

    def lag(self) -> dict[TopicPartition, int]:
        """Records that are still to be applied, per partition."""
        return {tp: max(self._ends[tp] - at, 0) for tp, at in self._next.items()}

    def to_read(self, now: float, patience: float) -> list[TopicPartition]:
        """The partitions to read from now on.

        A lagging partition that has delivered nothing for `patience` seconds (its leader is
        gone, say) no longer holds its siblings back.
        """
        lagging = {
            tp
            for tp, at in self._next.items()
            if at < self._ends[tp] and now - self._delivered[tp] <= patience
        }
        waiting = held_back(self._times, lagging, self._window)
        return [tp for tp in self._next if tp not in waiting]

    def batch(
        self,
        fetched: Mapping[TopicPartition, Sequence[ConsumerRecord[bytes, bytes]]],
        reached: Mapping[TopicPartition, int],
        now: float,
    ) -> Batch | None:
        """The records fetched, as a batch; None if neither records nor positions are to be written.

        `reached` names partitions whose position moved without records (transaction markers).
        """
        records: list[Record] = []
        following = {
            tp: offset for tp, offset in reached.items() if offset > self._next.get(tp, offset)
        }
        for tp, messages in fetched.items():
            at = self._next.get(tp)
            if at is None:
                continue
            topic, partition = tp
            records.extend(
                Record(topic, partition, m.offset, m.key, m.value, m.headers, m.timestamp)
                for m in messages
                if m.offset >= at
            )
            following[tp] = max(at, messages[-1].offset + 1) if messages else at
            self._delivered[tp] = now
        for tp, at in self._next.items():
            if tp not in following and self._stored.get(tp) != (at, max(self._ends[tp], at)):
                following[tp] = at
        if not following:
            return None
        ends = {tp: max(self._ends[tp], offset) for tp, offset in following.items()}
        lagging = {
            tp: self._times[tp]
            for tp, at in self._next.items()
            if tp not in fetched and at < self._ends[tp] and tp in self._times
        }
        known = self.reached()
        reached = {tp: known[tp] for tp in following if tp in known}
        return Batch(self._group, tuple(records), following, ends, reached, lagging)

    def done(self, batch: Batch, times: Mapping[TopicPartition, datetime]) -> None:
        """The batch is durable."""
        for tp, offset in batch.next_offsets.items():
            if tp in self._next:
                self._next[tp] = offset
                self._stored[tp] = (offset, max(batch.ends.get(tp, offset), offset))
        for tp, time in times.items():
            known = self._times.get(tp)
            if tp in self._next and (known is None or time > known):
                self._times[tp] = time

    def to_commit(self) -> dict[TopicPartition, int]:
        """Offsets that are durable and that Kafka does not know yet."""
        return {tp: at for tp, at in self._next.items() if self._committed.get(tp) != at}

    def committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Kafka knows these offsets now."""
        for tp, offset in offsets.items():
            if tp in self._next:
                self._committed[tp] = offset
