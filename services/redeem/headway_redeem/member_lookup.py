"""Looking one member up. Each answer is of one snapshot of the ledger; nothing writes or locks."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from headway.contracts.api.members import BalanceAsOf, Explanation, History, MemberView
from headway.domain.account import Account
from headway.domain.standing import standing
from headway.ledger import redemptions as ledger
from headway.ledger import snapshot
from headway.ledger.as_of import read_as_of
from headway.ledger.explanation import read_explanation
from headway.ledger.history import Wanted, read_history
from headway.ledger.lots import with_open_lots
from headway.ledger.programs import ProgramCache
from headway.program.program import Programs
from headway.runtime.clock import Clock
from headway_redeem import problems
from headway_redeem.history_views import explanation_view, history_view
from headway_redeem.member_views import member_view
from headway_redeem.redemptions import unknown_member
from headway_redeem.views import balances

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


class _Found(NamedTuple):
    """A member as the snapshot has them, and what is needed to judge them."""

    connection: "Connection"
    account: Account
    programs: Programs
    epoch: int


class MemberLookup:
    """Reads of one member; Refusal when there is no such member."""

    def __init__(
        self, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"], programs: ProgramCache,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._pool = pool
        self._programs = programs
        self._clock = clock

    async def view(self, member_id: str) -> MemberView:
        """A member's balances and progress as of now."""
        async with self._find(member_id) as found:
            account = await with_open_lots(found.connection, found.account)
        now = max(self._clock.now(), account.time or self._clock.now())
        return member_view(account, standing(found.programs, account, now), found.programs,
                           found.epoch)  # fmt: skip

    async def history(
        self, member_id: str, wanted: Wanted, before: int | None, limit: int
    ) -> History:
        """A page of the points history, as recorded."""
        async with self._find(member_id) as found:
            page = await read_history(
                found.connection, found.account, found.programs, wanted, before, limit
            )
        return history_view(member_id, page)

    async def balance(self, member_id: str, at: datetime) -> BalanceAsOf:
        """The balance by what had been recorded until `at`."""
        async with self._find(member_id) as found:
            then = await read_as_of(found.connection, found.account.account_id, at)
        if then is None:
            raise problems.unreadable(
                "query.at", "has not come yet; send a past moment, or ask for the member as of now"
            )
        return BalanceAsOf(
            member_id=member_id, at=at, balances=balances(then.balances), tier=then.tier,
            epoch=then.epoch, version=then.version, seq=then.seq, head_hash=then.head_hash.hex(),
        )  # fmt: skip

    async def explanation(
        self, member_id: str, before: int | None, limit: int, *, all_lots: bool
    ) -> Explanation:
        """A page of the lots that the recorded balance is made of."""
        async with self._find(member_id) as found:
            page = await read_explanation(
                found.connection, found.account, found.programs, before, limit, all_lots=all_lots
            )
        return explanation_view(found.account, found.epoch, page)

    @asynccontextmanager
    async def _find(self, member_id: str) -> AsyncIterator[_Found]:
        async with (
            self._pool().acquire() as connection,
            # One snapshot: an account and its rows must be of the same moment.
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            row = await connection.fetchrow(ledger.QUERIES.read_member, member_id)
            if row is None or row["joined_at"] is None:
                raise unknown_member(member_id)
            programs = await self._programs.get(connection, row["program_version"])
            yield _Found(connection, snapshot.account_from(row), programs, row["epoch"])
