"""What time it is: the system's, a fixed one, or the stream's own."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import mode

from headway.runtime.logging import event
from headway.stream.errors import TROUBLE
from headway.stream.positions import QUERIES, Pool

BEGINNING = datetime.min.replace(tzinfo=UTC)
"""The stream's time before anything was read: nothing can be due at it."""


class Clock(Protocol):
    """Anything that knows what time it is."""

    def now(self) -> datetime:
        """The current time: aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current time in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands where it is put; for tests and previews."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs an aware datetime")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The time this clock was put at."""
        return self._at

    def move_to(self, at: datetime) -> None:
        """Put the clock at another time, earlier or later."""
        self._at = at.astimezone(UTC)


class StreamClock(mode.Service):
    """The business time that a consumer group has reached, read from its rows in `positions`.

    It is the lowest business time among the partitions that are behind their log's end, else
    the highest of all; BEGINNING while a partition that is behind has not been read yet, or
    nothing was read at all. It never goes backwards. As a service it refreshes itself; `refresh`
    may be awaited to be sure of the latest. `pool` is asked for the pool at each refresh, for
    there is none before the database service has started.
    """

    def __init__(self, pool: Callable[[], Pool], group: str, every: float = 0.5) -> None:
        super().__init__()
        self._pool = pool
        self._group = group
        self._every = every
        self._latest = BEGINNING

    def now(self) -> datetime:
        """The time as of the last refresh, at most `every` seconds old while the service runs."""
        return self._latest

    async def refresh(self) -> datetime:
        """Read the positions and return the stream's time."""
        reached = await self._pool().fetchval(QUERIES.stream_time, self._group)
        if reached is not None and reached > self._latest:
            self._latest = reached
        return self._latest

    @mode.Service.task
    async def _keep_fresh(self) -> None:
        while not self.should_stop:
            try:
                await self.refresh()
            except TROUBLE as error:
                # The clock merely stands still: whoever writes with it meets the same trouble.
                event("clock", "stream clock not refreshed", error=repr(error))
            await asyncio.sleep(self._every)
