"""Giving the certificates that issued themselves their codes. Runs in every process.

Whoever earns takes no codes: a pool may be empty, and points must not wait for it.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import asyncpg
import mode

from headway.errors import Retryable
from headway.ledger import codes
from headway.ledger import redemptions as ledger
from headway.ledger.programs import ProgramCache
from headway.operations.jobs import JobLog
from headway.program.program import Programs
from headway.runtime.clock import Clock
from headway.runtime.health import Health
from headway.runtime.logging import event
from headway.stream.errors import TROUBLE, Verdict, classify
from headway_redeem import metrics
from headway_redeem.vouchers import pool_of, valid_until

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

AT_ONCE = 200


class CodeGiver(mode.Service):
    """Looks for certificates without a code, a bounded number in each transaction.

    Processes share the work: each skips the accounts that another one has locked. An empty pool is
    told and tried again; it keeps no certificate of another pool waiting.
    """

    def __init__(
        self, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"], programs: ProgramCache,
        clock: Clock, health: Health, *, every: float,
    ) -> None:  # fmt: skip
        super().__init__()
        self._pool = pool
        self._programs = programs
        self._clock = clock
        self._health = health
        self._every = every
        self._log = JobLog(pool, "redeem.give-codes", every=every)

    @mode.Service.task
    async def _run(self) -> None:
        self._health.expect("code-giver", within=120)
        while not self.should_stop:
            self._health.beat("code-giver")
            await self._turn()
            await self.sleep(self._every)

    async def _turn(self) -> None:
        try:
            given = await self.run_all()
        except Exception as error:
            await self._log.failed(error)
            passing = isinstance(error, (*TROUBLE, Retryable))
            if not passing or classify(error) in (Verdict.HALVE, Verdict.FATAL):
                raise
            event("code-giver", "not now", level=logging.WARNING, error=repr(error))
        else:
            await self._log.ran(given)

    async def run_all(self) -> int:
        """Give codes until nothing waits but for empty pools; returns how many were given."""
        given, empty = 0, frozenset[str]()
        while True:
            found, lacking = await self.run_once(empty)
            given += found
            if not found and lacking <= empty:
                break
            empty |= lacking
        metrics.WITHOUT_CODES.set(len(empty))
        if empty:
            event(
                "code-giver", "certificates wait for codes: add some with `headway codes`",
                level=logging.ERROR, rewards=sorted(empty),
            )  # fmt: skip
        return given

    async def run_once(self, empty: frozenset[str] = frozenset()) -> tuple[int, frozenset[str]]:
        """Give up to AT_ONCE codes, of other rewards than those; how many, and of which rewards
        there were too few."""
        given, lacking = 0, set[str]()
        async with self._pool().acquire() as connection, connection.transaction():
            waiting = await ledger.lock_without_code(connection, AT_ONCE, empty)
            latest = await connection.fetchval(ledger.QUERIES.latest_program) if waiting else 0
            for redemption in waiting:
                programs = await self._programs.get(connection, latest)
                if redemption.reward_id in lacking:
                    continue
                if await self._give(connection, programs, redemption):
                    given += 1
                else:
                    lacking.add(redemption.reward_id)
        if given:
            metrics.CODES_GIVEN.inc(given)
            event("code-giver", "codes given", given=given)
        return given, frozenset(lacking)

    async def _give(
        self, connection: "Connection", programs: Programs, redemption: ledger.Redemption
    ) -> bool:
        """Take a code and give it; it is valid from now on. False when the pool has none."""
        code = await codes.take(connection, pool_of(programs, redemption), redemption.redemption_id)
        if code is None:
            return False
        await ledger.give_code(connection, redemption.redemption_id, code)
        now = max(self._clock.now(), redemption.updated_at)
        until = valid_until(programs, redemption._replace(updated_at=now))
        await codes.follow(connection, redemption.redemption_id, "confirmed", until)
        return True
