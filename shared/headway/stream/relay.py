"""The relay: publishes outbox rows, awaits Kafka's acknowledgement, deletes exactly those rows."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import mode
from aiokafka.errors import KafkaError

from headway.runtime import metrics
from headway.runtime.fail_points import fail_point
from headway.runtime.health import Health
from headway.runtime.kafka import Brokers
from headway.runtime.logging import event
from headway.stream.backoff import Backoff
from headway.stream.errors import TROUBLE, Verdict, classify
from headway.stream.positions import QUERIES
from headway.stream.publisher import Future, Publisher, is_fine
from headway.stream.shards import ShardLocks


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """How a relay works. Times are in seconds."""

    kafka: Brokers
    dsn: str
    rows_per_shard: int = 500
    """Read at once from each shard, at most."""
    shortest_poll: float = 0.01
    longest_poll: float = 0.1
    balance_every: float = 1.0
    ping_every: float = 3.0
    """While acknowledgements are awaited: well under the session's idle limit."""
    ack_within: float = 30.0
    count_up_to: int = 50_001
    """How far waiting rows are counted; one more than the limit that pauses a consumer."""


class Relay(mode.Service):
    """Publishes the shards it owns; any number of relays share them.

    `wake` after a commit makes it look at once; `waiting` is how many rows the outbox held
    when last counted, about once a second, up to `count_up_to`.
    """

    def __init__(self, options: RelayOptions, health: Health) -> None:
        super().__init__()
        self._options = options
        self._health = health
        self._awake = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self._finishing = False
        self._progress = time.monotonic()
        self._backoff = Backoff()
        self.waiting = 0
        self.round_trips = 0

    def wake(self) -> None:
        """There is something to publish: do not wait for the next poll."""
        self._awake.set()

    def backlog(self) -> int:
        """Rows waiting when last counted; for the consumer's `hold`."""
        return self.waiting

    @mode.Service.task
    async def _run(self) -> None:
        self._ended.clear()
        self._health.ready("relay", "not connected yet")
        self._health.expect("relay", within=120)
        try:
            while not (self.should_stop or self._finishing):
                self._health.beat("relay")
                try:
                    await self._session()
                except Exception as error:
                    if not isinstance(error, KafkaError) and classify(error) is not Verdict.RETRY:
                        raise
                    cause = "kafka" if isinstance(error, KafkaError) else "postgres"
                    metrics.OUTBOX_TROUBLE.labels(cause).inc()
                    self._health.ready("relay", f"starting over: {error!r}")
                    event("relay", "starting over", level=logging.WARNING, error=repr(error))
                    await self.sleep(self._backoff.next())
        finally:
            self._health.ready("relay", "stopped")
            self._ended.set()

    async def _session(self) -> None:
        """Publish with one connection and one producer until either fails or the service stops."""
        async with contextlib.AsyncExitStack() as stack:
            connection = await _connect(self._options.dsn)
            stack.push_async_callback(_close, connection)
            publisher = Publisher(self._options.kafka)
            stack.push_async_callback(publisher.stop)
            await publisher.start()
            locks = ShardLocks(connection)
            await locks.enlist()
            self._health.ready("relay")
            await self._publish(connection, publisher, locks)

    async def _publish(
        self,
        connection: "asyncpg.Connection[asyncpg.Record]",
        publisher: Publisher,
        locks: ShardLocks,
    ) -> None:
        poll, balanced = self._options.shortest_poll, 0.0
        while True:
            self._health.beat("relay")
            if time.monotonic() - balanced >= self._options.balance_every:
                await self._balance(connection, locks)
                balanced = time.monotonic()
            self._awake.clear()
            sent = await self.publish_once(connection, publisher, locks.held)
            if sent:
                poll = self._options.shortest_poll
                continue
            if self.should_stop or self._finishing:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._awake.wait(), poll)
            poll = min(poll * 2, self._options.longest_poll)

    async def publish_once(
        self,
        connection: "asyncpg.Connection[asyncpg.Record]",
        publisher: Publisher,
        shards: Sequence[int],
    ) -> int:
        """Read, send, await, delete: two statements however many rows; returns rows published.

        Raises KafkaError or TimeoutError if any row was not acknowledged; those that were are
        deleted all the same.
        """
        rows = await connection.fetch(QUERIES.outbox_read, shards, self._options.rows_per_shard)
        self._count_trips(1)
        if not rows:
            self._progress = time.monotonic()
            metrics.OUTBOX_STALLED.set(0)
            return 0
        metrics.OUTBOX_STALLED.set(time.monotonic() - self._progress)
        sending = asyncio.create_task(publisher.send(rows))
        try:
            if await self._wait(connection, {sending}):
                raise TimeoutError("Kafka takes no messages")
        finally:
            sending.cancel()
        sent = sending.result()
        trouble = await self._await_acks(connection, [one.ack for one in sent])
        acked = [row for one in sent if is_fine(one.ack) for row in one.rows]
        fail_point("relay.after_send")
        if acked:
            await connection.execute(
                QUERIES.outbox_delete, [r["shard"] for r in acked], [r["id"] for r in acked]
            )
            self._count_trips(1)
            self._progress = time.monotonic()
            # Not on connecting: what Kafka refuses for long (a clock that is off, say) would be
            # tried ten times a second.
            self._backoff.reset()
            self._count_sent(acked)
        if trouble is not None:
            raise trouble
        return len(acked)

    async def _await_acks(
        self, connection: "asyncpg.Connection[asyncpg.Record]", acks: list[Future]
    ) -> Exception | None:
        """Wait for all; returns what went wrong, if anything did."""
        pending = await self._wait(connection, {ack for ack in acks if not ack.done()})
        errors = [ack.exception() for ack in acks if ack.done() and not is_fine(ack)]
        for error in errors:
            if isinstance(error, Exception):
                return error
        if errors or pending:
            return TimeoutError(f"{len(pending)} batches not acknowledged by Kafka")
        return None

    async def _wait(
        self,
        connection: "asyncpg.Connection[asyncpg.Record]",
        pending: "set[asyncio.Future[Any]]",
    ) -> "set[asyncio.Future[Any]]":
        """Wait for Kafka, but not for ever; returns what is still pending then.

        The connection is used meanwhile, for an idle one is cut with its locks.
        """
        until = time.monotonic() + self._options.ack_within
        while pending and time.monotonic() < until:
            _, pending = await asyncio.wait(pending, timeout=self._options.ping_every)
            if pending:
                await connection.execute("select 1")
                self._count_trips(1)
        return pending

    async def _balance(
        self, connection: "asyncpg.Connection[asyncpg.Record]", locks: ShardLocks
    ) -> None:
        await locks.balance()
        metrics.OUTBOX_SHARDS.set(len(locks.held))
        self.waiting = await connection.fetchval(QUERIES.outbox_waiting, self._options.count_up_to)
        metrics.OUTBOX_WAITING.set(self.waiting)
        self._count_trips(3)

    def _count_trips(self, trips: int) -> None:
        self.round_trips += trips
        metrics.OUTBOX_TRIPS.inc(trips)

    def _count_sent(self, rows: Sequence[asyncpg.Record]) -> None:
        by_topic: dict[str, int] = {}
        for row in rows:
            by_topic[row["topic"]] = by_topic.get(row["topic"], 0) + 1
        for topic, count in by_topic.items():
            metrics.OUTBOX_SENT.labels(topic).inc(count)

    async def finish(self, within: float = 5.0) -> None:
        """Stop once the shards held are empty, or when the time is up; what is left stays."""
        self._finishing = True
        self.wake()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), within)

    async def on_stop(self) -> None:
        """As `finish`, which may have been called already."""
        await self.finish()


async def _connect(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(
        dsn,
        command_timeout=10,
        server_settings={
            "application_name": "headway-relay",
            # A frozen relay must not keep its shards: ten idle seconds and its session ends.
            "idle_session_timeout": "10000",
        },
    )


async def _close(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    try:
        await connection.close(timeout=2)
    except TROUBLE:
        connection.terminate()
