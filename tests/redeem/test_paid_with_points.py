"""A checkout that says which order points pay: what is returned of it comes back by itself."""

from datetime import timedelta

import asyncpg
import pytest

from headway.client import AsyncClient
from tests.redeem.kit import LATER, Json, Shop

DAY = timedelta(days=1)


async def paid(shop: Shop, reward: str = "cents", **more: object) -> str:
    """A member with 120 points who pays 100 of them, or a reward, for `o`: 4 pieces for $20."""
    ann = await shop.member_with(120)
    if reward == "cents":
        more |= {"order": {"total_minor": 2000, "currency": "USD"}, "pay_points": 100}
    redemption = await shop.reserved(ann, reward, order_id="o", **more)
    assert (await shop.step(redemption, "confirm")).status_code == 200
    await orders(shop)
    return redemption


async def orders(shop: Shop, paid_with_points: int = 500, **more: object) -> None:
    """The order that was paid, as its shop tells it."""
    line = {"line_id": "1", "sku": "s", "quantity": 4, "amount": 2000}
    told = {"order_id": "o", "currency": "USD", **more}
    lines = [{**line, "paid_with_points": paid_with_points}]
    await shop.tell("order.paid", "ann", LATER + DAY, **told, lines=lines)


async def seen(shop: Shop, redemption: str) -> Json:
    """The redemption as the API shows it."""
    response = await shop.client.get(f"/v1/redemptions/{redemption}")
    assert response.status_code == 200, response.text
    return dict(response.json())


async def test_a_partial_return_then_a_reversal_by_hand_restores_the_rest(catalogue: Shop) -> None:
    redemption = await paid(catalogue)
    await catalogue.returns("ann", "o", 1, LATER + 2 * DAY)
    told = await seen(catalogue, redemption)
    assert (told["state"], told["order_id"]) == ("confirmed", "o")
    assert (told["restored_points"], told["restored_minor"]) == (25, 125)
    ann = await catalogue.sees("ann")
    assert ann["saved"] == {"USD": 375}
    assert (await catalogue.balances("ann"))[1] == 20 + 25 + 15 - 4
    catalogue.clock.move_to(LATER + 3 * DAY)
    answer = (await catalogue.step(redemption, "reverse")).json()
    assert (answer["state"], answer["restored_points"], answer["restored_minor"]) == (
        "reversed", 100, 500,
    )  # fmt: skip
    assert answer["balances"]["available"] == 20 + 100 + 15 - 4
    await catalogue.tell("order.cancelled", "ann", LATER + 4 * DAY, order_id="o")
    assert (await catalogue.balances("ann"))[1] == 120
    assert (await catalogue.sees("ann"))["saved"] == {"USD": 0}


async def test_of_what_has_all_come_back_a_reversal_restores_nothing(catalogue: Shop) -> None:
    redemption = await paid(catalogue, "five")
    await catalogue.tell("order.cancelled", "ann", LATER + 2 * DAY, order_id="o")
    assert (await seen(catalogue, redemption))["restored_points"] == 100
    catalogue.clock.move_to(LATER + 3 * DAY)
    assert (await catalogue.step(redemption, "fulfil")).status_code == 200
    assert (await catalogue.step(redemption, "reverse")).status_code == 200
    assert (await catalogue.step(redemption, "reverse")).status_code == 409
    assert (await catalogue.balances("ann"))[1] == 120


async def test_a_refund_that_failed_pays_again_out_of_what_is_there(catalogue: Shop) -> None:
    redemption = await paid(catalogue)
    await catalogue.returns("ann", "o", 4, LATER + 2 * DAY)
    assert (await catalogue.balances("ann"))[1] == 120
    catalogue.clock.move_to(LATER + 3 * DAY)
    other = await catalogue.reserved("ann", "five")
    await catalogue.step(other, "confirm")
    await catalogue.tell("order.refund_failed", "ann", LATER + 4 * DAY, refund_id="o-4")
    assert (await seen(catalogue, redemption))["restored_points"] == 0
    pending, available, reserved, owed = await catalogue.balances("ann")
    assert (pending, available, reserved, owed) == (0, 0, 0, 20 + 15 - 100)
    assert (await catalogue.sees("ann"))["saved"] == {"USD": 1000}
    await catalogue.buys("ann", "more", 200, LATER + 5 * DAY)
    await catalogue.tell("order.cancelled", "ann", LATER + 6 * DAY, order_id="o")
    catalogue.clock.move_to(LATER + 7 * DAY)
    await catalogue.step(other, "reverse")
    assert (await catalogue.balances("ann"))[1] == 320
    assert (await catalogue.sees("ann"))["saved"] == {"USD": 0}


async def test_orders_told_late_amended_or_without_a_word_of_points(catalogue: Shop) -> None:
    ann = await catalogue.member_with(320)
    total = {"total_minor": 2000, "currency": "USD"}
    redemption = await catalogue.reserved(ann, "fifth", order=total, order_id="o")
    await catalogue.step(redemption, "confirm")
    await catalogue.returns(ann, "o", 1, LATER + 2 * DAY)
    assert (await seen(catalogue, redemption))["restored_points"] == 0
    await orders(catalogue, 0)
    assert (await seen(catalogue, redemption))["restored_points"] == 12
    await orders(catalogue, 200, order_version=2)
    told = await seen(catalogue, redemption)
    assert (told["value_minor"], told["restored_points"], told["restored_minor"]) == (400, 6, 50)


async def test_only_what_pays_at_a_checkout_names_an_order(catalogue: Shop) -> None:
    ann = await catalogue.member_with(120)
    answer = await catalogue.reserve(ann, "trees", order_id="o")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/pays-no-order")
    quote = {"member_id": ann, "reward_id": "trees", "order_id": "o"}
    assert (await catalogue.client.post("/v1/quotes", json=quote)).json()["why_not"] == (
        "pays-no-order"
    )


async def test_the_client_names_the_order(catalogue: Shop) -> None:
    ann = await catalogue.member_with(120)
    transport = catalogue.client._transport
    async with AsyncClient("http://shop", catalogue.key, transport=transport) as client:
        held = await client.reserve(ann, "five", order_id="o")
    assert (held.order_id, held.restored_points, held.restored_minor) == ("o", 0, 0)


async def test_the_story_says_that_what_paid_came_back(catalogue: Shop) -> None:
    await paid(catalogue)
    await catalogue.returns("ann", "o", 4, LATER + 2 * DAY)
    catalogue.clock.move_to(LATER + 3 * DAY)
    await catalogue.step(await catalogue.reserved("ann", "five"), "confirm")
    await catalogue.tell("order.refund_failed", "ann", LATER + 4 * DAY, refund_id="o-4")
    page = (await catalogue.client.get("/v1/members/ann/history")).json()
    told = [row["what"] for row in page["entries"]]
    assert any(what.startswith("had paid for order o, comes back: earned for") for what in told)
    assert any(what.startswith("pays for order o again: earned for") for what in told)
    assert "pays for order o again, not there any more: owed" in told


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("restored_points = 101", "redemptions_restored_in_bounds"),
        ("restored_minor = -1", "redemptions_restored_in_bounds"),
        ("state = 'reversed'", "redemptions_restored_by_state"),
    ],
)
async def test_the_database_keeps_what_is_restored_in_bounds(
    catalogue: Shop, change: str, constraint: str
) -> None:
    await paid(catalogue)
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await catalogue.pool.execute(f"update redemptions set {change}")
    assert refused.value.constraint_name == constraint
    with pytest.raises(asyncpg.PostgresError, match="redemptions keep what they are"):
        await catalogue.pool.execute("update redemptions set order_id = 'another'")
