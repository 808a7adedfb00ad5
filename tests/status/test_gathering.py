"""One look at everything: what does not answer in time is told, and nothing is made of it."""

from collections.abc import Sequence

import asyncpg

from headway.operations.figures import DatabaseFigures, Figures
from headway.runtime.clock import FixedClock
from headway.status.gathering import Gathering
from headway.status.judging import Objectives, judged
from headway.status.snapshot import Group
from headway.stream.positions import Pool
from tests.earn.kit import NOW


class Slow(DatabaseFigures):
    """One of its statements takes longer than the server lets it."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        self._database = pool

    async def run_once(self) -> Figures:
        async with self._database.acquire() as connection, connection.transaction():
            await connection.execute("set local statement_timeout = 20")
            await connection.execute("select pg_sleep(5)")
        return await super().run_once()


async def _no_groups() -> Sequence[Group]:
    return ()


async def test_a_statement_that_timed_out_makes_it_blind_and_not_well(database: str) -> None:
    async with asyncpg.create_pool(database, min_size=0, max_size=2) as pool:
        look = Gathering(_no_groups, Slow(pool), lambda: pool, FixedClock(NOW)).look
        found = judged(await look(), Objectives())
    assert (found.state, found.sentence) == ("blind", "The database cannot be seen")
    assert "statement timeout" in found.problems[0].what
