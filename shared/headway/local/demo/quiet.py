"""Waiting until nothing is left to do anywhere."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final, Self

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from headway.contracts.topics import PARTITIONS, SERVICES
from headway.errors import UserError
from headway.local.demo.dump import QUERIES
from headway.runtime.settings import Settings

_LOOK_EVERY_S: Final = 0.2
_WITHOUT_PROGRESS_S: Final = 120.0
READS: Final = {service.name: service.reads for service in SERVICES if service.reads}
"""Which topics each service reads, without prefix."""


class Watch:
    """Looks at a running installation from outside: ends of logs, positions, tables."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kafka = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap)
        self._database: asyncpg.Connection[asyncpg.Record] | None = None

    async def __aenter__(self) -> Self:
        self._database = await asyncpg.connect(self._settings.postgres_dsn)
        await self._kafka.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._kafka.stop()
        if self._database is not None:
            await self._database.close()

    @property
    def database(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection to the ledger."""
        assert self._database is not None, "to be used inside `async with`"
        return self._database

    async def applied(self, service: str) -> dict[str, int]:
        """Records that a service has applied so far, by topic without prefix."""
        rows = await self.database.fetch(QUERIES.applied, self._settings.group(service))
        prefix = self._settings.topic_prefix
        return {row["topic"].removeprefix(prefix): row["records"] for row in rows}

    async def wait(self, until: datetime | None, look: Callable[[], None]) -> None:
        """Return when all that was sent is decided and published, twice in a row.

        With `until`, also: all accounts are settled to that moment, and all mails due by it have
        ended. `look` is called at every look, and may raise. UserError when nothing moves any more.
        """
        seen, quiet, stuck = "", 0, 0.0
        while quiet < 2:
            look()
            left = await self._left(until)
            quiet = 0 if left else quiet + 1
            stuck = stuck + _LOOK_EVERY_S if str(left) == seen else 0.0
            if left and stuck > _WITHOUT_PROGRESS_S:
                raise UserError(f"nothing moves any more; left to do: {left}", "see the logs")
            seen = str(left)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _left(self, until: datetime | None) -> dict[str, int]:
        """What is left to do, and how much of it."""
        left: dict[str, int] = {"outbox rows": await self.database.fetchval(QUERIES.outbox_waiting)}
        if until is not None:
            left["accounts to settle"] = await self.database.fetchval(QUERIES.accounts_due, until)
            left["mails to send"] = await self.database.fetchval(QUERIES.mails_to_come, until)
        for service, topics in READS.items():
            names = [self._settings.topic(topic) for topic in topics]
            ends = await self._kafka.end_offsets(
                [TopicPartition(name, number) for name in names for number in range(PARTITIONS)]
            )
            applied = sum((await self.applied(service)).values())
            left[f"records for {service}"] = sum(ends.values()) - applied
        return {what: number for what, number in left.items() if number}
