"""Orders paid with points, from the checkout's API and the shop's topics to the ledger and back."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from headway.contracts.topics import Topics as Names
from headway.ledger.replay import replay
from headway.ledger.verify import verify
from headway_redeem.settings import RedeemSettings
from tests.earn.counting import counting
from tests.earn.kit import DAY, PREFIX, START, Topics, earning
from tests.earn.service import Place, opened
from tests.earn.test_round_trips import MOST
from tests.redeem.kit import Shop, key_in

pytestmark = pytest.mark.timeout(120)

PROGRAM = """
name: Test
zone: America/New_York
from: 1990-01-01T00:00:00Z
currency: USD
points: {pending_days: 0}
rules:
  - {id: base, on: order.paid, award: {per_money: {points: 1, every: "1.00"}}}
rewards:
  - {id: five, name: Five, points: 500, value: "5.00 USD"}
"""
LINE = {"sku": "s", "quantity": 2, "paid_with_points": 500}


async def checkout(pool: "asyncpg.Pool[asyncpg.Record]", prefix: str) -> Shop:
    """The API on earn's own ledger."""
    shop = Shop(pool, RedeemSettings(), prefix, await key_in(pool))
    shop.clock.move_to(START + DAY)
    return shop


def back(topics: Topics, refund_id: str, quantity: int, member: str = "m", order: str = "o") -> Any:
    """Pieces of an order come back."""
    return topics.tell(
        "order.refunded", member, at=START + 3 * DAY, refund_id=refund_id, order_id=order,
        lines=[{"line_id": "1", "quantity": quantity}],
    )  # fmt: skip


@pytest.fixture
async def place(kafka: str, topics: str, database: str, tmp_path: Path) -> AsyncIterator[Place]:
    """Earn as processes, and its ledger."""
    async with opened(kafka, topics, database, tmp_path, PROGRAM) as place:
        yield place


async def test_from_the_checkout_over_the_topics_and_back(place: Place) -> None:
    """Redeemed over HTTP, bought and returned over Kafka, published as a balance: all agree."""
    told, sent = Topics(), 0

    async def send(*records: Any) -> None:
        nonlocal sent
        sent += len(records)
        await place.send((r.topic.removeprefix(PREFIX), r.key, r.value) for r in records)
        await place.until("select coalesce(sum(next_offset), 0) = $1 from positions", sent)

    place.start()
    await send(told.join(), told.buy("before", 50000))
    async with asyncpg.create_pool(place.database, min_size=1, max_size=2) as pool:
        shop = await checkout(pool, place.prefix)
        async with shop.client:
            redemption = await shop.reserved("m", "five", order_id="o")
            assert (await shop.step(redemption, "confirm")).status_code == 200
            await send(told.buy("o", 2000, at=START + 2 * DAY, line=LINE))
            await send(back(told, "r1", 1))
            assert await shop.balances("m") == (0, 250 + 7, 0, 0)
            assert (await shop.sees("m"))["saved"] == {"USD": 250}
            await send(told.tell("order.refund_failed", at=START + 4 * DAY, refund_id="r1"))
            assert await shop.balances("m") == (0, 15, 0, 0)
            await send(told.tell("order.cancelled", at=START + 5 * DAY, order_id="o"))
            assert await shop.balances("m") == (0, 500, 0, 0)
            seen = (await shop.client.get(f"/v1/redemptions/{redemption}")).json()
            assert (seen["state"], seen["restored_points"]) == ("confirmed", 500)
        async with (
            pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            report = await verify(connection)
            assert (await replay(connection)).differences == []
        assert [(c.name, c.findings) for c in report.checks.values() if not c.ok] == []
    await place.until("select count(*) = 0 from outbox")
    balances = await place.read_all(Names("").balance_changed)
    last = json.loads(balances[-1].value or b"")["data"]
    assert (last["available"], last["saved"]) == (500, {"USD": 0})


async def test_a_batch_of_such_returns_takes_no_more_round_trips(database: str) -> None:
    topics, members = Topics(), [f"m{number}" for number in range(10)]
    async with counting(database) as (dsn, counter), earning(dsn, program=PROGRAM) as earn:
        records = [r for m in members for r in (topics.join(m), topics.buy(f"b-{m}", 50000, m))]
        await earn.apply(*records)
        async with asyncpg.create_pool(database, min_size=1, max_size=4) as pool:
            shop = await checkout(pool, PREFIX)
            async with shop.client:
                held = await asyncio.gather(
                    *(shop.reserved(m, "five", order_id=f"o-{m}") for m in members)
                )
                await asyncio.gather(*(shop.step(one, "confirm") for one in held))
        orders = [topics.buy(f"o-{m}", 2000, m, at=START + 2 * DAY, line=LINE) for m in members]
        await earn.apply(*orders, *(back(topics, f"w-{m}", 1, m, f"o-{m}") for m in members))
        counter.trips = 0
        failed = [
            topics.tell("order.refund_failed", m, at=START + 4 * DAY, refund_id=f"w-{m}")
            for m in members[:5]
        ]
        again = [back(topics, f"x-{m}", 2, m, f"o-{m}") for m in members[5:]]
        await earn.apply(*failed, *again)
        assert counter.trips <= MOST
        restored = await earn.rows("select restored_points, restored_minor from redemptions")
        assert sorted(restored) == [(0, 0)] * 5 + [(500, 500)] * 5
