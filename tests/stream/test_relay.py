"""The outbox relay on a real Kafka and a real PostgreSQL."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from headway.runtime import metrics
from headway.runtime.health import Health
from headway.stream.outbox import SHARDS, OutboxRow, insert_outbox, outbox_headers
from headway.stream.relay import Relay, RelayOptions
from headway.stream.shards import ShardLocks
from tests.stream.kit import make_topics, read_all, until


def rows(topic: str, count: int, start: int = 0) -> list[OutboxRow]:
    """Messages of sixteen members, one per shard, numbered per member."""
    return [
        OutboxRow(
            i % SHARDS,
            topic,
            f"m{i % SHARDS}".encode(),
            str(start + i // SHARDS).encode(),
            outbox_headers([("content-type", b"x"), ("bytes", b"\xff\x00"), ("none", None)]),
        )
        for i in range(count)
    ]


async def store(dsn: str, what: Sequence[OutboxRow]) -> None:
    connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        await insert_outbox(connection, what)
    await connection.close()


async def count(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("select count(*) from outbox"))
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def relays(options: RelayOptions, count: int) -> AsyncIterator[list[Relay]]:
    running = [Relay(options, Health()) for _ in range(count)]
    for relay in running:
        await relay.start()
    try:
        yield running
    finally:
        for relay in running:
            await relay.stop()


@pytest.fixture
async def options(kafka: str, topics: str, database: str) -> RelayOptions:
    await make_topics(kafka, f"{topics}out")
    return RelayOptions(kafka, database, balance_every=0.2)


async def test_publishes_in_order_and_deletes(
    options: RelayOptions, topics: str, kafka: str, database: str
) -> None:
    topic = f"{topics}out"
    await store(database, rows(topic, 3200))
    async with relays(options, 1):
        await until(lambda: _empty(database))
    got = await read_all(kafka, topic)
    assert len(got) == 3200
    by_member: dict[bytes, list[int]] = {}
    for record in got:
        by_member.setdefault(record.key, []).append(int(record.value))
    assert all(numbers == list(range(200)) for numbers in by_member.values())
    assert got[0].headers == (("content-type", b"x"), ("bytes", b"\xff\x00"), ("none", None))


async def _empty(dsn: str) -> bool:
    return await count(dsn) == 0


async def test_a_wake_is_quicker_than_the_poll_and_round_trips_are_two_per_round(
    options: RelayOptions, topics: str, database: str
) -> None:
    slow = replace(options, shortest_poll=30.0, longest_poll=30.0, balance_every=60.0)
    async with relays(slow, 1) as (relay,):
        await until(lambda: relay.round_trips >= 4)
        await asyncio.sleep(0.2)
        before = relay.round_trips
        await store(database, rows(f"{topics}out", 4000))
        relay.wake()
        await until(lambda: _empty(database), within=5)
        # One read and one delete for all of it, and the read that finds nothing more.
        assert relay.round_trips - before == 3


async def test_what_kafka_refuses_for_long_is_tried_less_and_less_often(
    options: RelayOptions, topics: str, kafka: str, database: str
) -> None:
    """Connecting works each time, so only what was published may shorten the wait again."""
    topic, trouble = f"{topics}out", metrics.OUTBOX_TROUBLE.labels("kafka")
    await takes_at_most(kafka, topic, "10")
    await store(database, rows(topic, 1))
    before = trouble._value.get()
    async with relays(options, 1):
        await asyncio.sleep(3)
        assert 2 <= trouble._value.get() - before <= 7
        await takes_at_most(kafka, topic, "1000000")
        await until(lambda: _empty(database))


async def takes_at_most(kafka: str, topic: str, size: str) -> None:
    """Set the topic's largest message, in bytes."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        configs = {"max.message.bytes": size}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs)])
    finally:
        await admin.close()


async def test_relays_share_the_shards_and_take_over_a_dead_ones(
    options: RelayOptions, topics: str, kafka: str, database: str
) -> None:
    topic = f"{topics}out"
    async with relays(options, 2) as (first, _second):
        await until(lambda: _shares(database, [8, 8]))
        connection = await asyncpg.connect(database)
        victim = await connection.fetchval(
            "select pid from pg_stat_activity where application_name = 'headway-relay'"
            " and datname = current_database() limit 1"
        )
        await store(database, rows(topic, 1600))
        await connection.fetchval("select pg_terminate_backend($1)", victim)
        await connection.close()
        await store(database, rows(topic, 1600, start=100))
        await until(lambda: _empty(database))
        await first.stop()
        await until(lambda: _shares(database, [16]), within=5)
        await store(database, rows(topic, 1600, start=200))
        await until(lambda: _empty(database), within=5)
    seen: dict[bytes, set[int]] = {}
    for record in await read_all(kafka, topic):
        known = seen.setdefault(record.key, set())
        # Repeats may come again; what is new comes in order and without gaps.
        assert int(record.value) <= len(known)
        known.add(int(record.value))
    assert all(len(known) == 300 for known in seen.values())


async def _shares(dsn: str, wanted: list[int]) -> bool:
    connection = await asyncpg.connect(dsn)
    try:
        held = await connection.fetch(
            "select count(*) as shards from pg_locks where locktype = 'advisory' and granted"
            " and mode = 'ExclusiveLock' and objsubid = 2"
            " and database = (select oid from pg_database where datname = current_database())"
            " group by pid order by 1"
        )
    finally:
        await connection.close()
    return [row["shards"] for row in held] == wanted


async def test_shares_are_fair_for_any_number_of_relays(database: str) -> None:
    connections = [await asyncpg.connect(database) for _ in range(5)]
    try:
        locks = [ShardLocks(connection) for connection in connections]
        await locks[0].enlist()
        await locks[0].balance()
        assert len(locks[0].held) == 16
        for each in locks[1:]:
            await each.enlist()
        for _ in range(3):
            for each in locks:
                await each.balance()
        assert sorted(len(each.held) for each in locks) == [0, 4, 4, 4, 4]
        assert sorted(shard for each in locks for shard in each.held) == list(range(16))
        await connections.pop(1).close()
        locks.pop(1)
        for each in locks:
            await each.balance()
        assert sorted(shard for each in locks for shard in each.held) == list(range(16))
    finally:
        for connection in connections:
            await connection.close()
