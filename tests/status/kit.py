"""A small story for the status: real earn on real Kafka and Postgres, and the page beside it."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from headway.access.audit import operator
from headway.access.scopes import Scope
from headway.access.store import create
from headway.contracts import codec
from headway.status.serving import Parts, opened
from headway.status.settings import StatusSettings
from tests.earn import service
from tests.earn.service import Message, Place

JOINED = datetime(2024, 1, 10, 15, tzinfo=UTC)
BOUGHT = datetime(2024, 1, 11, 15, tzinfo=UTC)


def joined(member: str) -> Message:
    """A member joins."""
    value, _ = codec.encode(
        "member.joined", source="shop", id=f"join-{member}", time=JOINED, data={"member_id": member}
    )
    return "members", member.encode(), value


def bought(member: str, order: str, amount: object = 7000) -> Message:
    """An order of one line; what is not a whole number of cents will be refused."""
    line = {"line_id": "1", "sku": "s", "quantity": 1, "amount": 7000}
    value, _ = codec.encode(
        "order.paid", source="shop", id=f"paid-{order}", time=BOUGHT,
        data={"member_id": member, "order_id": order, "currency": "USD", "lines": [line]},
    )  # fmt: skip
    document = json.loads(value)
    document["data"]["lines"][0]["amount"] = amount
    return "orders", member.encode(), json.dumps(document).encode()


def settings(place: Place, **more: object) -> StatusSettings:
    """Of a status page for that place, on a port of its own choice."""
    known: dict[str, object] = {
        "kafka_bootstrap": place.kafka, "postgres_dsn": place.database,
        "topic_prefix": place.prefix, "group_prefix": place.prefix, "status_port": 0,
        "status_every": 0.5,
    }  # fmt: skip
    return StatusSettings.model_validate(known | more)


async def key(dsn: str, *scopes: Scope) -> str:
    """The text of a new API key with these scopes."""
    connection = await asyncpg.connect(dsn)
    try:
        return (await create(connection, "a test", scopes, operator())).text
    finally:
        await connection.close()


def basic(text: str) -> dict[str, str]:
    """The header that a browser sends once somebody has logged in with this key."""
    return {"Authorization": "Basic " + b64encode(f"ops:{text}".encode()).decode()}


@dataclass
class Installation:
    """A place with a dead letter and a group that nobody reads for, and its status page."""

    place: Place
    parts: Parts
    key: str

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.parts.web.port}"


@asynccontextmanager
async def installed(
    kafka: str, prefix: str, database: str, folder: Path
) -> AsyncIterator[Installation]:
    """Ann's first order was refused, bob's was not, and notify has not run for a while."""
    async with service.opened(kafka, prefix, database, folder) as place:
        await place.send([joined("ann"), joined("bob"), bought("bob", "b1")])
        await place.send([bought("ann", "a1", "70.00")])
        place.start()
        await place.until("select count(*) = 1 from dead_letters")
        await place.until("select count(*) = 2 from accounts where joined_at is not null")
        await place.until("select count(*) = 0 from outbox")
        await abandoned(kafka, prefix + "notify", prefix + "balance-changed")
        async with opened(settings(place)) as parts, parts.web, parts.watch:
            await parts.board.newest()
            writing = await key(database, Scope.ADMIN_READ, Scope.ADMIN_WRITE)
            yield Installation(place, parts, writing)


async def abandoned(kafka: str, group: str, topic: str) -> None:
    """A group that has read nothing of the topic, and has gone."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, group_id=group, enable_auto_commit=False
    )  # fmt: skip
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(6)]
        consumer.assign(partitions)
        await consumer.commit(dict.fromkeys(partitions, 0))
    finally:
        await consumer.stop()


@asynccontextmanager
async def reading(kafka: str, group: str, topic: str) -> AsyncIterator[None]:
    """A member of the group that has read and committed all of the topic."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        partitions = consumer.assignment()
        await consumer.seek_to_end()
        await consumer.commit({tp: await consumer.position(tp) for tp in partitions})
        yield
    finally:
        await consumer.stop()
