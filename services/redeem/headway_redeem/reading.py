"""What all that looks things up shares: each answer is of one snapshot; nothing writes or locks."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from headway.domain.account import Account
from headway.ledger import redemptions as ledger
from headway.ledger import snapshot
from headway.ledger.programs import ProgramCache
from headway.program.program import Programs
from headway.runtime.clock import Clock
from headway_redeem import problems
from headway_redeem.redemptions import unknown_member
from headway_redeem.refusal import Refusal

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


class Found(NamedTuple):
    """A member as the ledger has them, without lots, and what is needed to judge them."""

    account: Account
    programs: Programs
    epoch: int


class Reading:
    """Reads at the clock's now."""

    def __init__(
        self, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"], programs: ProgramCache,
        clock: Clock,
    ) -> None:  # fmt: skip
        self.clock = clock
        self._pool = pool
        self._programs = programs

    @asynccontextmanager
    async def snapshot(self) -> "AsyncIterator[Connection]":
        """One moment of the ledger: an account and its rows must be of the same."""
        async with (
            self._pool().acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection

    async def published(self, connection: "Connection") -> Programs:
        """Every version of the programme. Raises Refusal where none is published."""
        latest = await connection.fetchval(ledger.QUERIES.latest_program)
        if not latest:
            raise Refusal(problems.NO_PROGRAMME, "There is nothing to show.")
        return await self._programs.get(connection, latest)

    async def find(self, connection: "Connection", member_id: str) -> Found:
        """A member who has joined. Raises Refusal if there is no such member."""
        row = await connection.fetchrow(ledger.QUERIES.read_member, member_id)
        if row is None or row["joined_at"] is None:
            raise unknown_member(member_id)
        programs = await self._programs.get(connection, row["program_version"])
        return Found(snapshot.account_from(row), programs, row["epoch"])

    def now_of(self, account: Account) -> datetime:
        """Now, for an account whose own time may be ahead of the clock."""
        now = self.clock.now()
        return max(now, account.time or now)
