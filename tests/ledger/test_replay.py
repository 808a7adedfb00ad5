"""headway replay --check: the input log gives the stored ledger, and a changed one is noticed."""

import pytest

from headway.cli.output import snapshot
from headway.ledger.migrate import available
from headway.ledger.programs import publish
from headway.ledger.replay import Replayed, replay
from tests.ledger.factory import COFFEE, SHOES, Shop, open_shop
from tests.ledger.tampering import tamper

ANN = "(select account_id from accounts where member_id = 'ann')"


async def replayed(dsn: str) -> Replayed:
    async with snapshot(dsn) as connection:
        return await replay(connection)


async def test_busy_months_come_out_the_same(busy_database: str) -> None:
    result = await replayed(busy_database)
    assert result.ok, result.differences
    async with snapshot(busy_database) as connection:
        counts = await connection.fetchrow(
            "select (select count(*) from accounts) as accounts,"
            " (select count(*) from inputs) as inputs,"
            " (select count(*) from points_events) as points_events"
        )
    assert counts is not None
    assert dict(counts) == {
        "accounts": result.accounts, "inputs": result.inputs, "points_events": result.points_events,
    }  # fmt: skip


async def test_inputs_released_in_another_order_than_they_came(database: str) -> None:
    async with open_shop(database, COFFEE) as shop:
        await _returns_before_orders_before_joining(shop)
    result = await replayed(database)
    assert result.ok, result.differences
    assert result.inputs == 6


async def _returns_before_orders_before_joining(shop: Shop) -> None:
    lines = [{"line_id": "1", "sku": "c", "quantity": 2, "amount": 6000}]
    back = [{"line_id": "1", "quantity": 1}]
    await shop.happens("order.refunded", "ann", 5, refund_id="r2", order_id="o2", lines=back)
    await shop.happens("order.refunded", "ann", 4, refund_id="r1", order_id="o1", lines=back)
    await shop.happens("order.paid", "ann", 3, order_id="o1", currency="EUR", lines=lines)
    await shop.happens("member.joined", "ann", 1)
    await shop.happens("order.cancelled", "ann", 6, order_id="o2")
    await shop.happens("order.paid", "ann", 2, order_id="o2", currency="EUR", lines=lines)


async def test_a_later_version_does_not_judge_what_was_decided_before(database: str) -> None:
    async with open_shop(database) as shop:
        await shop.happens("member.joined", "ann", 0)
        await shop.buys("ann", "o1", 10, 5000)
        twice = SHOES.replace("1990-01-01", "2024-03-12").replace(
            "points: 1, every", "points: 2, every"
        )
        assert await publish(database, twice) == 2
        await shop.buys("ann", "o2", 13, 5000)
        earned = await shop.pool.fetch(
            "select program_version, points from points_events where rule = 'base' order by seq"
        )
    assert [tuple(row) for row in earned] == [(1, 50), (2, 100)]
    result = await replayed(database)
    assert result.ok, result.differences


DAMAGE = {
    "points event": f"update points_events set points = points + 1"
    f" where account_id = {ANN} and seq = 2",
    "tier event": f"update tier_events set tier_to = 'elite'"
    f" where account_id = {ANN} and tier_seq = 2",
    "account: available": f"update accounts set available = available + 1 where account_id = {ANN}",
    "account: measures": f"update accounts set state = jsonb_set(state::jsonb, '{{measures}}',"
    f' \'{{"spend": {{"2025-01-01": 1}}}}\')::json where account_id = {ANN}',
    "lot": f"update lots set expired = 0 where account_id = {ANN} and expired > 0",
    "payment": "update redemptions set order_id = 'o'"
    " where account_id = (select account_id from accounts where member_id = 'dan')",
    "order line": f"update order_lines set amount = 1 where account_id = {ANN}",
    "parked input": "update parked set waits_for = 'order:x'",
    "was applied": "update inputs set reason = 'because' where kind = 'order.cancelled'",
    "would be refused now": "update inputs set data = replace(data::text, 'v2', 'v1')::json"
    " where kind = 'review.published' and data ->> 'review_id' = 'v2'",
}


@pytest.mark.parametrize("what", DAMAGE)
async def test_damage_is_told_apart(busy_database: str, what: str) -> None:
    await tamper(busy_database, DAMAGE[what])
    result = await replayed(busy_database)
    assert len(result.differences) == 1
    assert what in result.differences[0].what


async def test_a_forgotten_input_is_noticed(busy_database: str) -> None:
    await tamper(
        busy_database,
        "delete from inputs where kind = 'review.published' and data ->> 'review_id' = 'v1'",
    )
    result = await replayed(busy_database)
    assert [one.member_id for one in result.differences] == ["ann"]


async def test_what_points_paid_is_filled_in_of_orders_that_were_there_before(
    busy_database: str,
) -> None:
    """The migration reads it from the input log, and leaves what an amendment took out alone."""
    text = dict(available())["0011_paid_with_points.sql"]
    fill_in = text[text.index("update order_lines") :].partition(";")[0]
    zero = "update order_lines set paid_with_points = 0, full_amount = 0"
    await tamper(busy_database, zero)
    assert not (await replayed(busy_database)).ok
    await tamper(busy_database, zero, fill_in)
    assert (await replayed(busy_database)).ok
