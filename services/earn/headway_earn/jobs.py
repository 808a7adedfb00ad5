"""Settling accounts that nothing wakes: pending points that are due, expiry, falling tiers.

No result depends on when this runs: a decision settles its account first anyway.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

import asyncpg
import mode

from headway.contracts import codec
from headway.domain.account import Input
from headway.errors import InvariantViolated, Retryable
from headway.ledger.books import Books, open_locked
from headway.ledger.programs import ProgramCache
from headway.ledger.reading import QUERIES
from headway.ledger.writing import write
from headway.operations.jobs import JobLog
from headway.runtime.clock import Clock
from headway.runtime.fail_points import fail_point
from headway.runtime.health import Health
from headway.runtime.logging import event, failure
from headway.stream.errors import TROUBLE, Verdict, classify
from headway_earn import metrics
from headway_earn.counting import count_decisions

SOURCE = "headway/jobs"
_NOTHING = b"{}"


class Jobs(mode.Service):
    """Looks for due accounts and settles them, a bounded number in each transaction."""

    def __init__(
        self,
        pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"],
        clock: Clock,
        topic_prefix: str,
        health: Health,
        wake: Callable[[], None],
        *,
        every: float,
        batch: int,
    ) -> None:
        super().__init__()
        self._pool = pool
        self._clock = clock
        self._prefix = topic_prefix
        self._health = health
        self._wake = wake
        self._every = every
        self._batch = batch
        self._programs = ProgramCache()
        self._log = JobLog(pool, "earn.settle", every=every)

    @mode.Service.task
    async def _run(self) -> None:
        self._health.expect("jobs", within=120)
        while not self.should_stop:
            self._health.beat("jobs")
            settled = await self._turn()
            if settled < self._batch:
                await self.sleep(self._every)

    async def _turn(self) -> int:
        try:
            settled = await self.run_once()
        except Exception as error:
            await self._log.failed(error)
            passing = isinstance(error, (*TROUBLE, Retryable))
            if not passing or classify(error) in (Verdict.HALVE, Verdict.FATAL):
                raise
            event("jobs", "not now", level=logging.WARNING, error=repr(error))
            return 0
        await self._log.ran(settled)
        return settled

    async def run_once(self) -> int:
        """Settle up to one batch of due accounts to the clock; returns how many were taken."""
        now = self._clock.now()
        async with self._pool().acquire() as connection:
            async with connection.transaction():
                rows = await connection.fetch(QUERIES.lock_due_accounts, now, self._batch)
                if not rows:
                    return 0
                books, ticks = await open_locked(
                    connection, self._programs, rows, lambda row: _tick(row, now), self._prefix
                )
                held = _settle(books, ticks)
                for account_id, why in held.items():
                    await connection.execute(QUERIES.hold_account, account_id, why)
                await write(connection, books)
                fail_point("jobs.before_commit")
            fail_point("jobs.after_commit")
        metrics.JOBS_SETTLED.inc(len(rows) - len(held))
        metrics.JOBS_HELD.inc(len(held))
        count_decisions(books.decisions)
        self._wake()
        await asyncio.sleep(0)
        return len(rows)


def _tick(row: asyncpg.Record, now: datetime) -> Input:
    id_ = f"{row['account_id']}:{row['next_due_at'].isoformat()}"
    digest = codec.digest("tick", row["member_id"], _NOTHING)
    return Input(SOURCE, id_, "tick", now, None, digest, _NOTHING)


def _settle(books: Books, ticks: dict[int, Input]) -> dict[int, str]:
    """Decide every tick; an account whose tick raises is held for a person, the others go on."""
    held: dict[int, str] = {}
    for account_id, tick in ticks.items():
        if (tick.source, tick.id) in books.known.inputs:
            raise InvariantViolated(
                f"account {account_id} is due again for what it was settled for: {tick.id}"
            )
        try:
            books.decide(account_id, tick)
        except InvariantViolated:
            raise
        except Exception as error:
            held[account_id] = f"{type(error).__name__}: {error}"[:500]
            failure("jobs", f"account {account_id} is held until a person looks", error)
    return held
