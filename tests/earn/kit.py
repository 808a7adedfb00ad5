"""Batches as the consumer would hand them over, and a handler on a real database."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from aiokafka import TopicPartition

from headway.contracts import codec
from headway.contracts.registry import CONTRACTS
from headway.ledger.programs import publish
from headway.ledger.verify import verify
from headway.runtime.clock import FixedClock
from headway.runtime.database import Database
from headway.runtime.settings import Settings
from headway.stream.batch import Batch, Record
from headway_earn.batch import EarnHandler

GROUP = "g-earn"
PREFIX = "t."
NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
START = datetime(2024, 1, 10, 15, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

PROGRAM = """
name: Test
zone: America/New_York
from: 1990-01-01T00:00:00Z
currency: USD
points: {pending_days: 3, expiry: {months: 2, round_up: month}, clawback: allow_negative}
rules:
  - {id: base, on: order.paid, award: {per_money: {points: 3, every: "7.00"}}}
  - {id: boots, on: order.paid, when: {category: [boots]}, group: c, award: {multiply: "1.5"}}
  - {id: gold, on: order.paid, when: {tier: [gold]}, group: t, award: {multiply: "1.25"}}
  - {id: welcome, on: member.joined, pending_days: 0, award: {points: 5}}
  - {id: review, on: review.published, pending_days: 0, award: {points: 10}}
  - {id: visit, on: activity.recorded, when: {activity: [visit]}, award: {points: 3}}
  - {id: friend, on: referral.completed, award: {points: 7, to: friend}}
  - {id: referrer, on: referral.completed, award: {points: 9, to: referrer}}
tiers:
  window: calendar_year
  levels: [{id: club, name: Club, from: "0"}, {id: gold, name: Gold, from: "30.00"}]
rewards:
  - {id: small, name: Small, points: 8, value: "1.00 USD"}
"""


@dataclass
class Topics:
    """Source topics in memory: hands out records with rising offsets, and batches of them."""

    ends: dict[TopicPartition, int] = field(default_factory=dict)
    told: int = 0

    def raw(
        self,
        value: bytes | None,
        *,
        key: bytes | None = b"m",
        topic: str = "orders",
        partition: int = 0,
        headers: Iterable[tuple[str, bytes | None]] = codec.HEADERS,
    ) -> Record:
        """Any bytes at all, appended to a topic."""
        place = TopicPartition(PREFIX + topic, partition)
        offset = self.ends[place] = self.ends.get(place, -1) + 1
        return Record(place.topic, partition, offset, key, value, tuple(headers), 0)

    def tell(
        self,
        kind: str,
        member: str = "m",
        *,
        at: datetime = START,
        id_: str = "",
        partition: int = 0,
        **data: Any,
    ) -> Record:
        """A proper event, appended to its topic."""
        self.told += 1
        value, headers = codec.encode(
            kind, source="test", id=id_ or f"e{self.told:06}", time=at,
            data={"member_id": member, **data},
        )  # fmt: skip
        return self.raw(
            value, key=member.encode(), topic=CONTRACTS[kind].topic, partition=partition,
            headers=headers,
        )  # fmt: skip

    def buy(self, order_id: str, cents: int = 10000, member: str = "m", **more: Any) -> Record:
        """An order of one line."""
        line = {"line_id": "1", "sku": "s", "quantity": 1, "amount": cents, **more.pop("line", {})}
        told = {"order_id": order_id, "currency": "USD", "lines": [line], **more}
        return self.tell("order.paid", member, **told)

    def join(self, member: str = "m", at: datetime = START - DAY) -> Record:
        """A member joins."""
        return self.tell("member.joined", member, at=at)


def batch(*records: Record) -> Batch:
    """Those records as one batch."""
    following = {TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}
    return Batch(GROUP, records, following, following)


@dataclass
class Earn:
    """A handler, the pool it writes through, and how often the relay was woken."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    handler: EarnHandler
    wakes: list[None]

    async def apply(self, *records: Record) -> Mapping[str, object]:
        """Apply the records as one batch; the facts of its log line."""
        return (await self.handler.apply(batch(*records))).facts

    async def rows(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        """The rows of a query as tuples."""
        return [tuple(row) for row in await self.pool.fetch(query, *arguments)]

    async def account(self, member: str = "m") -> asyncpg.Record:
        """The member's row."""
        row = await self.pool.fetchrow("select * from accounts where member_id = $1", member)
        assert row is not None, f"no account of {member}"
        return row

    async def outcomes(self) -> list[tuple[str, str, str]]:
        """(kind, outcome, reason) of every input, in order."""
        return await self.rows("select kind, outcome, reason from inputs order by account_id, n")

    async def published(self) -> list[tuple[str, bytes, bytes | None, str]]:
        """(topic, key, value, headers) of every message in the outbox, in order."""
        return [
            (row[0].removeprefix(PREFIX), *row[1:])
            for row in await self.rows("select topic, key, value, headers from outbox order by id")
        ]

    async def verified(self) -> None:
        """The ledger keeps every promise that `headway verify` looks at."""
        async with (
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            report = await verify(connection)
        assert [(c.name, c.findings) for c in report.checks.values() if not c.ok] == []
        assert sum(check.examined for check in report.checks.values()) > 0

    async def letters(self) -> list[tuple[str, str]]:
        """(reason, field) of every dead letter, in order."""
        return await self.rows("select reason, field from dead_letters order by id")


@asynccontextmanager
async def earning(dsn: str, *, now: datetime = NOW, program: str = PROGRAM) -> AsyncIterator[Earn]:
    """A handler on a database with this programme."""
    await publish(dsn, program)
    database = Database(Settings(postgres_dsn=dsn, pool_size=4), "test")
    await database.on_start()
    try:
        earn = handler_on(database.pool, now)
        yield earn
        await earn.verified()
    finally:
        await database.on_shutdown()


def handler_on(pool: "asyncpg.Pool[asyncpg.Record]", now: datetime = NOW) -> Earn:
    """One more handler, as another process would have it."""
    wakes: list[None] = []
    handler = EarnHandler(lambda: pool, GROUP, PREFIX, FixedClock(now), lambda: wakes.append(None))
    return Earn(pool, handler, wakes)
