"""Reads what groups commit, as they commit it, out of `__consumer_offsets`."""

import time
from collections.abc import AsyncIterator, Collection

from aiokafka import AIOKafkaConsumer, TopicPartition

from headway.lag.commits import TOPIC, OffsetCommit, decode, partition_of


class CommitReader:
    """Follows those partitions of the topic that hold the groups asked for, from their start.

    `consumer` belongs to no group and is assigned by this reader alone.
    """

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._next: dict[TopicPartition, int] = {}
        self._read_to_end: set[TopicPartition] = set()

    def knows(self, group: str, partitions: int) -> bool:
        """Whether what the group has committed was read up to the end once."""
        return TopicPartition(TOPIC, partition_of(group, partitions)) in self._read_to_end

    async def read(
        self, groups: Collection[str], partitions: int, patience: float = 10.0
    ) -> AsyncIterator[OffsetCommit]:
        """What these groups have committed since the last call, in order.

        `partitions` is how many the topic has. Ends where the topic ended when it was called, or
        after `patience` seconds; what is left then comes with the next call.
        """
        wanted = {TopicPartition(TOPIC, partition_of(group, partitions)) for group in groups}
        ends = await self._consumer.end_offsets(list(wanted)) if wanted else {}
        await self._follow(wanted)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and any(self._next[tp] < ends[tp] for tp in wanted):
            for records in (await self._consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    commit = decode(record.key, record.value)
                    if commit is not None and commit.group in groups:
                        yield commit
            # Not the last record's offset: markers of transactions are no records.
            self._next = {tp: await self._consumer.position(tp) for tp in wanted}
        self._read_to_end &= wanted
        self._read_to_end |= {tp for tp in wanted if self._next[tp] >= ends[tp]}
        # Else a fetch would be under way, and the next question would have to wait behind it.
        self._consumer.pause(*wanted)

    async def _follow(self, wanted: set[TopicPartition]) -> None:
        """Assign what is wanted; what was followed before goes on where it was."""
        if wanted == self._next.keys():
            self._consumer.resume(*wanted)
            return
        new = wanted - self._next.keys()
        begins = await self._consumer.beginning_offsets(list(new)) if new else {}
        self._next = {tp: self._next[tp] if tp in self._next else begins[tp] for tp in wanted}
        self._consumer.assign(list(wanted))
        for tp, offset in self._next.items():
            self._consumer.seek(tp, offset)
