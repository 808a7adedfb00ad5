"""A steady load on an installation, and how far it is behind, seen from outside."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise

import asyncpg

from headway.contracts.topics import EARN_INPUTS, Topics
from headway.local.demo.dump import QUERIES
from headway.local.demo.publishing import Publisher
from headway.local.history.happenings import SourceEvent
from tests.proof.installation import ZONE, Installation

_SLICE_S = 0.2
_LOOK_EVERY_S = 0.1
_QUIET_S = 3


async def contacts_known(
    place: Installation, events: Sequence[SourceEvent]
) -> Sequence[SourceEvent]:
    """Send the contacts among the events, wait until notify has them; the events that are left.

    A history of many months passes in a minute here: a contact that waits a few seconds for its
    partition's new leader would come days after the mail that it was for.
    """
    contacts = [event for event in events if event.type == "contact.updated"]
    await place.publish(contacts)
    async with asyncio.timeout(60):
        while await place.count("notify.contacts") < len(contacts):
            await asyncio.sleep(_LOOK_EVERY_S)
    return [event for event in events if event.type != "contact.updated"]


class SteadyLoad:
    """Events sent at a fixed rate, as shops do whatever becomes of Kafka meanwhile.

    Each event has its moment; what could not be sent then is sent as soon as it can be, and is
    behind until it is in the ledger. So a Kafka that takes nothing shows as lag, and not as a
    shop that politely waits.
    """

    def __init__(self, place: Installation, events: Sequence[SourceEvent], per_second: int) -> None:
        self._place = place
        self._events = events
        self._per_second = per_second
        self._topics = Topics(place.settings.topic_prefix)
        self._read = {self._topics.prefix + name for name in EARN_INPUTS}
        self._started = 0.0
        self._hurries = False
        self._sent: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._judging: asyncio.Task[None] | None = None
        self._was_behind = 0.0
        self._due_for_earn = [0]
        self._applied: list[tuple[float, int]] = []
        for event in events:
            more = self._topics.of(event.type) in self._read
            self._due_for_earn.append(self._due_for_earn[-1] + more)

    def begin(self) -> None:
        """Send from now on, and look from now on."""
        self._started = time.monotonic()
        self._sent = asyncio.create_task(self._send())
        self._looking = asyncio.create_task(self._look())
        self._judging = asyncio.create_task(self._judge())

    @property
    def going_on(self) -> bool:
        """Whether there is still something to send."""
        return self._sent is not None and not self._sent.done()

    async def end(self) -> None:
        """Send what is left at once; raises what went wrong with sending."""
        assert self._sent is not None, "begin first"
        self._hurries = True
        await self._sent

    async def close(self) -> None:
        """Look no more, send no more."""
        for task in (self._sent, self._looking, self._judging):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def to_come(self) -> Sequence[SourceEvent]:
        """What is not due yet."""
        return self._events[self._due() :]

    def behind(self) -> int:
        """Events that were due by now and are not in the ledger."""
        applied = self._applied[-1][1] if self._applied else 0
        return self._due_for_earn[self._due()] - applied

    async def caught_up(self, within: float) -> None:
        """Wait until no more is behind than comes in three seconds, as in any quiet moment."""
        async with asyncio.timeout(within):
            while self._is_behind():
                await asyncio.sleep(_LOOK_EVERY_S)

    def behind_for(self, since: float) -> float:
        """Seconds, from that monotonic moment, until it was caught up for the last time."""
        return max(self._was_behind - since, 0.0)

    def longest_gap(self, since: float) -> float:
        """The longest time, since that monotonic moment, in which nothing was applied."""
        moved = [since, *(at for at, _ in self._applied if at >= since)]
        return max((later - earlier for earlier, later in pairwise(moved)), default=0.0)

    def _is_behind(self) -> bool:
        return self.behind() > _QUIET_S * self._per_second

    async def _judge(self) -> None:
        """Note the last moment at which too much was behind."""
        while True:
            if self._is_behind():
                self._was_behind = time.monotonic()
            await asyncio.sleep(_LOOK_EVERY_S)

    def _due(self) -> int:
        if self._hurries:
            return len(self._events)
        passed = time.monotonic() - self._started
        return min(len(self._events), int(passed * self._per_second))

    async def _send(self) -> None:
        publisher = Publisher(self._place.settings.kafka_bootstrap, self._topics)
        await publisher.start()
        try:
            sent = 0
            while sent < len(self._events):
                await asyncio.sleep(_SLICE_S)
                due = self._due()
                await publisher.publish(self._events[sent:due], ZONE)
                sent = due
        finally:
            await publisher.stop()

    async def _look(self) -> None:
        """Note each moment at which more was in the ledger than before."""
        while True:
            # A database that is away shows as nothing having been applied.
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                dsn = self._place.settings.postgres_dsn
                connection = await asyncpg.connect(dsn, timeout=2, command_timeout=2)
                try:
                    await self._look_with(connection)
                finally:
                    connection.terminate()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _look_with(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        group = self._place.settings.group("earn")
        while True:
            rows = await connection.fetch(QUERIES.applied, group)
            applied = sum(row["records"] for row in rows)
            if not self._applied or applied > self._applied[-1][1]:
                self._applied.append((time.monotonic(), applied))
            await asyncio.sleep(_LOOK_EVERY_S)
