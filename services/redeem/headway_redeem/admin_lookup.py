"""What operators look up: adjustments, redemptions, the state of rewards and codes."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from headway.contracts.api.admin import Adjustments, CatalogueState, CodePools, Redemptions
from headway.ledger import adjustments, catalogue, codes
from headway.ledger import redemptions as ledger
from headway.ledger.adjustments import State
from headway.ledger.programs import ProgramCache
from headway.ledger.redemptions import Wanted
from headway.runtime.clock import Clock
from headway_redeem import problems
from headway_redeem.admin_views import (
    Pools,
    adjustments_page,
    catalogue_state,
    code_pools,
    redemptions_page,
)
from headway_redeem.problems import Refusal

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


class AdminLookup:
    """Reads for operators, each of one snapshot; nothing writes or locks."""

    def __init__(
        self, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"], programs: ProgramCache,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._pool = pool
        self._programs = programs
        self._clock = clock

    async def adjustments(
        self, before: int | None, limit: int, state: State | None, member_id: str | None
    ) -> Adjustments:
        """A page of adjustments, newest first."""
        async with self._snapshot() as connection:
            found = await adjustments.read_page(connection, before, limit + 1, state, member_id)
        return adjustments_page(found, limit)

    async def redemptions(self, before: str | None, limit: int, wanted: Wanted) -> Redemptions:
        """A page of redemptions, newest first."""
        async with self._snapshot() as connection:
            found = await ledger.read_page(connection, before, limit + 1, wanted)
        return redemptions_page(found, limit)

    async def catalogue(self) -> CatalogueState:
        """The rewards of the programme in force now. Raises Refusal where none is published."""
        async with self._snapshot() as connection:
            latest = await connection.fetchval(ledger.QUERIES.latest_program)
            if not latest:
                raise Refusal(problems.NO_PROGRAMME, "There is nothing to show.")
            programs = await self._programs.get(connection, latest)
            counted = await catalogue.read_stock(connection)
            pools = await _pools(connection)
        return catalogue_state(programs.at(self._clock.now()), counted, pools)

    async def code_pools(self) -> CodePools:
        """How many codes there are, by pool and state."""
        async with self._snapshot() as connection:
            return code_pools(await _pools(connection))

    @asynccontextmanager
    async def _snapshot(self) -> "AsyncIterator[Connection]":
        async with (
            self._pool().acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection


async def _pools(connection: "Connection") -> Pools:
    found: dict[str, dict[codes.CodeState, int]] = {}
    for pool, state, count in await codes.read_pools(connection):
        found.setdefault(pool, {})[state] = count
    return found
