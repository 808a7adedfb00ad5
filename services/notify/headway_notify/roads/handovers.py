"""Handovers in the database: notifications on their way to one platform."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from headway.ledger.queries import load
from headway.stream.positions import Connection, Pool
from headway_notify.claiming import columns, settle
from headway_notify.deciding import NO_MAIL_TO
from headway_notify.roads.topic import Topic
from headway_notify.store import Outcome

QUERIES = load("headway_notify.roads", "queries.sql")


class Handover(NamedTuple):
    """A claimed one; `id` is the notification's."""

    id: int
    claim: UUID
    send_before: float
    member_id: str
    kind: str
    cause: str
    day: date
    facts: str
    detail: str
    tries_before: int
    age: float
    sealed: bytes | None
    """The contact, for platforms that want the address; `wrapped` is the key that opens it. None:
    there is none."""
    wrapped: bytes | None


class Handovers:
    """Those of one road; `topic` is told of what was sent, if any."""

    def __init__(self, road: str, topic: Topic | None = None) -> None:
        self.road = road
        self._topic = topic

    async def claim(
        self, pool: Pool, token: UUID, *, lease: float, send_before: float, most: int, now: datetime
    ) -> Sequence[Handover]:
        """Take up to `most` that may go at `now`."""
        async with pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(QUERIES.take_ready, self.road, now, most, NO_MAIL_TO)
            taken = settle(rows)
            if taken:
                arrays = columns(taken, "notification")
                await connection.execute(QUERIES.claim, token, lease, *arrays, self.road)
        return [
            Handover(
                one.row["notification"], token, send_before, one.row["member_id"],
                one.row["kind"], one.row["cause"], one.row["business_day"],
                one.facts or one.row["facts"], one.detail or one.row["detail"],
                one.row["attempts"], one.row["age"], one.row["sealed"], one.row["wrapped"],
            )
            for one in taken
            if not one.why_not
        ]  # fmt: skip

    async def mark(self, pool: Pool, outcomes: Sequence[Outcome]) -> None:
        """Write what became of them, and tell the topic of those that were sent."""
        async with pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                QUERIES.mark,
                [row.claim for row in outcomes],
                [row.id for row in outcomes],
                [row.state for row in outcomes],
                [row.reply for row in outcomes],
                [row.wait for row in outcomes],
                [row.provider_id for row in outcomes],
                [row.begun for row in outcomes],
                self.road,
            )
            if self._topic is not None:
                await self._topic.sent(connection, rows, self.road)

    async def lapse(self, pool: Pool, *, resend: bool) -> int:
        """Write claims that ran out as unknown; they are told again."""
        return len(await pool.fetch(QUERIES.lapse, self.road))


class Onward:
    """What follows a decision in its transaction: handovers for platforms, events for the topic."""

    def __init__(self, platforms: Sequence[str], topic: Topic | None) -> None:
        self._platforms = list(platforms)
        self._topic = topic

    async def decided(self, connection: Connection, notifications: Sequence[int]) -> None:
        """These were decided just now; those of them that do not go are left out."""
        ids = list(notifications)
        if self._platforms and ids:
            await connection.execute(QUERIES.hand_over, self._platforms, ids)
        if self._topic is not None and ids:
            await self._topic.requested(connection, await connection.fetch(QUERIES.decided, ids))
