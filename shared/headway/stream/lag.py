"""How far behind every consumer group is, as Kafka and the database each see it."""

from typing import NamedTuple

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from headway.runtime.kafka import Brokers, arguments
from headway.stream.positions import QUERIES


class PartitionLag(NamedTuple):
    """One partition of one group, in records.

    `committed` is Kafka's offset and `applied` the database's, None where there is none yet.
    `lag` counts from what the database has applied, which is the truth; `committed_lag` is
    what tools that only see Kafka show.
    """

    group: str
    topic: str
    partition: int
    begin: int
    end: int
    committed: int | None
    applied: int | None

    @property
    def lag(self) -> int:
        """Records not applied yet; counted from the log's start if nothing was ever applied."""
        return max(self.end - (self.begin if self.applied is None else self.applied), 0)

    @property
    def committed_lag(self) -> int:
        """Records beyond Kafka's committed offset."""
        return max(self.end - (self.begin if self.committed is None else self.committed), 0)


async def measure(kafka: Brokers, dsn: str, group_prefix: str) -> list[PartitionLag]:
    """The lag of every group whose name starts with `group_prefix`, sorted.

    Committed offsets are read before the logs' ends, so a lag is never too small.
    """
    applied = await _applied(dsn, group_prefix)
    admin = AIOKafkaAdminClient(**arguments(kafka))
    await admin.start()
    try:
        groups = {str(entry[0]) for entry in await admin.list_consumer_groups()}
        groups |= {group for group, _ in applied}
        committed = {}
        for group in sorted(name for name in groups if name.startswith(group_prefix)):
            for tp, known in (await admin.list_consumer_group_offsets(group)).items():
                offset = None if known.offset < 0 else known.offset
                committed[group, TopicPartition(tp.topic, tp.partition)] = offset
    finally:
        await admin.close()
    keys = sorted(applied.keys() | committed.keys())
    begins, ends = await _bounds(kafka, sorted({tp for _, tp in keys}))
    return [
        PartitionLag(
            group, tp.topic, tp.partition, begins[tp], ends[tp],
            committed.get((group, tp)), applied.get((group, tp)),
        )
        for group, tp in keys
        if tp in ends
    ]  # fmt: skip


async def _applied(dsn: str, group_prefix: str) -> dict[tuple[str, TopicPartition], int]:
    connection = await asyncpg.connect(dsn, command_timeout=10)
    try:
        rows = await connection.fetch(QUERIES.positions_of_groups, group_prefix)
    finally:
        await connection.close()
    return {
        (row["consumer_group"], TopicPartition(row["topic"], row["partition"])): row["next_offset"]
        for row in rows
    }


async def _bounds(
    kafka: Brokers, partitions: list[TopicPartition]
) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    """First and next offsets of the partitions that (still) exist."""
    consumer = AIOKafkaConsumer(**arguments(kafka))
    await consumer.start()
    try:
        topics = await consumer.topics()
        known = [tp for tp in partitions if tp.topic in topics]
        if not known:
            return {}, {}
        return await consumer.beginning_offsets(known), await consumer.end_offsets(known)
    finally:
        await consumer.stop()
