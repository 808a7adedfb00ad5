"""Looking things up: redemptions, rewards, and by `members` one member. Nothing writes or locks."""

from collections.abc import Callable

import asyncpg

from headway.ledger import redemptions as ledger
from headway.ledger.programs import ProgramCache
from headway.program.program import Programs
from headway.runtime.clock import Clock
from headway_redeem import problems
from headway_redeem.member_lookup import MemberLookup
from headway_redeem.member_routes import MemberReads
from headway_redeem.models import RedemptionView, Rewards
from headway_redeem.problems import Refusal
from headway_redeem.redemptions import unknown_redemption
from headway_redeem.views import redemption_view, rewards_view


class Lookup:
    """Reads for the API, at the clock's now."""

    def __init__(
        self, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"], programs: ProgramCache,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._pool = pool
        self._programs = programs
        self._clock = clock
        self.members: MemberReads = MemberLookup(pool, programs, clock)

    async def redemption(self, redemption_id: str) -> RedemptionView:
        """A redemption as it stands. Raises Refusal if there is no such redemption."""
        async with self._pool().acquire() as connection:
            found = await ledger.read_redemption(connection, redemption_id)
        if found is None:
            raise unknown_redemption(redemption_id)
        return redemption_view(found[0])

    async def owner(self, redemption_id: str) -> str | None:
        """The member whose redemption it is; None if there is no such redemption."""
        if not redemption_id.isprintable():
            return None  # text with a NUL is none to the database
        async with self._pool().acquire() as connection:
            return await ledger.owner_of(connection, redemption_id)

    async def rewards(self) -> Rewards:
        """The rewards of the programme in force now."""
        return rewards_view((await self._read_programs()).at(self._clock.now()))

    async def _read_programs(self) -> Programs:
        async with self._pool().acquire() as connection:
            latest = await connection.fetchval(ledger.QUERIES.latest_program)
            if not latest:
                raise Refusal(problems.NO_PROGRAMME, "There is nothing to show.")
            return await self._programs.get(connection, latest)
