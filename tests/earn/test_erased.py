"""What topics still say of somebody whose name was erased."""

import asyncio

import asyncpg
import pytest

from headway.domain.erasing import Erase
from headway.errors import Retryable
from headway.ledger.erasing import take_name
from tests.earn.kit import DAY, START, Topics, earning


async def erased(pool: "asyncpg.Pool[asyncpg.Record]", name: str) -> None:
    """Only the name is taken here; the decision that goes with it is redeem's."""
    async with pool.acquire() as connection, connection.transaction():
        assert await take_name(connection, name, Erase("asked to", "sue"), "key") is not None


async def somebody_waits(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """For a lock. Asked outside any transaction: inside one, what is going on is read once."""
    async with asyncio.timeout(20):
        while not await pool.fetchval(
            "select count(*) from pg_stat_activity"
            " where wait_event_type = 'Lock' and datname = current_database()"
        ):
            await asyncio.sleep(0.01)


async def test_what_comes_again_is_a_repeat_and_brings_no_name_back(database: str) -> None:
    async with earning(database) as earn:
        topics = Topics()
        told = [
            topics.join("ann"), topics.join("bob"),
            topics.tell("referral.created", "bob", referral_id="r", referrer_id="ann"),
            topics.buy("ann-1", 900, "ann"), topics.buy("bob-1", 900, "bob"),
        ]  # fmt: skip
        await earn.apply(*told)
        before = await earn.rows("select * from points_events order by account_id, seq")
        await erased(earn.pool, "ann")
        facts = await earn.apply(*told)
        assert (facts["decisions"], facts["repeats"], facts["refused"]) == (0, 5, 0)
        assert await earn.rows("select * from points_events order by account_id, seq") == before
        assert await earn.rows("select 1 from accounts where member_id = 'ann'") == []


async def test_what_is_new_is_of_somebody_new_and_takes_nothing_of_the_old(database: str) -> None:
    """A return of an erased member's order waits for an order that this name never had."""
    async with earning(database) as earn:
        topics = Topics()
        join, order = topics.join("ann"), topics.buy("ann-1", 900, "ann")
        await earn.apply(join, order)
        await erased(earn.pool, "ann")
        line = {"line_id": "1", "quantity": 1}
        back = topics.tell(
            "order.refunded", "ann", at=START + DAY, refund_id="f", order_id="ann-1", lines=[line]
        )
        await earn.apply(join, topics.join("ann", START + DAY), back)
        assert (await earn.outcomes())[-2:] == [
            ("order.refunded", "parked", "waits for order:ann-1"), ("member.joined", "applied", ""),
        ]  # fmt: skip
        assert (await earn.account("ann"))["available"] == 5


async def test_a_batch_that_waited_for_the_erasure_is_read_again(database: str) -> None:
    """Its account lost the name between being known and being locked."""
    async with earning(database) as earn:
        topics = Topics()
        await earn.apply(topics.join("ann"))
        bought = topics.buy("ann-1", 900, "ann")
        async with earn.pool.acquire() as connection:
            async with connection.transaction():
                await take_name(connection, "ann", Erase("asked to", "sue"), "key")
                waiting = asyncio.create_task(earn.apply(bought))
                await somebody_waits(earn.pool)
            with pytest.raises(Retryable):
                await waiting
        assert (await earn.apply(bought))["decisions"] == 1
        assert (await earn.outcomes())[-1][:2] == ("order.paid", "parked")
