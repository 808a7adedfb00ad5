"""Looking pools up: one as it stands, and the one that a member is in."""

from headway.contracts.api.pools import MemberPool, PoolView
from headway.ledger import pools as ledger
from headway_redeem.pool_views import PoolReader
from headway_redeem.pools import unknown_pool
from headway_redeem.reading import Reading


class PoolLookup(Reading):
    """Reads of pools; Refusal when there is no such pool or member."""

    async def pool(self, pool_id: str) -> PoolView:
        """A pool as it stands."""
        async with self.snapshot() as connection:
            await self.published(connection)
            found = await ledger.read(connection, pool_id)
            if found is None:
                raise unknown_pool(pool_id)
            return await PoolReader(self._programs, self.clock).view(connection, found)

    async def of_member(self, member_id: str) -> MemberPool:
        """The pool that a member is in, and those that wait for an answer."""
        async with self.snapshot() as connection:
            found = await self.find(connection, member_id)
            reader = PoolReader(self._programs, self.clock)
            return await reader.of_member(connection, member_id, found.account.account_id)

    async def is_joined(self, pool_id: str, member_id: str) -> bool:
        """Whether a member is in a pool, and may see it."""
        if not pool_id.isprintable():
            return False  # text with a NUL is none to the database
        async with self._pool().acquire() as connection:
            return await ledger.is_joined(connection, pool_id, member_id)
