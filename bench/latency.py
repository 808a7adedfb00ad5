"""How long an order takes to become a published balance, at a steady rate that never waits.

Open loop: order n is due at start + n / rate, whatever has come back by then, and its latency
counts from when it was due, not from when it could be sent. So a stall is felt by every order
that falls into it.
"""

import asyncio
import random
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import quantiles

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench import sides
from bench.orders import HEADERS, Shape, member_name, order
from bench.servers import Databases, create_topics
from bench.timing import RunFailed, stop
from headway.contracts.topics import PARTITIONS, Topics

WARM_UP = 2_000
PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Latency:
    """Of one side, in milliseconds from when an order was due to when its message was read."""

    rate: int
    orders: int
    p50: float
    p99: float
    worst: float


@dataclass
class _Trip:
    """Orders out, messages back."""

    producer: AIOKafkaProducer
    consumer: AIOKafkaConsumer
    topic: str
    members: int
    due: dict[str, float] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)
    sent: int = 0

    async def send(self, count: int, rate: int) -> None:
        """Send `count` orders, each when it is due."""
        shape, chance = Shape(count, self.members), random.Random(self.sent)
        start = time.time() + 0.1
        acks = []
        for number in range(count):
            due = start + number / rate
            if (wait := due - time.time()) > 0:
                await asyncio.sleep(wait)
            member = member_name(chance.randrange(self.members))
            key, value = order(self.sent, member, datetime.fromtimestamp(due, UTC), shape, chance)
            self.due[f"order-{self.sent:08d}-paid"] = due
            self.sent += 1
            acks.append(await self.producer.send(self.topic, value, key=key, headers=HEADERS))
        await asyncio.gather(*acks)

    async def receive(self) -> None:
        """Note when each order's message comes back; the first of each counts."""
        while True:
            got = await self.consumer.getmany(timeout_ms=1_000)
            now = time.time()
            for records in got.values():
                for record in records:
                    due = self.due.pop(orjson.loads(record.value)["data"]["cause"]["id"], None)
                    if due is not None:
                        self.late.append((now - due) * 1_000)

    async def drained(self) -> None:
        """Wait until every order sent has come back."""
        until = time.time() + PATIENCE_S
        while self.due:
            if time.time() > until:
                raise RunFailed(f"{len(self.due)} orders of {self.sent} never came back")
            await asyncio.sleep(0.05)


async def latency(
    side: str, ground: sides.Ground, databases: Databases, rate: int, seconds: int
) -> Latency:
    """Run one side on topics of its own, warm it up, then time `rate * seconds` orders."""
    prefix = f"{ground.prefix}latency-{side}."
    await create_topics(ground.bootstrap, prefix)
    dsn = await databases.fresh("bench_run", sides.template(side))
    own = sides.Ground(ground.bootstrap, prefix, ground.shape, ground.batch_size)
    launch = sides.launch(side, own, dsn, prefix + "group")
    producer = AIOKafkaProducer(bootstrap_servers=ground.bootstrap, enable_idempotence=True)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=ground.bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    topics = Topics(prefix)
    program = await asyncio.to_thread(subprocess.Popen, launch.command, env=launch.environment)
    try:
        async with producer, consumer:
            consumer.assign(
                [TopicPartition(topics.balance_changed, number) for number in range(PARTITIONS)]
            )
            trip = _Trip(producer, consumer, topics.orders, ground.shape.members)
            return await _time(trip, rate, seconds)
    finally:
        await asyncio.to_thread(stop, program)


async def _time(trip: _Trip, rate: int, seconds: int) -> Latency:
    receiving = asyncio.create_task(trip.receive())
    try:
        await trip.send(WARM_UP, rate)
        await trip.drained()
        trip.late.clear()
        await trip.send(rate * seconds, rate)
        await trip.drained()
    finally:
        receiving.cancel()
    return summary(trip.late, rate)


def summary(late: Sequence[float], rate: int) -> Latency:
    """The median, the 99th percentile and the worst."""
    cuts = quantiles(late, n=100, method="inclusive")
    return Latency(rate, len(late), round(cuts[49], 1), round(cuts[98], 1), round(max(late), 1))


Latencies = Mapping[str, Latency]
