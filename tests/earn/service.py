"""Earn as its own processes, on a test's topics and database."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from headway.ledger.programs import publish
from headway.stream.topics_admin import create_topics

PROGRAM = """
name: Test
zone: America/New_York
from: 1990-01-01T00:00:00Z
currency: USD
points: {pending_days: 3}
rules:
  - {id: base, on: order.paid, award: {per_money: {points: 3, every: "7.00"}}}
  - {id: welcome, on: member.joined, pending_days: 0, award: {points: 5}}
"""

Message = tuple[str, bytes | None, bytes | None]
"""Topic without prefix, key, value."""


@dataclass
class Place:
    """Where a test's earn works, and what it has been sent."""

    kafka: str
    prefix: str
    database: str
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What a process is told of this place."""
        return os.environ | {
            "HEADWAY_KAFKA_BOOTSTRAP": self.kafka,
            "HEADWAY_POSTGRES_DSN": self.database,
            "HEADWAY_TOPIC_PREFIX": self.prefix,
            "HEADWAY_GROUP_PREFIX": self.prefix,
            "HEADWAY_MAX_RECORDS": "200",
            "HEADWAY_CLOCK": "stream",
        }

    def start(self, **settings: str) -> subprocess.Popen[bytes]:
        """Start one more process; settings are environment names without HEADWAY_."""
        given = {f"HEADWAY_{name}": value for name, value in settings.items()}
        with self._log(len(self.processes)).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "headway_earn"], env=self.environment | given, stderr=log
            )
        self.processes.append(process)
        return process

    def _log(self, number: int) -> Path:
        return self.folder / f"earn-{number}.log"

    def log(self, process: subprocess.Popen[bytes]) -> list[dict[str, Any]]:
        """The lines that a process has logged."""
        text = self._log(self.processes.index(process)).read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def has_taken_over(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether it has got partitions."""
        assert process.poll() is None, self._log(self.processes.index(process)).read_text()[-3000:]
        return any(line.get("event") == "takeover" for line in self.log(process))

    async def stop(self, process: subprocess.Popen[bytes]) -> int:
        """Ask it to stop; its exit code."""
        process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(process.wait, 30)

    async def cli(self, *arguments: str) -> str:
        """What a `headway` command says; it must succeed."""
        headway = Path(sys.executable).with_name("headway")
        process = await asyncio.create_subprocess_exec(
            headway, *arguments, env=self.environment, stdout=PIPE, stderr=PIPE
        )
        said, complaints = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, complaints.decode()
        return said.decode()

    async def send(self, messages: Iterable[Message]) -> None:
        """Publish in this order, as a shop's system would: acknowledged by all."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.kafka, acks="all", enable_idempotence=True, linger_ms=2,
            max_request_size=3 << 20,
        )  # fmt: skip
        await producer.start()
        try:
            acks = [
                await producer.send(self.prefix + topic, value, key=key)
                for topic, key, value in messages
            ]
            await asyncio.gather(*acks)
        finally:
            await producer.stop()

    async def fetch(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        connection = await asyncpg.connect(self.database)
        try:
            return [tuple(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()

    async def until(self, query: str, *arguments: object, within: float = 60) -> None:
        """Wait until a query says true, while every process that was not stopped runs."""
        async with asyncio.timeout(within):
            while (await self.fetch(query, *arguments))[0][0] is not True:
                await asyncio.sleep(0.1)

    async def read_all(self, topic: str) -> list[ConsumerRecord[bytes, bytes]]:
        """Every record of a topic up to its present end."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 << 20,
        )
        await consumer.start()
        try:
            name = self.prefix + topic
            tps = [TopicPartition(name, part) for part in await _partitions(consumer, name)]
            consumer.assign(tps)
            await consumer.seek_to_beginning(*tps)
            ends = await consumer.end_offsets(tps)
            found: list[ConsumerRecord[bytes, bytes]] = []
            for tp in tps:
                while await consumer.position(tp) < ends[tp]:
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        found += records
            return found
        finally:
            await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> Sequence[int]:
    while not (found := consumer.partitions_for_topic(topic)):
        await consumer._client.force_metadata_update()
        await asyncio.sleep(0.05)
    return sorted(found)


@asynccontextmanager
async def opened(
    kafka: str, prefix: str, database: str, folder: Path, program: str = PROGRAM
) -> AsyncIterator[Place]:
    """A place with its topics and its programme; no process of it outlives this."""
    await create_topics(kafka, prefix)
    await publish(database, program)
    place = Place(kafka, prefix, database, folder)
    try:
        yield place
    finally:
        for process in place.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
