"""How fast dead letters may go out."""

import asyncio
import time
from collections.abc import Awaitable, Callable


class Pace:
    """At most `rate` turns a second, evenly: each is at least 1/rate after the one before."""

    def __init__(
        self,
        rate: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        if not rate > 0:
            raise ValueError("a pace needs a rate above 0")
        self._apart = 1 / rate
        self._now = now
        self._sleep = sleep
        self._next = now()

    async def turn(self) -> None:
        """Wait for the next turn."""
        wait = self._next - self._now()
        if wait > 0:
            await self._sleep(wait)
        self._next = max(self._next, self._now()) + self._apart
