"""Certificates that issue themselves in the batches of earn, loaded and written as all else."""

import random

import pytest

from headway.ledger.replay import replay
from tests.earn.counting import counting
from tests.earn.kit import DAY, HOUR, PROGRAM, START, Earn, Topics, earning
from tests.earn.stories import Storyteller
from tests.earn.test_against_core import POLICIES, SEEDS, effects_of, run_jobs
from tests.earn.test_round_trips import MOST

AUTOMATIC = PROGRAM.replace(
    'points: 8, value: "1.00 USD"',
    'points: 8, value: "1.00 USD", kind: voucher, codes: {pool: p}, automatic: true',
)
AT_ONCE = AUTOMATIC.replace("pending_days: 3", "pending_days: 0")


async def states(earn: Earn) -> list[str]:
    """The states of all redemptions, in the order in which they were issued."""
    found = await earn.rows(
        "select state from redemptions order by account_id, split_part(redemption_id, '_', 3)::int"
    )
    return [state for (state,) in found]


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_is_stored_is_what_its_inputs_make_of_it(database: str, seed: int) -> None:
    dice, topics = random.Random(seed), Topics()
    program = (AUTOMATIC if seed % 2 else AT_ONCE).replace("allow_negative", POLICIES[seed % 3])
    story = Storyteller(seed, topics)
    batches = story.batches(120)
    async with earning(database, program=program, now=story.now) as earn:
        for batch in batches:
            await earn.apply(*batch, *await effects_of(earn, topics))
            last = await earn.pool.fetchval("select max(account_time) from accounts")
            if last is not None and dice.random() < 0.3:
                await run_jobs(earn, last)
        while records := await effects_of(earn, topics):
            await earn.apply(*records)
        await run_jobs(earn, story.now.replace(year=story.now.year + 1))
        async with (
            earn.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            assert (await replay(connection)).differences == []
        assert "confirmed" in await states(earn), "the story was worth telling"


async def test_a_batch_issues_and_takes_back_within_its_round_trips(database: str) -> None:
    topics = Topics()
    back = [{"line_id": "1", "quantity": 1}]
    async with counting(database) as (dsn, counter), earning(dsn, program=AT_ONCE) as earn:
        for number in range(3):
            member = f"m{number}"
            counter.trips = 0
            await earn.apply(
                topics.join(member),
                topics.buy(f"a{number}", 7000, member),  # 5 + 30 points: four certificates
                topics.tell("order.refunded", member, at=START + HOUR, refund_id=f"r{number}",
                            order_id=f"a{number}", lines=back),
                topics.buy(f"b{number}", 1400, member, at=START + DAY),
            )  # fmt: skip
            assert counter.trips <= MOST or number == 0, "the first also prepares statements"
        for member in ("m0", "m1"):
            counter.trips = 0
            await earn.apply(
                topics.tell("order.refunded", member, at=START + 2 * DAY, refund_id=f"r-{member}",
                            order_id=f"b{member[1]}", lines=back)
            )  # fmt: skip
        assert counter.trips <= MOST
        assert (await states(earn)).count("confirmed") == 1
        assert await earn.rows("select available, owed from accounts order by account_id") == [
            (5, 0), (5, 0), (3, 0),
        ]  # fmt: skip
