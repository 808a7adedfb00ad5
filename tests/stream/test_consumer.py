"""The batch consumer on a real Kafka and a real PostgreSQL: reading, errors, stopping."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import asyncpg
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError, for_code
from prometheus_client import REGISTRY

from headway.errors import InvariantViolated, Poison
from headway.runtime.health import Health
from headway.stream.batch import Applied, Batch, Position
from headway.stream.consumer import BatchConsumer
from headway.stream.reader import Reader
from headway.stream.takeover import Known
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


async def test_reads_everything_once_and_keeps_both_positions(
    kafka: str, topics: str, database: str
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, [f"v-{i}" for i in range(1000)])

    async def all_committed() -> bool:
        return sum((await committed_offsets(kafka, group)).values()) == 1000

    async with pool_with_seen(database) as pool:
        handler = Rows(pool, group)
        async with running(consumer_of(options(kafka, group, topic), handler)):
            await until(lambda: sum(handler.batches) == 1000)
            await until(all_committed)
        assert await pool.fetchval("select count(*) from seen where times = 1") == 1000
        rows = await pool.fetch("select next_offset, log_end, business_time from positions")
        assert sum(r["next_offset"] for r in rows) == 1000
        assert all(r["next_offset"] == r["log_end"] and r["business_time"] for r in rows)
        assert max(handler.batches) <= 100
        offsets: dict[tuple[str, int], list[int]] = {}
        for name, partition, offset in handler.order:
            offsets.setdefault((name, partition), []).append(offset)
        assert all(seen == list(range(len(seen))) for seen in offsets.values())


async def test_missing_topics_are_waited_for_and_named(
    kafka: str, topics: str, database: str
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    async with pool_with_seen(database) as pool:
        handler, health = Rows(pool, group), Health()
        async with running(BatchConsumer(options(kafka, group, topic), handler, health)):
            await until(lambda: "headway topics create" in str(health.not_ready()))
            assert topic in str(health.not_ready())
            await make_topics(kafka, topic)
            await produce(kafka, topic, ["v-1"])
            await until(lambda: sum(handler.batches) == 1)
            assert health.not_ready() == {}


async def test_a_leader_that_cannot_say_yet_where_its_log_ends_is_asked_again(
    kafka: str, topics: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, ["v-1", "v-2"])
    asked = Reader.bounds
    # A leader that is new to it; no leader for long; a coordinator that never answers.
    answers = [for_code(78)(), KafkaTimeoutError("no leader"), None]

    async def bounds(self: Reader, tps: Sequence[TopicPartition]) -> dict[TopicPartition, Known]:
        if not answers:
            return await asked(self, tps)
        error = answers.pop(0)
        if error is not None:
            raise error
        with monkeypatch.context() as patch:
            patch.setattr(self.kafka, "committed", lambda tp: asyncio.sleep(3600))
            return await asked(self, tps)

    monkeypatch.setattr(Reader, "bounds", bounds)
    async with pool_with_seen(database) as pool:
        handler, impatient = Rows(pool, group), options(kafka, group, topic)
        impatient = replace(impatient, bounds_within=0.2)
        async with running(consumer_of(impatient, handler)):
            await until(lambda: sum(handler.batches) == 2)
    assert answers == []
    labels = {"group": group, "verdict": "retry"}
    counted = REGISTRY.get_sample_value("headway_batch_trouble_total", labels)
    assert not counted, "it was Kafka; the database was well"


async def test_a_batch_takes_an_even_share_of_every_partition(
    kafka: str, topics: str, database: str
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, ["v-1" for _ in range(900)])
    async with pool_with_seen(database) as pool:
        handler = Rows(pool, group)
        gate = {"hold": "not yet"}
        consumer = BatchConsumer(
            options(kafka, group, topic, max_records=90), handler, Health(),
            hold=lambda: gate["hold"],
        )  # fmt: skip
        async with running(consumer):
            await asyncio.sleep(1.5)
            assert handler.batches == [], "it was told to hold"
            gate["hold"] = ""
            await until(lambda: sum(handler.batches) == 900)
        first = [partition for _, partition, _ in handler.order[90:450]]
        assert {first.count(p) for p in range(3)} == {120}


async def test_retries_while_the_world_is_not_ready_and_stays_in_the_group(
    kafka: str, topics: str, database: str
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, [f"v-{i}" for i in range(30)])
    async with pool_with_seen(database) as pool:
        handler = Rows(pool, group)
        tries: list[int] = []

        def fail(batch: Batch) -> None:
            tries.append(len(batch))
            if len(tries) <= 5:
                raise asyncpg.ConnectionDoesNotExistError("gone")

        handler.before = fail
        async with running(consumer_of(options(kafka, group, topic), handler)):
            await until(lambda: sum(handler.batches) == 30)
        assert len(set(tries[:6])) == 1, "the very same batch again"
        assert await pool.fetchval("select count(*) from seen where times = 1") == 30
        assert handler.refused == []


async def test_a_database_that_is_away_is_counted_for_as_long_as_it_is(
    kafka: str, topics: str, database: str
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    async with pool_with_seen(database) as pool:
        handler, away = Away(pool, group), asyncpg.ConnectionDoesNotExistError("gone")

        def counted(name: str, **labels: str) -> float | None:
            return REGISTRY.get_sample_value(name, {"group": group, **labels})

        def retries() -> float | None:
            return counted("headway_batch_trouble_total", verdict="retry")

        async with running(consumer_of(options(kafka, group, topic), handler)):
            await until(lambda: handler.takeovers)
            assert retries() == 0, "told of before there are any"
            assert counted("headway_rebalances_total") == 1
            handler.away = away
            await produce(kafka, topic, ["v-1"])
            await until(lambda: (retries() or 0) >= 5)
            assert handler.tried == 1, "the others found out where to read on"
            handler.away = None
            await until(lambda: sum(handler.batches) == 1)
            assert counted("headway_rebalances_total") == 1, "nobody came or went"


class Away(Rows):
    """While `away` is an error the database answers with that."""

    away: Exception | None = None
    tried = 0

    async def positions(
        self, partitions: Sequence[TopicPartition]
    ) -> Mapping[TopicPartition, Position]:
        if self.away:
            raise self.away
        return await super().positions(partitions)

    async def apply(self, batch: Batch) -> Applied:
        if self.away:
            self.tried += 1
            raise self.away
        return await super().apply(batch)


async def test_redoes_a_lost_race_at_once(kafka: str, topics: str, database: str) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, ["v-1"])
    async with pool_with_seen(database) as pool:
        handler = Rows(pool, group)
        lost = [1, 2]

        def fail(batch: Batch) -> None:
            if batch.records and lost:
                lost.pop()
                error = asyncpg.UniqueViolationError("lost")
                error.constraint_name = "inputs_3_pkey"
                raise error

        handler.before = fail
        async with running(consumer_of(options(kafka, group, topic), handler)):
            await until(lambda: sum(handler.batches) == 1)
        assert not lost


async def test_halving_finds_the_records_that_the_database_refuses(
    kafka: str, topics: str, database: str
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    values = [f"v-{i}" for i in range(90)]
    for bad in (7, 8, 55):
        values[bad] = f"bad\x00-{bad}"  # PostgreSQL takes no NUL in text
    await produce(kafka, topic, values)
    async with pool_with_seen(database) as pool:
        handler = Rows(pool, group)
        async with running(consumer_of(options(kafka, group, topic), handler)):
            await until(lambda: sum(handler.batches) + len(handler.refused) == 90)
        assert sorted(offset for offset, _ in handler.refused) == [2, 2, 18]
        assert all(isinstance(error, asyncpg.DataError) for _, error in handler.refused)
        assert await pool.fetchval("select count(*) from seen where times = 1") == 87
        rows = await pool.fetch("select next_offset from positions")
        assert [row["next_offset"] for row in rows] == [30, 30, 30]


async def test_poison_that_escapes_the_handler_is_found_too(
    kafka: str, topics: str, database: str
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, [f"v-{i}" for i in range(20)])
    async with pool_with_seen(database) as pool:
        handler = Rows(pool, group)

        def fail(batch: Batch) -> None:
            if any(record.value == b"v-13" for record in batch.records):
                raise Poison("undecidable", "", "no")

        handler.before = fail
        async with running(consumer_of(options(kafka, group, topic), handler)):
            await until(lambda: sum(handler.batches) == 19)
        assert [str(error) for _, error in handler.refused] == ["undecidable: no"]


@pytest.mark.parametrize("error", [InvariantViolated("books"), KeyError("bug")])
async def test_anything_else_ends_the_consumer_and_applies_nothing(
    kafka: str, topics: str, database: str, error: Exception
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, ["v-1"])
    async with pool_with_seen(database) as pool:
        handler = Rows(pool, group)

        def fail(batch: Batch) -> None:
            raise error

        handler.before = fail
        consumer = consumer_of(options(kafka, group, topic), handler)
        async with running(consumer):
            await until(lambda: consumer.crashed)
        assert consumer.crash_reason is error
        assert handler.refused == []
        assert await pool.fetchval("select count(*) from positions") == 0


async def test_a_stop_finishes_the_batch_and_commits_its_offsets(
    kafka: str, topics: str, database: str
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, [f"v-{i}" for i in range(30)])
    async with pool_with_seen(database) as pool:
        handler = Rows(pool, group)
        handler.slow = 2.0
        order: list[str] = []

        async def relay_ends() -> None:
            order.append(f"{sum(handler.batches)} applied")

        consumer = BatchConsumer(
            options(kafka, group, topic), handler, Health(), before_leaving=relay_ends
        )
        begun = asyncio.Event()
        handler.before = lambda batch: begun.set() if batch.records else None
        await consumer.start()
        await asyncio.wait_for(begun.wait(), 20)
        await consumer.stop()
        done = sum(handler.batches)
        assert done > 0
        assert order == [f"{done} applied"]
        assert sum((await committed_offsets(kafka, group)).values()) == done


async def test_a_stop_does_not_wait_for_a_batch_that_never_ends(
    kafka: str, topics: str, database: str
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, ["v-1"])
    async with pool_with_seen(database) as pool:
        handler = Rows(pool, group)
        handler.slow = 3600.0
        begun = asyncio.Event()
        handler.before = lambda batch: begun.set() if batch.records else None
        consumer = consumer_of(options(kafka, group, topic), handler)
        await consumer.start()
        await asyncio.wait_for(begun.wait(), 20)
        started = time.monotonic()
        await consumer.stop()
        assert 4.5 < time.monotonic() - started < 12
        assert await pool.fetchval("select count(*) from seen") == 0, "rolled back and dropped"
        assert not any((await committed_offsets(kafka, group)).values())
