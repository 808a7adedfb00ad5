"""A whole service made of the stream's parts, to be killed, frozen and cut off by the proofs.

Each value of the topic is kept once in the table `seen` and published once through the outbox.
Arguments: topic in, topic out, group.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from aiokafka import TopicPartition

from headway.runtime.database import Database
from headway.runtime.fail_points import fail_point
from headway.runtime.health import Health
from headway.runtime.host import run
from headway.runtime.settings import Settings
from headway.stream.batch import Applied, Batch, Position
from headway.stream.consumer import BatchConsumer, ConsumerOptions
from headway.stream.outbox import OutboxRow, insert_outbox, shard_of_key
from headway.stream.positions import Connection, read_positions, write_positions
from headway.stream.relay import Relay, RelayOptions
from headway.stream.takeover import Restored


class Once:
    """Keeps every value once; a value with a NUL in it is refused by the database."""

    def __init__(self, database: Database, relay: Relay, group: str, out: str) -> None:
        self._database = database
        self._relay = relay
        self._group = group
        self._out = out
        self._pace = float(os.environ.get("TEST_PACE", "0"))

    async def positions(
        self, partitions: Sequence[TopicPartition]
    ) -> Mapping[TopicPartition, Position]:
        return await read_positions(self._database.pool, self._group, partitions)

    async def apply(self, batch: Batch) -> Applied:
        now = datetime.now(UTC)
        times = {TopicPartition(r.topic, r.partition): now for r in batch.records}
        async with self._database.pool.acquire() as connection:
            async with connection.transaction():
                await self._write(connection, [(r.value or b"").decode() for r in batch.records])
                await write_positions(connection, batch.positions(times))
                await asyncio.sleep(self._pace)
                if batch.records:
                    fail_point("test.before_commit")
            if batch.records:
                fail_point("test.after_commit")
        self._relay.wake()
        return Applied(times)

    async def _write(self, connection: Connection, values: list[str]) -> None:
        new = await connection.fetch(
            "insert into seen (value) select * from unnest($1::text[])"
            " on conflict do nothing returning value",
            sorted(set(values)),
        )
        await insert_outbox(
            connection,
            [
                OutboxRow(
                    shard_of_key(v["value"].encode()), self._out, v["value"].encode(), b"x", "[]"
                )
                for v in new
            ],
        )

    async def poison(self, batch: Batch, error: Exception) -> None:
        async with self._database.pool.acquire() as connection, connection.transaction():
            await connection.execute("insert into refused (why) values ($1)", type(error).__name__)
            await write_positions(connection, batch.positions())

    async def taken_over(self) -> None:
        """Nothing to confirm here."""

    async def restored(self, partitions: Mapping[TopicPartition, Restored]) -> None:
        await self._database.pool.execute("insert into refused (why) values ('restored')")


def main() -> None:
    """Run one member of the group."""
    topic, out, group = sys.argv[1:]
    settings, health = Settings(), Health()
    database = Database(settings, "test-member")
    relay = Relay(RelayOptions(settings.kafka_bootstrap, settings.postgres_dsn), health)
    consumer = BatchConsumer(
        ConsumerOptions(settings.kafka_bootstrap, group, (topic,), max_records=200),
        Once(database, relay, group, out),
        health,
        before_leaving=relay.finish,
    )
    run("member", [database, relay, consumer], settings, health)


if __name__ == "__main__":
    main()
