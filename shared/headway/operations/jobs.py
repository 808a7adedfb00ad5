"""How the periodic jobs do: when each last ran, how it ended, when it should have run again."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import asyncpg

from headway.ledger.queries import load
from headway.runtime.logging import event
from headway.stream.errors import TROUBLE, Verdict, classify
from headway.stream.positions import Connection, Pool

QUERIES = load("headway.operations", "operations.sql")
WRITE_EVERY = 10.0
"""Seconds between two rows of a job, unless it begins or ceases to fail."""
_WRITE_WITHIN = 5.0
"""Seconds that writing one may take: the job has its own beat to keep."""


class JobRun(NamedTuple):
    """The latest run of a job in any process that was written down. `did`: how much it had done
    since the one before; `since`: how long the outcome has been that; `overdue_s`: seconds since it
    should have run again, 0 if that is not yet."""

    job: str
    ran_at: datetime
    outcome: str
    since: datetime
    ok_at: datetime | None
    did: int
    trouble: str
    next_at: datetime
    overdue_s: float


async def read_jobs(db: Pool | Connection) -> list[JobRun]:
    """All jobs that have ever run, by name."""
    return [JobRun(*row) for row in await db.fetch(QUERIES.jobs)]


class JobLog:
    """Writes down how one job of this process does. Nobody waits for it: what cannot be written
    is left out, and told in the log."""

    def __init__(self, pool: Callable[[], Pool], job: str, *, every: float) -> None:
        """`job` is SERVICE.WHAT; `every`: seconds between two runs, at most."""
        self._pool = pool
        self._job = job
        self._within = max(every, WRITE_EVERY) + WRITE_EVERY
        self._tried_at = float("-inf")
        self._tried = ""
        self._did = 0

    async def ran(self, did: int) -> None:
        """It ran well and did so much."""
        self._did += did
        await self._write("ok", "")

    async def failed(self, error: BaseException) -> None:
        """It could not run, or not to its end."""
        await self._write("failed", type(error).__name__)

    async def _write(self, outcome: str, trouble: str) -> None:
        now = time.monotonic()
        if outcome == self._tried and now - self._tried_at < WRITE_EVERY:
            return
        self._tried, self._tried_at = outcome, now
        try:
            async with asyncio.timeout(_WRITE_WITHIN):
                await self._pool().execute(
                    QUERIES.job_ran, self._job, outcome, self._did, trouble, self._within
                )
        except (asyncpg.InsufficientPrivilegeError, *TROUBLE) as error:
            refused = isinstance(error, asyncpg.InsufficientPrivilegeError)
            if not refused and classify(error) is not Verdict.RETRY:
                raise
            event(
                "jobs", f"how {self._job} does cannot be written down", level=logging.WARNING,
                error=type(error).__name__,
            )  # fmt: skip
        else:
            self._did = 0
