"""Who reads what from where: joining, leaving, and the positions that are started from."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from headway.errors import UserError
from headway.stream.positions import Pool
from headway.stream.takeover import Restored
from tests.stream.kit import (
    Rows,
    committed_offsets,
    consumer_of,
    make_topics,
    options,
    pool_with_seen,
    produce,
    running,
    until,
)


async def test_consumers_that_come_and_go_lose_nothing(
    kafka: str, topics: str, database: str
) -> None:
    orders, reviews, group = f"{topics}orders", f"{topics}reviews", f"{topics}g"
    await make_topics(kafka, orders, reviews)
    opts = options(kafka, group, orders, reviews, max_records=20)
    async with pool_with_seen(database) as pool:

        async def seen() -> bool:
            return bool(await pool.fetchval("select count(*) from seen") == 2000)

        async def publish() -> None:
            for start in range(0, 1000, 50):
                numbers = range(start, start + 50)
                await produce(kafka, orders, [f"o-{i}" for i in numbers])
                await produce(kafka, reviews, [f"r-{i}" for i in numbers])
                await asyncio.sleep(0.2)

        handlers = [Rows(pool, group) for _ in range(3)]
        first, second, third = (consumer_of(opts, handler) for handler in handlers)
        publishing = asyncio.create_task(publish())
        await first.start()
        await until(lambda: handlers[0].batches)
        await second.start()
        await until(lambda: handlers[1].batches)
        await third.start()
        await until(lambda: handlers[2].batches)
        await first.stop()
        await publishing
        await until(seen)
        await second.stop()
        await third.stop()
        rows = await pool.fetch("select topic, next_offset from positions")
        assert sum(row["next_offset"] for row in rows) == 2000
        # One partition number has one owner, whatever the topic: after a join, the numbers
        # that a consumer reads of one topic are those it reads of the other.
        later = {
            name: {p for t, p, _ in handlers[2].order if t == name} for name in (orders, reviews)
        }
        assert later[orders] == later[reviews]


@pytest.mark.parametrize(("seconds", "kept"), [(2.0, True), (3600.0, False)])
async def test_a_batch_in_flight_when_partitions_are_revoked(
    kafka: str,
    topics: str,
    database: str,
    seconds: float,
    kept: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It gets five seconds; then it is rolled back, and the next owner reads it again."""
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, [f"v-{i}" for i in range(30)])
    opts = options(kafka, group, topic)
    async with pool_with_seen(database) as pool:

        async def done() -> bool:
            return bool(await pool.fetchval("select count(*) from seen") == 30)

        first, second = Rows(pool, group), Rows(pool, group)
        first.slow = seconds
        begun = asyncio.Event()
        first.before = lambda batch: begun.set() if batch.records else None
        async with running(consumer_of(opts, first)):
            await asyncio.wait_for(begun.wait(), 20)
            assert not first.batches or first.batches == [0], "the batch is still in flight"
            async with running(consumer_of(opts, second)):
                await until(lambda: sum(second.batches if not kept else first.batches), within=30)
                first.slow = 0.0
                await until(done)
        assert ("batch dropped" in caplog.text) is not kept
        assert await pool.fetchval("select count(*) from seen where times > 1") == 0


async def _read_all(kafka: str, pool: Pool, group: str, topic: str, count: int) -> None:
    handler = Rows(pool, group)
    async with running(consumer_of(options(kafka, group, topic), handler)):
        await until(lambda: sum(handler.batches) == count)


async def test_a_database_restored_to_an_earlier_point_is_noticed_and_read_again(
    kafka: str, topics: str, database: str
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, [f"v-{i}" for i in range(30)])
    async with pool_with_seen(database) as pool:
        await _read_all(kafka, pool, group, topic, 30)
        assert set((await committed_offsets(kafka, group)).values()) == {10}
        await pool.execute("update positions set next_offset = 4 where partition = 1")
        await pool.execute("delete from positions where partition = 2")
        handler = Rows(pool, group)
        async with running(consumer_of(options(kafka, group, topic), handler)):
            await until(lambda: sum(handler.batches) == 16)

            async def again() -> bool:
                return set((await committed_offsets(kafka, group)).values()) == {10}

            await until(again)
        (found,) = handler.restores
        assert {tp.partition: how for tp, how in found.items()} == {
            1: Restored(10, 4),
            2: Restored(10, 0),
        }
        after = Rows(pool, group)
        async with running(consumer_of(options(kafka, group, topic), after)) as consumer:
            await asyncio.sleep(1)
            assert not consumer.crashed
        assert after.restores == [], "once"


async def _commit(kafka: str, group: str, tp: TopicPartition, offset: int) -> None:
    """Set the group's offset as a tool would, while nobody is in the group."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=group, enable_auto_commit=False)
    consumer.assign([tp])
    await consumer.start()
    try:
        await consumer.commit({tp: offset})
    finally:
        await consumer.stop()


async def test_kafka_behind_the_database_is_read_from_kafkas_offset(
    kafka: str, topics: str, database: str
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, [f"v-{i}" for i in range(30)])
    async with pool_with_seen(database) as pool:
        await _read_all(kafka, pool, group, topic, 30)
        await _commit(kafka, group, TopicPartition(topic, 0), 7)
        handler = Rows(pool, group)
        async with running(consumer_of(options(kafka, group, topic), handler)):
            await until(lambda: sum(handler.batches) == 3)
        assert handler.restores == []
        rows = await pool.fetch("select next_offset from positions")
        assert [row["next_offset"] for row in rows] == [10, 10, 10]


async def test_records_deleted_before_they_were_read_stop_the_consumer(
    kafka: str, topics: str, database: str
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, [f"v-{i}" for i in range(9)])
    async with pool_with_seen(database) as pool:
        await _read_all(kafka, pool, group, topic, 9)
        await produce(kafka, topic, [f"v-{i}" for i in range(9, 30)])
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        await admin.delete_records({TopicPartition(topic, 1): RecordsToDelete(before_offset=8)})
        await admin.close()
        error = await _fate(kafka, pool, group, topic)
        assert "5 records were deleted before they were read" in str(error)
        assert f"{topic} partition 1" in str(error)
        assert await pool.fetchval("select count(*) from seen") == 9


async def test_a_log_that_ends_before_the_position_stops_the_consumer(
    kafka: str, topics: str, database: str
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, [f"v-{i}" for i in range(30)])
    async with pool_with_seen(database) as pool:
        await _read_all(kafka, pool, group, topic, 30)
        await pool.execute("update positions set next_offset = 11 where partition = 0")
        await _commit(kafka, group, TopicPartition(topic, 0), 11)
        error = await _fate(kafka, pool, group, topic)
        assert "its log ends at 10" in str(error)
        assert "created anew" in str(error)


async def _fate(kafka: str, pool: Pool, group: str, topic: str) -> BaseException | None:
    consumer = consumer_of(options(kafka, group, topic), Rows(pool, group))
    async with running(consumer):
        await until(lambda: consumer.crashed)
    assert isinstance(consumer.crash_reason, UserError)
    assert "->" in str(consumer.crash_reason)
    return consumer.crash_reason


async def test_a_partition_far_ahead_in_business_time_waits_for_its_siblings(
    kafka: str, topics: str, database: str
) -> None:
    """Two topics over the same 300 hours, one dense and one sparse, read after an outage."""
    dense, sparse, group = f"{topics}dense", f"{topics}sparse", f"{topics}g"
    await make_topics(kafka, dense, sparse, partitions=1)
    await produce(kafka, dense, [f"d{i}-{i // 10}" for i in range(3000)], partitions=1)
    await produce(kafka, sparse, [f"s{i}-{i}" for i in range(300)], partitions=1)
    async with pool_with_seen(database) as pool:
        handler = Rows(pool, group)
        opts = options(kafka, group, dense, sparse, max_records=20)
        async with running(consumer_of(opts, handler)):
            await until(lambda: sum(handler.batches) == 3300, within=60)
        hours = {dense: 0, sparse: 0}
        apart = 0
        for topic, _, offset in handler.order:
            hours[topic] = offset // 10 if topic == dense else offset
            if 1 < hours[dense] < 270:
                apart = max(apart, abs(hours[sparse] - hours[dense]))
        # A day, and what one batch may add to it.
        assert apart <= 24 + 20
