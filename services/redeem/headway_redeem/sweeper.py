"""Releasing reservations that were held too long, by the system's clock. Runs in every process."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
import mode

from headway.contracts import codec
from headway.domain.account import Input
from headway.domain.redemption import Step
from headway.errors import InvariantViolated, Retryable
from headway.ledger import redemptions as ledger
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
from headway_redeem import metrics
from headway_redeem.homecoming import decide_step, touched_by, waiting
from headway_redeem.vouchers import let_go

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

SOURCE = "headway/jobs"
KIND = "redemption.timeout"

Late: TypeAlias = Mapping[int, tuple[asyncpg.Record, ledger.Redemption, ledger.Parts]]


class Sweeper(mode.Service):
    """Looks for late reservations, a bounded number in each transaction.

    Processes share the work: each skips the accounts that another one has locked.
    """

    def __init__(
        self, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"], programs: ProgramCache,
        clock: Clock, topic_prefix: str, health: Health, wake: Callable[[], None],
        *, every: float, batch: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self._pool = pool
        self._programs = programs
        self._clock = clock
        self._prefix = topic_prefix
        self._health = health
        self._wake = wake
        self._every = every
        self._batch = batch
        self._log = JobLog(pool, "redeem.release", every=every)

    @mode.Service.task
    async def _run(self) -> None:
        self._health.expect("sweeper", within=120)
        while not self.should_stop:
            self._health.beat("sweeper")
            if not await self._turn():
                await self.sleep(self._every)

    async def _turn(self) -> int:
        try:
            released = await self.run_once()
        except Exception as error:
            await self._log.failed(error)
            passing = isinstance(error, (*TROUBLE, Retryable))
            if not passing or classify(error) in (Verdict.HALVE, Verdict.FATAL):
                raise
            event("sweeper", "not now", level=logging.WARNING, error=repr(error))
            return 0
        await self._log.ran(released)
        return released

    async def run_once(self) -> int:
        """Release the oldest late reservation of up to a batch of accounts, and as many that
        pools have paid for; returns how many."""
        alone = await self._release_batch()
        async with self._pool().acquire() as connection:
            pooled = await ledger.late_pooled(connection, self._batch)
        return alone + sum([await self._release_pooled(one) for one in pooled])

    async def _release_pooled(self, redemption_id: str) -> bool:
        """Release one that others gave points for, whose accounts are locked with the holder's:
        in a transaction of its own, as those of a batch are locked in another order."""
        async with self._pool().acquire() as connection, connection.transaction():
            holder = await ledger.holder_of(connection, redemption_id)
            if holder is None:
                raise InvariantViolated(f"late redemption {redemption_id} is not there")
            accounts = touched_by(KIND, holder)
            rows = await connection.fetch(QUERIES.lock_accounts_by_id, accounts)
            if not await ledger.is_late(connection, redemption_id):
                return False
            [(redemption, parts)] = await ledger.read_redemptions(connection, [redemption_id])
            row = next(row for row in rows if row["account_id"] == holder.account_id)
            step = ledger.step_of(KIND, redemption, parts)
            item = self._timeout(row, redemption, step, _latest(rows))
            opened_for = waiting(rows, holder.account_id, item, step)
            books, _ = await open_locked(
                connection, self._programs, rows, lambda row: opened_for[row["account_id"]],
                self._prefix,
            )  # fmt: skip
            try:
                await decide_step(connection, books, holder.account_id, item, step)
            except (*TROUBLE, Retryable):
                raise
            except Exception as error:
                await _hold(connection, holder.account_id, error)
                return False
            moved = redemption.after(KIND, item.time)
            await ledger.move_redemption(connection, moved)
            await write(connection, books)
            await let_go(connection, books.programs, [moved])
            fail_point(f"{KIND}.before_commit")
        fail_point(f"{KIND}.after_commit")
        metrics.TIMED_OUT.inc()
        event("sweeper", "a reservation from a pool timed out", redemption=redemption_id)
        self._wake()
        return True

    async def _release_batch(self) -> int:
        async with self._pool().acquire() as connection, connection.transaction():
            late = await ledger.lock_late(connection, self._batch)
            if not late:
                return 0
            rows = [row for row, _, _ in late.values()]
            books, items = await open_locked(
                connection, self._programs, rows, lambda row: self._item(row, late), self._prefix
            )
            held = _decide(books, items)
            for account_id, why in held.items():
                await connection.execute(QUERIES.hold_account, account_id, why)
            moved = [
                late[decision.account.account_id][1].after(KIND, decision.input.time)
                for decision in books.decisions
            ]
            for redemption in moved:
                await ledger.move_redemption(connection, redemption)
            await write(connection, books)
            await let_go(connection, books.programs, moved)
            fail_point(f"{KIND}.before_commit")
        fail_point(f"{KIND}.after_commit")
        metrics.TIMED_OUT.inc(len(late) - len(held))
        event("sweeper", "reservations timed out", released=len(late) - len(held))
        self._wake()
        return len(late)

    def _item(self, row: asyncpg.Record, late: Late) -> Input:
        """Due by the system's clock, but in effect at the business time that all inputs go by."""
        _, redemption, parts = late[row["account_id"]]
        step = ledger.step_of(KIND, redemption, parts)
        return self._timeout(row, redemption, step, _latest([row]))

    def _timeout(
        self, row: asyncpg.Record, redemption: ledger.Redemption, step: Step,
        latest: datetime | None,
    ) -> Input:  # fmt: skip
        body = ledger.body_of(step, redemption.reward_id)
        now = self._clock.now()
        at = max(now, latest or now)
        digest = codec.digest(KIND, row["member_id"], body)
        return Input(SOURCE, f"timeout:{redemption.redemption_id}", KIND, at, step, digest, body)


def _latest(rows: Sequence[asyncpg.Record]) -> datetime | None:
    """The latest time of these accounts."""
    return max((row["account_time"] for row in rows if row["account_time"]), default=None)


async def _hold(connection: "Connection", account_id: int, error: Exception) -> None:
    await connection.execute(QUERIES.hold_account, account_id, _why(account_id, error))


def _why(account_id: int, error: Exception) -> str:
    metrics.HELD.inc()
    failure("sweeper", f"account {account_id} is held until a person looks", error)
    return f"{type(error).__name__}: {error}"[:500]


def _decide(books: Books, items: Mapping[int, Input]) -> dict[int, str]:
    """Decide each; an account on which that raises is held for a person, the others go on."""
    held: dict[int, str] = {}
    for account_id, item in items.items():
        try:
            books.decide(account_id, item)
        except Exception as error:
            held[account_id] = _why(account_id, error)
    return held
