"""A table of things to be handed over, as those who hand over and mark see it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from headway.stream.positions import Pool
from headway_notify import store
from headway_notify.roads.topic import Topic
from headway_notify.store import Claimed, Outcome


class Item(Protocol):
    """One claimed row: this process alone may hand it over, until `send_before` (monotonic)."""

    @property
    def id(self) -> int: ...
    @property
    def claim(self) -> UUID: ...
    @property
    def send_before(self) -> float: ...
    @property
    def tries_before(self) -> int: ...
    @property
    def age(self) -> float: ...


ItemT = TypeVar("ItemT", bound=Item)
ItemT_co = TypeVar("ItemT_co", bound=Item, covariant=True)


class Lives(Protocol[ItemT_co]):
    """Rows from decided to an end: claimed, marked, and lapsed where whoever claimed them died."""

    road: str
    """What it is paused and told by."""

    async def claim(
        self, pool: Pool, token: UUID, *, lease: float, send_before: float, most: int, now: datetime
    ) -> Sequence[ItemT_co]:
        """Take up to `most` rows that may go at `now`."""
        ...

    async def mark(self, pool: Pool, outcomes: Sequence[Outcome]) -> None:
        """Write what became of claimed rows."""
        ...

    async def lapse(self, pool: Pool, *, resend: bool) -> int:
        """Write claims that ran out as unknown; returns how many."""
        ...


class Mails:
    """Notifications themselves, which go by mail; `topic` is told of what was sent, if any."""

    road = "mail"

    def __init__(self, topic: Topic | None = None, carrier: str = "smtp") -> None:
        self._topic = topic
        self._carrier = carrier

    async def claim(
        self, pool: Pool, token: UUID, *, lease: float, send_before: float, most: int, now: datetime
    ) -> Sequence[Claimed]:
        """Take up to `most` mails that may go at `now`."""
        return await store.claim(
            pool, token, lease=lease, send_before=send_before, most=most, now=now
        )

    async def mark(self, pool: Pool, outcomes: Sequence[Outcome]) -> None:
        """Write what became of them, and tell the topic of those that were sent."""
        if self._topic is None:
            await store.mark(pool, outcomes)
            return
        async with pool.acquire() as connection, connection.transaction():
            rows = await store.mark(connection, outcomes)
            await self._topic.sent(connection, rows, self._carrier)

    async def lapse(self, pool: Pool, *, resend: bool) -> int:
        """Write claims that ran out as unknown."""
        return await store.lapse(pool, resend=resend)
