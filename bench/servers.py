"""Kafka and Postgres as the bench uses them: topics, orders put there, databases from templates."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.orders import HEADERS, Shape, history, joins
from bench.sampling import listener
from bench.sql import TIMING
from headway.contracts.topics import PARTITIONS, Topics
from headway.local import Endpoints

BUSINESS_SPAN = timedelta(days=5)


def with_database(dsn: str, name: str) -> str:
    """The same server, another database."""
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(path="/" + name))


async def create_topics(bootstrap: str, prefix: str) -> None:
    """All of Headway's topics; the broker stamps balance-changed, and its clock ends a run."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        stamped = {"message.timestamp.type": "LogAppendTime"}
        out = Topics(prefix).balance_changed
        await admin.create_topics(
            [
                NewTopic(
                    name=topic.name,
                    num_partitions=topic.partitions,
                    replication_factor=1,
                    topic_configs=topic.config | (stamped if topic.name == out else {}),
                )
                for topic in Topics(prefix).all()
            ]
        )
    finally:
        await admin.close()


async def publish(bootstrap: str, topic: str, messages: Iterable[tuple[bytes, bytes]]) -> int:
    """Put messages on a topic by the default partitioner; returns how many."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=5, max_batch_size=512 * 1024
    )
    await producer.start()
    count = 0
    try:
        for key, value in messages:
            await producer.send(topic, value, key=key, headers=HEADERS)
            count += 1
        await producer.flush()
    finally:
        await producer.stop()
    return count


def joined_at() -> datetime:
    """When every member joined: a day before the first order."""
    return datetime.now(UTC).replace(microsecond=0) - BUSINESS_SPAN - timedelta(days=1)


async def publish_orders(
    bootstrap: str, prefix: str, shape: Shape, span: timedelta = BUSINESS_SPAN
) -> None:
    """The history every side reads: it ends an hour ago."""
    end = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    await publish(bootstrap, Topics(prefix).orders, history(shape, end, span))


async def publish_joins(bootstrap: str, prefix: str, shape: Shape) -> None:
    """Every member joins before the first order."""
    await publish(bootstrap, Topics(prefix).members, joins(shape, joined_at()))


class OutputTopic:
    """The messages out, seen from outside."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._topic = topic
        self._consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
        self._partitions: list[TopicPartition] = []

    async def start(self) -> None:
        """Connect."""
        await self._consumer.start()
        self._partitions = [TopicPartition(self._topic, number) for number in range(PARTITIONS)]
        self._consumer.assign(self._partitions)

    async def stop(self) -> None:
        """Disconnect."""
        await self._consumer.stop()

    async def count(self) -> int:
        """Messages ever appended."""
        return sum((await self._consumer.end_offsets(self._partitions)).values())

    async def last_append(self) -> float:
        """When the broker appended the newest message, in seconds since 1970."""
        newest = 0
        ends = await self._consumer.end_offsets(self._partitions)
        for tp, end in ends.items():
            if end:
                self._consumer.seek(tp, end - 1)
                newest = max(newest, (await self._consumer.getone(tp)).timestamp)
        return newest / 1000


class Databases:
    """One server; a fresh database per run."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    async def fresh(self, name: str, template: str = "template1") -> str:
        """Make the database anew from a template and return its dsn; dirty pages are flushed."""
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(f'drop database if exists "{name}" with (force)')
            await connection.execute(f'create database "{name}" template "{template}"')
            await connection.execute("checkpoint")
        finally:
            await connection.close()
        return with_database(self.dsn, name)

    async def drop(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(f'drop database if exists "{name}" with (force)')
        finally:
            await connection.close()

    async def fingerprint(self, name: str) -> str:
        """One hash of all that a ledger holds, whenever it was recorded."""
        connection = await asyncpg.connect(with_database(self.dsn, name))
        try:
            return str(await connection.fetchval(TIMING.fingerprint))
        finally:
            await connection.close()

    async def promises(self) -> dict[str, str]:
        """The settings without which figures mean nothing."""
        connection = await asyncpg.connect(self.dsn)
        try:
            names = ("fsync", "synchronous_commit", "full_page_writes")
            return {name: await connection.fetchval(f"show {name}") for name in names}
        finally:
            await connection.close()

    async def postmaster(self) -> psutil.Process:
        """The server's first process."""
        connection = await asyncpg.connect(self.dsn)
        try:
            backend = psutil.Process(await connection.fetchval("select pg_backend_pid()"))
        finally:
            parent = backend.parent()
            await connection.close()
        if parent is None:
            raise RuntimeError("the Postgres server does not run on this machine")
        return parent


def broker(endpoints: Endpoints) -> psutil.Process | None:
    """Kafka's process, where it can be seen."""
    return listener(int(endpoints.kafka_bootstrap.split(",")[0].rsplit(":", 1)[1]))
