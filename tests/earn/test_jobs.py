"""What nothing wakes is settled by jobs: once, past what others hold or a person must see."""

import json
from datetime import datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from headway.errors import InvariantViolated
from headway.runtime.clock import FixedClock
from headway.runtime.health import Health
from headway_earn.jobs import Jobs
from tests.earn.kit import DAY, PREFIX, START, Earn, Topics, earning

LATER = START + 3 * DAY


def jobs(earn: Earn, now: datetime = LATER, batch: int = 200) -> Jobs:
    """Jobs at that moment."""
    clock = FixedClock(now)
    return Jobs(lambda: earn.pool, clock, PREFIX, Health(), lambda: None, every=1, batch=batch)


def counted(what: str) -> float:
    """How many accounts were settled, or held, in this process so far."""
    return REGISTRY.get_sample_value(f"headway_jobs_{what}_total") or 0


async def bought(earn: Earn, topics: Topics, members: int) -> None:
    """So many members with thirty pending points each."""
    names = [f"m{number}" for number in range(members)]
    await earn.apply(*(topics.join(name) for name in names))
    await earn.apply(*(topics.buy(f"o-{name}", 7000, name) for name in names))


async def test_pending_points_become_available_when_their_time_comes(database: str) -> None:
    async with earning(database) as earn:
        await bought(earn, Topics(), 1)
        early = LATER - timedelta(microseconds=1)
        assert await jobs(earn, early).run_once() == 0
        assert await jobs(earn).run_once() == 1
        account = await earn.account("m0")
        assert (account["pending"], account["available"]) == (0, 35)
        assert account["account_time"] == LATER
        row = (await earn.rows("select kind, outcome, source, id from inputs where kind = 'tick'"))[
            0
        ]
        assert row == ("tick", "applied", "headway/jobs", f"1:{LATER.isoformat()}")
        assert await jobs(earn).run_once() == 0, "nothing is due twice"


async def test_accounts_are_settled_some_at_a_time_and_each_once(database: str) -> None:
    async with earning(database) as earn:
        await bought(earn, Topics(), 7)
        runner = jobs(earn, batch=3)
        assert [await runner.run_once() for _ in range(4)] == [3, 3, 1, 0]
        ticks = await earn.rows("select account_id from inputs where kind = 'tick'")
        assert len(set(ticks)) == len(ticks) == 7


async def test_what_another_holds_is_passed_over(database: str) -> None:
    async with earning(database) as earn:
        await bought(earn, Topics(), 3)
        async with earn.pool.acquire() as connection, connection.transaction():
            await connection.execute("select 1 from accounts where account_id = 2 for update")
            assert await jobs(earn).run_once() == 2
        assert await jobs(earn).run_once() == 1


async def test_a_year_without_anything_is_settled_in_one_go_at_its_own_times(database: str) -> None:
    async with earning(database) as earn:
        await bought(earn, Topics(), 1)
        assert await jobs(earn, START.replace(year=2026)).run_once() == 1
        kinds = await earn.rows(
            "select kind, points, effective_at from points_events where seq > 2"
        )
        assert [(kind, points) for kind, points, _ in kinds] == [
            ("activate", 30), ("expire", 5), ("expire", 30),
        ]  # fmt: skip
        assert kinds[0][2] == LATER
        assert (await earn.rows("select tier_from, tier_to from tier_events"))[-1] == (
            "gold", "club",
        )  # fmt: skip
        account = await earn.account("m0")
        assert (account["available"], account["next_due_at"]) == (0, None)


async def test_a_tick_that_raises_holds_its_account_and_the_others_go_on(database: str) -> None:
    async with earning(database) as earn:
        await bought(earn, Topics(), 3)
        change = "update accounts set state = $1, held = null where account_id = 2"
        ((state,),) = await earn.rows("select state from accounts where account_id = 2")
        # A gold member, of whom it cannot be said until when: the days have lost their form.
        broken = json.dumps({**json.loads(state), "measures": {"spend": []}})
        await earn.pool.execute(change, broken)
        settled, failed = counted("settled"), counted("held")
        assert await jobs(earn).run_once() == 3
        assert (counted("settled"), counted("held")) == (settled + 2, failed + 1)
        held = await earn.rows("select account_id, held from accounts where held is not null")
        ((number, why),) = held
        assert number == 2
        assert why.startswith("AttributeError: ")
        ticks = "select account_id from inputs where kind = 'tick' order by account_id"
        assert await earn.rows(ticks) == [(1,), (3,)]
        assert await jobs(earn).run_once() == 0, "it waits for a person"
        await earn.pool.execute(change, state)
        assert await jobs(earn).run_once() == 1
        assert await earn.rows(ticks) == [(1,), (2,), (3,)]


async def test_books_that_do_not_add_up_stop_the_jobs(database: str) -> None:
    async with earning(database) as earn:
        await bought(earn, Topics(), 2)
        await jobs(earn).run_once()
        change = "update accounts set next_due_at = $1 where account_id = 1"
        ((due,),) = await earn.rows("select next_due_at from accounts where account_id = 1")
        await earn.pool.execute(change, LATER)
        with pytest.raises(InvariantViolated, match="due again"):
            await jobs(earn).run_once()
        await earn.pool.execute(change, due)
