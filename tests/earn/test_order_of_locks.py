"""Two owners of a partition at once: what is read before the locks is no longer true after them."""

import asyncio

from tests.earn.kit import DAY, START, Earn, Topics, earning


async def test_a_refund_that_waits_for_its_orders_transaction_finds_the_order(
    database: str,
) -> None:
    """The refund's batch begins while the order's is not committed; it must not park it."""
    topics = Topics()
    async with earning(database) as one, earning(database) as other:
        await one.apply(topics.join())
        order = topics.buy("o", 7000)
        refund = topics.tell(
            "order.refunded", at=START + DAY, refund_id="r", order_id="o",
            lines=[{"line_id": "1", "quantity": 1}],
        )  # fmt: skip
        async with one.pool.acquire() as gate, gate.transaction():
            await gate.execute("select from accounts for update")
            first = asyncio.create_task(one.apply(order))
            await _waiting(one, 1)
            second = asyncio.create_task(other.apply(refund))
            await _waiting(one, 2)
        await asyncio.gather(first, second)
        assert await one.rows("select * from parked") == []
        assert (await one.account())["pending"] == 0


async def _waiting(earn: Earn, number: int) -> None:
    """Until so many sessions wait for a lock."""
    query = """select count(*) from pg_stat_activity
               where datname = current_database() and wait_event_type = 'Lock'"""
    async with asyncio.timeout(20):
        # Asked anew by a statement of its own each time: a transaction sees one picture only.
        while await earn.pool.fetchval(query) < number:
            await asyncio.sleep(0.02)
