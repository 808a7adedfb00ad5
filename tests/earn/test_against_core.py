"""The ledger on Postgres, batch by batch, is what the core makes of the same inputs in memory.

Each batch loads only what its inputs need: lots, orders and keys that were not loaded must not
have been needed. Jobs run in between, and effects come back as inputs.
"""

import random
from datetime import datetime

import pytest
from hypothesis import settings

from headway.ledger.replay import replay
from headway.runtime.clock import FixedClock
from headway.runtime.health import Health
from headway.stream.batch import Record
from headway_earn.jobs import Jobs
from tests.earn.kit import PREFIX, PROGRAM, Earn, Topics, earning
from tests.earn.stories import Storyteller

POLICIES = ["allow_negative", "within_balance", "only_pending"]
USUAL = settings.default or settings()
SEEDS = range(6 * USUAL.max_examples // 100)


async def effects_of(earn: Earn, topics: Topics) -> list[Record]:
    """The effects that left since the last call, as records of their topic."""
    rows = await earn.rows(
        "delete from outbox where topic = $1 returning key, value", PREFIX + "effects"
    )
    return [topics.raw(value, key=key, topic="effects") for key, value in rows]


async def run_jobs(earn: Earn, now: datetime) -> int:
    """Settle everything that is due by then; says how many accounts were."""
    jobs = Jobs(
        lambda: earn.pool, FixedClock(now), PREFIX, Health(), lambda: None, every=1, batch=2
    )
    settled = 0
    while turn := await jobs.run_once():
        settled += turn
    return settled


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_is_stored_is_what_its_inputs_make_of_it(database: str, seed: int) -> None:
    dice, topics = random.Random(seed), Topics()
    program = PROGRAM.replace("allow_negative", POLICIES[seed % 3])
    if seed % 2:
        program = program.replace("pending_days: 3", "pending_days: 0")
    story = Storyteller(seed, topics)
    batches = story.batches(120)
    async with earning(database, program=program, now=story.now) as earn:
        for batch in batches:
            await earn.apply(
                *batch, *(await effects_of(earn, topics) if dice.random() < 0.5 else [])
            )
            if dice.random() < 0.3:
                last = await earn.pool.fetchval("select max(account_time) from accounts")
                if last is not None:
                    await run_jobs(earn, last)
        while records := await effects_of(earn, topics):
            await earn.apply(*records)
        await run_jobs(earn, story.now.replace(year=story.now.year + 1))
        async with (
            earn.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            replayed = await replay(connection)
        assert replayed.differences == []
        assert replayed.accounts == 3
        assert replayed.points_events > 20, "the story was worth telling"
        outcomes = {outcome for _, outcome, _ in await earn.outcomes()}
        assert {"applied", "nothing"} <= outcomes
        assert {reason for reason, _ in await earn.letters()} <= {"conflict"}
