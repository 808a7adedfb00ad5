"""Which relay publishes which outbox shards: session advisory locks, shared out fairly."""

import asyncpg

from headway.stream.outbox import SHARDS
from headway.stream.positions import QUERIES

_ENLISTED = 0x4857_0001
"""Advisory-lock class: every relay holds (this, 0) shared, so that relays can be counted."""
_OWNED = 0x4857_0002
"""Advisory-lock class: the owner of shard s holds (this, s)."""


def fair_share(relays: int) -> int:
    """The most shards one of so many relays may hold; together they always cover all."""
    return -(-SHARDS // max(relays, 1))


class ShardLocks:
    """The shards one relay owns, for as long as its connection lives."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection
        self.held: list[int] = []

    async def enlist(self) -> None:
        """Be counted among the relays."""
        await self._connection.execute(QUERIES.relay_enlist, _ENLISTED)

    async def balance(self) -> None:
        """Take free shards up to the fair share, or let go of what is above it.

        To be called when nothing of any shard is in flight. At most two round trips.
        """
        share = fair_share(await self._connection.fetchval(QUERIES.relay_count, _ENLISTED))
        if len(self.held) > share:
            surplus = self.held[share:]
            await self._connection.fetch(QUERIES.relay_let_go, _OWNED, surplus)
            del self.held[share:]
        elif len(self.held) < share:
            wanted = [shard for shard in range(SHARDS) if shard not in self.held]
            rows = await self._connection.fetch(
                QUERIES.relay_take, _OWNED, wanted, share - len(self.held)
            )
            self.held.extend(row["shard"] for row in rows)
