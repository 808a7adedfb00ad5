"""What the tests of the lag share: groups that commit what they are told, and one to measure."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import DeleteGroupsRequest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from headway.lag.burrow import Rules
from headway.lag.cluster import Cluster
from headway.lag.exposition import registry
from headway.lag.measuring import Meter, Scope
from headway.lag.snapshot import GroupLag, LagSnapshot, PartitionLag

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


class Place:
    """A test's own topic and groups on the shared cluster."""

    def __init__(self, kafka: str, topics: str) -> None:
        self.kafka = kafka
        self.prefix = topics
        self.topic = f"{topics}orders"
        self.group = f"g{uuid.uuid4().hex[:10]}-readers"

    def tp(self, partition: int = 0) -> TopicPartition:
        return TopicPartition(self.topic, partition)

    def scope(self, dsn: str | None = None) -> Scope:
        return Scope(lambda name: name.startswith(self.group), self.group, self.prefix, dsn)

    async def commit(self, *offsets: int, partition: int = 0, group: str = "") -> None:
        """Commit each in turn, as a group without members."""
        async with self.member(group or self.group) as consumer:
            consumer.assign([self.tp(partition)])
            for offset in offsets:
                await consumer.commit({self.tp(partition): offset})

    @asynccontextmanager
    async def member(self, group: str) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka, group_id=group, client_id="reader",
            enable_auto_commit=False, auto_offset_reset="earliest",
        )  # fmt: skip
        await consumer.start()
        try:
            yield consumer
        finally:
            await consumer.stop()

    async def write(self, *timestamps_ms: int | None, partition: int = 0) -> None:
        """One record for each timestamp, in batches of their own."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka)
        await producer.start()
        try:
            for at in timestamps_ms:
                await producer.send_and_wait(self.topic, b"x", partition=partition, timestamp_ms=at)
        finally:
            await producer.stop()

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()

    async def delete_group(self, group: str) -> None:
        async with self.admin() as admin:
            answer = await admin._send_request(
                DeleteGroupsRequest([group]), await admin.find_coordinator(group)
            )
            assert answer.results == [(group, 0)]

    @asynccontextmanager
    async def meter(
        self, kind: type[Cluster] = Cluster, dsn: str | None = None, rules: Rules | None = None,
        clock: Callable[[], float] | None = None,
    ) -> AsyncIterator[Meter]:  # fmt: skip
        cluster = kind({"bootstrap_servers": self.kafka})
        await cluster.connect()
        try:
            more = {"clock": clock} if clock else {}
            yield Meter(cluster, self.scope(dsn), rules or Rules(), **more)
        finally:
            await cluster.close()


@pytest.fixture
def place(kafka: str, topics: str) -> Place:
    """A topic that is not made yet, and a group of the test's own."""
    return Place(kafka, topics)


def only(snapshot: LagSnapshot) -> GroupLag:
    """The one group that was measured."""
    (group,) = snapshot.groups
    return group


def first(snapshot: LagSnapshot) -> PartitionLag:
    """The first partition of the one group."""
    return only(snapshot).partitions[0]


def series(snapshot: LagSnapshot) -> Series:
    """What Prometheus reads of it: values by name and labels, sorted."""
    return read(registry(lambda: snapshot, "c1"))


def read(held: CollectorRegistry) -> Series:
    return parsed(generate_latest(held).decode())


def parsed(text: str) -> Series:
    """Values of an exposition by name and labels, sorted."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def named(found: Series, name: str) -> dict[tuple[str, ...], float]:
    """The series of one name, by their labels' values in the order of the labels' names."""
    return {
        tuple(value for _, value in labels): number
        for (known, labels), number in found.items()
        if known == name
    }
