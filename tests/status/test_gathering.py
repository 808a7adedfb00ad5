"""One look at everything: what does not answer in time is told, and nothing is made of it."""

from collections.abc import Sequence

import asyncpg

from headway.cli.status import rest
from headway.operations.figures import DatabaseFigures, Figures
from headway.runtime.clock import FixedClock
from headway.status.gathering import Gathering, dead_letters
from headway.status.judging import Objectives, judged
from headway.status.rendering import parts
from headway.status.snapshot import DeadLetters, Group, Refused
from headway.stream.positions import Pool
from tests.earn.kit import NOW, Topics, earning
from tests.status.pages import SEEN, meant


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


async def test_dead_letters_are_counted_up_to_a_bound_and_it_is_said(database: str) -> None:
    topics = Topics()
    async with earning(database) as earn:
        good = [topics.join(f"g{n}") for n in range(30)]
        await earn.apply(*good, *(topics.raw(b"{") for _ in range(4)), topics.raw(b"[]"))
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("update dead_letters set replayed_at = now() where id = 1")
        whole = await dead_letters(connection, 5)
        bounded = await dead_letters(connection, 3)
    finally:
        await connection.close()
    assert [(one.reason, one.count) for one in whole.by_reason] == [
        ("not-json", 3), ("not-an-object", 1),
    ]  # fmt: skip
    assert (whole.waiting, whole.at_least) == (4, False)
    assert [(one.reason, one.count) for one in bounded.by_reason] == [("not-json", 3)]
    assert (bounded.waiting, bounded.at_least) == (3, True)
    assert whole.by_reason[0].first_at <= whole.by_reason[0].last_at


def test_a_bound_is_told_with_what_is_counted() -> None:
    told = Refused(reason="bad", topic="orders", count=100_000, first_at=NOW, last_at=NOW)
    letters = DeadLetters(waiting=100_000, at_least=True, by_reason=(told,))
    status = meant(SEEN.model_copy(update={"dead_letters": letters, "groups": ()}))
    assert status.judgement.problems[0].what == (
        "At least 100,000 dead letters wait: bad from orders"
    )
    assert "At least these: the oldest 100,000" in parts(status)["letters"]
    assert ("dead letters", "at least 100,000 waiting: bad 100,000") in rest(status)
