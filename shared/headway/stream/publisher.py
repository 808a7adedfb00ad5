"""Sending outbox rows to Kafka in whole batches, with one acknowledgement for each batch."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from headway.runtime.kafka import Brokers, arguments
from headway.stream.batch import Header
from headway.stream.outbox import kafka_headers

Future = asyncio.Future[object]


class Sent(NamedTuple):
    """Rows that travel together, and the future of their acknowledgement."""

    rows: list[asyncpg.Record]
    ack: Future


@lru_cache(maxsize=65_536)
def _hash(key: bytes) -> int:
    """Kafka's default hash of a key; members come again and again."""
    return int(murmur2(key)) & 0x7FFFFFFF


@lru_cache(maxsize=256)
def _headers(text: str) -> list[Header]:
    """Most rows have the very same headers; nobody may change the list."""
    return kafka_headers(text)


def is_fine(ack: Future) -> bool:
    """Whether Kafka has acknowledged it."""
    return ack.done() and not ack.cancelled() and ack.exception() is None


class Publisher:
    """An idempotent producer that keeps the order of the rows it is given, per partition.

    One that has failed is closed and a new one made: its sequence numbers may be lost for good.
    """

    def __init__(self, kafka: Brokers) -> None:
        self._producer = AIOKafkaProducer(
            **arguments(kafka),
            enable_idempotence=True,
            acks="all",
            max_batch_size=256 * 1024,
            max_request_size=4 * 1024 * 1024,
        )

    async def start(self) -> None:
        """Connect; raises KafkaError."""
        await self._producer.start()

    async def stop(self, within: float = 3.0) -> None:
        """Close; what cannot reach Kafka is not waited for."""
        with contextlib.suppress(KafkaError, TimeoutError, OSError):
            async with asyncio.timeout(within):
                await self._producer.stop()

    async def send(self, rows: Sequence[asyncpg.Record]) -> list[Sent]:
        """Hand all rows to the producer, in their order; returns what to wait for.

        Raises KafkaError if a topic is not there; then nothing was sent.
        """
        known = {
            topic: sorted(await self._producer.partitions_for(topic))
            for topic in {row["topic"] for row in rows}
        }
        by_partition: dict[tuple[str, int], list[asyncpg.Record]] = {}
        for row in rows:
            topic, key = row["topic"], row["key"]
            partitions = known[topic]
            # A row without a key is a dead letter that had none; its shard spreads it.
            number = _hash(key) if key else row["shard"]
            place = topic, partitions[number % len(partitions)]
            by_partition.setdefault(place, []).append(row)
        sent = await asyncio.gather(
            *(self._send_partition(*place, mine) for place, mine in by_partition.items())
        )
        return [one for several in sent for one in several]

    async def _send_partition(
        self, topic: str, partition: int, rows: list[asyncpg.Record]
    ) -> list[Sent]:
        sent: list[Sent] = []
        now = int(time.time() * 1000)
        start = 0
        while start < len(rows):
            batch = self._producer.create_batch()
            taken = start
            for row in rows[start:]:
                added = batch.append(
                    timestamp=now,
                    key=row["key"] or None,
                    value=row["value"],
                    headers=_headers(row["headers"]),
                )
                if added is None:
                    break
                taken += 1
            batch.close()
            ack = await self._producer.send_batch(batch, topic, partition=partition)
            sent.append(Sent(rows[start:taken], ack))
            start = taken
        return sent
