"""Certificates that issue themselves in the batches of earn, loaded and written as all else."""

import random

import pytest

from headway.ledger.programs import publish
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
SOONER = AUTOMATIC.replace(
    "  - {id: boots,",
    "  - {id: thanks, on: order.paid, pending_days: 1, award: {points: 2}}\n  - {id: boots,",
)
COMING_BACK = AUTOMATIC.replace("{months: 2, round_up: month}", "{days: 20}").replace(
    "clawback:", "reinstate_days: 30, clawback:"
)
PROGRAMMES = [AUTOMATIC, AT_ONCE, SOONER, COMING_BACK]


async def states(earn: Earn) -> list[str]:
    """The states of all redemptions, in the order in which they were issued."""
    found = await earn.rows(
        "select state from redemptions order by account_id, split_part(redemption_id, '_', 3)::int"
    )
    return [state for (state,) in found]


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_is_stored_is_what_its_inputs_make_of_it(database: str, seed: int) -> None:
    dice, topics = random.Random(seed), Topics()
    program = PROGRAMMES[seed % 4].replace("allow_negative", POLICIES[seed % 3])
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


async def test_a_purchase_that_cannot_lead_to_one_reads_no_lots(database: str) -> None:
    topics = Topics()
    async with counting(database) as (dsn, counter), earning(dsn, program=AUTOMATIC) as earn:
        trips = []
        for day in range(1, 6):  # 3 points each, pending for three days: the fourth one may
            await earn.apply(topics.join(f"m{day}", at=START), topics.join("m", at=START))
            counter.trips = 0
            await earn.apply(topics.buy(f"o{day}", 700, "m", at=START + day * DAY))
            trips.append(counter.trips)
        assert trips[2] == trips[1] < trips[3]
        assert await states(earn) == ["confirmed"], "5 to begin with, and the first 3"


async def test_points_that_come_back_are_issued_with_those_that_were_there(database: str) -> None:
    topics = Topics()
    async with earning(database, program=COMING_BACK) as earn:
        await earn.apply(topics.join("m"))  # 5 points until the twentieth day
        await earn.apply(topics.buy("o1", 1050, "m", at=START + 18 * DAY))  # 4 from day 21
        await run_jobs(earn, START + 22 * DAY)
        assert await earn.rows("select available from accounts") == [(4,)]
        await earn.apply(topics.buy("o2", 700, "m", at=START + 23 * DAY))
        assert await states(earn) == ["confirmed"]
        assert await earn.rows("select available, pending from accounts") == [(1, 3)]
        taken = "select points from points_events where kind = 'redeem' order by seq"
        assert await earn.rows(taken) == [(4,), (4,)], "what dies first goes first"


async def test_a_lower_price_issues_one_with_the_next_purchase(database: str) -> None:
    topics = Topics()
    lower = AUTOMATIC.replace("points: 8", "points: 5").replace(
        "1990-01-01T00:00:00Z", (START + DAY).isoformat()
    )
    async with earning(database, program=AUTOMATIC) as earn:
        await earn.apply(topics.join("m"), topics.join("n"))  # 5 points each
        await publish(database, lower)
        await earn.apply(topics.buy("o1", 700, "m"))
        assert await states(earn) == [], "not before the new version is in force"
        await earn.apply(topics.buy("o2", 700, "n", at=START + DAY))
        assert await states(earn) == ["confirmed"]
