"""The batch consumer on a real Kafka and a real PostgreSQL."""


from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tests.stream.kit import (
    Rows,
    consumer_of,
    make_topics,
    options,
    pool_with_seen,
    produce,
    running,
    until,
)


async def committed(bootstrap: str, group: str) -> dict[TopicPartition, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group)
        return {TopicPartition(tp.topic, tp.partition): o.offset for tp, o in offsets.items()}
    finally:
        await admin.close()


async def test_reads_everything_once_and_commits_both(
    kafka: str, topics: str, database: str
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, [f"v-{i}" for i in range(1000)])
    async with pool_with_seen(database) as pool:
        handler = Rows(pool, group)
        async with running(consumer_of(options(kafka, group, topic), handler)):
            await until(lambda: sum(handler.batches) == 1000)
            await until(lambda: _all_committed(kafka, group, 1000))
        assert await pool.fetchval("select count(*) from seen where times = 1") == 1000
        rows = await pool.fetch("select next_offset, log_end from positions")
        assert sum(r["next_offset"] for r in rows) == 1000
        assert all(r["next_offset"] == r["log_end"] for r in rows)
        assert max(handler.batches) <= 100


async def _all_committed(bootstrap: str, group: str, total: int) -> bool:
    return sum((await committed(bootstrap, group)).values()) == total
