"""What operators look up: adjustments, redemptions, the state of rewards and codes."""

from typing import TYPE_CHECKING

from headway.contracts.api.admin import Adjustments, CatalogueState, CodePools, Redemptions
from headway.ledger import adjustments, catalogue, codes
from headway.ledger import redemptions as ledger
from headway.ledger.adjustments import State
from headway.ledger.redemptions import Wanted
from headway_redeem.admin_views import (
    Pools,
    adjustments_page,
    catalogue_state,
    code_pools,
    redemptions_page,
)
from headway_redeem.reading import Reading

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


class AdminLookup(Reading):
    """Reads for operators."""

    async def adjustments(
        self, before: int | None, limit: int, state: State | None, member_id: str | None
    ) -> Adjustments:
        """A page of adjustments, newest first."""
        async with self.snapshot() as connection:
            found = await adjustments.read_page(connection, before, limit + 1, state, member_id)
        return adjustments_page(found, limit)

    async def redemptions(self, before: str | None, limit: int, wanted: Wanted) -> Redemptions:
        """A page of redemptions, newest first."""
        async with self.snapshot() as connection:
            found = await ledger.read_page(connection, before, limit + 1, wanted)
        return redemptions_page(found, limit)

    async def catalogue(self) -> CatalogueState:
        """The rewards of the programme in force now. Raises Refusal where none is published."""
        async with self.snapshot() as connection:
            programs = await self.published(connection)
            counted = await catalogue.read_stock(connection)
            pools = await _pools(connection)
        return catalogue_state(programs.at(self.clock.now()), counted, pools)

    async def code_pools(self) -> CodePools:
        """How many codes there are, by pool and state."""
        async with self.snapshot() as connection:
            return code_pools(await _pools(connection))


async def _pools(connection: "Connection") -> Pools:
    found: dict[str, dict[codes.CodeState, int]] = {}
    for pool, state, count in await codes.read_pools(connection):
        found.setdefault(pool, {})[state] = count
    return found
