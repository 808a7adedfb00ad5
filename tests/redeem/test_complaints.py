"""Published numbers and complaints about redeeming, each over the API on a real ledger."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from headway.ledger import codes
from tests.redeem.kit import CATALOGUE, JOINED, LATER, Shop, open_shop
from tests.redeem.test_catalogue import problem, quoted

EXAMPLES = Path(__file__).parents[2] / "examples" / "programs"
SQUARE = CATALOGUE.replace(
    'points: 1, every: "1.00"', 'points: 1, every: "10.00", steps: full'
).replace("{points: 20}", "{points: 1}")


@pytest.fixture
async def square(database: str) -> AsyncIterator[Shop]:
    """A point for every full $10."""
    async with open_shop(database, programme=SQUARE) as opened:
        yield opened


async def test_t7_a_fraction_of_a_point_is_never_spent(square: Shop) -> None:
    """$105 at a point for $10 are 10 points: one reward of ten points, and no more."""
    await square.tell("member.joined", "ann", JOINED)
    await square.buys("ann", "o", 105)
    assert await square.balances("ann") == (0, 11, 0, 0)
    await square.step(await square.reserved("ann", "coffee"), "confirm")
    assert problem(await square.reserve("ann", "coffee")) == "insufficient-points"
    assert await square.balances("ann") == (0, 1, 0, 0)


async def test_t10_a_return_takes_what_its_line_earned_and_leaves_the_redemption(
    catalogue: Shop,
) -> None:
    """$50 and $20, $10 of it paid with points: 60 points; the $20 line returned: 20 go."""
    ann = await catalogue.member_with(120)
    id_ = await catalogue.reserved(
        ann, "cents", order={"total_minor": 7000, "currency": "USD"}, pay_points=100
    )
    await catalogue.step(id_, "confirm")
    lines = [
        {"line_id": "1", "sku": "a", "quantity": 1, "amount": 5000, "paid_with_points": 1000},
        {"line_id": "2", "sku": "b", "quantity": 1, "amount": 2000},
    ]
    await catalogue.tell("order.paid", ann, LATER, order_id="smile", currency="USD", lines=lines)
    assert await catalogue.balances(ann) == (0, 20 + 60, 0, 0)
    await catalogue.tell(
        "order.refunded", ann, LATER + timedelta(hours=1), refund_id="r", order_id="smile",
        lines=[{"line_id": "2", "sku": None, "quantity": 1}],
    )  # fmt: skip
    assert await catalogue.balances(ann) == (0, 20 + 40, 0, 0)
    assert (await catalogue.sees(ann))["saved"] == {"USD": 500}


async def saves_for(shop: Shop, member: str, reward: str, *, five_dollars: int) -> None:
    """A member who saves, so that no $5 certificate issues itself; and codes for asking for one."""
    async with shop.pool.acquire() as connection:
        await codes.generate(connection, "five-dollars", five_dollars)
    answer = await shop.client.put(
        f"/v1/members/{member}/goal", json={"reward_id": reward},
        headers={"Idempotency-Key": f"{member} saves"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text


async def test_t11_the_club_tells_what_is_missing_and_what_was_saved(database: str) -> None:
    """$80 spent: 20 points to the next $5. Two rewards used: $10 saved since joining."""
    text = (EXAMPLES / "shoe-vip.yaml").read_text(encoding="utf-8")
    async with open_shop(database, programme=text) as shop:
        await shop.tell("member.joined", "ann", JOINED)
        await saves_for(shop, "ann", "twenty", five_dollars=2)
        await shop.buys("ann", "o", 80)
        seen = await shop.sees("ann")
        assert (seen["next_reward"]["reward_id"], seen["next_reward"]["missing"]) == ("five", 20)
        await shop.buys("ann", "p", 119)
        await shop.step(await shop.reserved("ann", "five"), "confirm")
        assert problem(await shop.reserve("ann", "five")) == "insufficient-points"
        assert (await shop.sees("ann"))["saved"] == {"USD": 500}
        await shop.buys("ann", "q", 1)
        await shop.step(await shop.reserved("ann", "five"), "confirm")
        assert (await shop.sees("ann"))["saved"] == {"USD": 1000}


async def test_t15_of_730_points_fifty_dollars_are_issued_and_230_carried(database: str) -> None:
    text = (EXAMPLES / "explorer-pass.yaml").read_text(encoding="utf-8")
    async with open_shop(database, programme=text) as shop:
        await shop.tell("member.joined", "ann", JOINED)
        await shop.buys("ann", "o", 730)
        for _ in range(5):
            await shop.step(await shop.reserved("ann", "ten"), "confirm")
        assert await shop.balances("ann") == (0, 230, 0, 0)
        assert (await shop.sees("ann"))["saved"] == {"USD": 5000}


async def test_t18_three_points_at_two_for_three_dollars_use_two(database: str) -> None:
    """Odoo pull 136982: $1.50 a point in steps of two; not 3 points and $4.50."""
    text = CATALOGUE.replace("minimum: 4, ", "").replace("{points: 20}", "{points: 3}")
    async with open_shop(database, programme=text) as shop:
        await shop.tell("member.joined", "ann", JOINED)
        order = {"total_minor": 20_000, "currency": "USD"}
        answer = (await shop.reserve("ann", "pay", order=order)).json()
    assert (answer["points"], answer["value_minor"]) == (2, 300)
    assert answer["balances"]["available"] == 1


async def test_t18b_points_at_five_cents_pay_to_the_cent(catalogue: Shop) -> None:
    """POS Awesome 45: 77 points are $3.85; redeem 77 and earn 82: 82 left."""
    ann = await catalogue.member_with(77)
    order = {"total_minor": 10_000, "currency": "USD"}
    answer = (await catalogue.reserve(ann, "cents", order=order)).json()
    assert (answer["points"], answer["value_minor"]) == (77, 385)
    await catalogue.step(answer["redemption_id"], "confirm")
    await catalogue.buys(ann, "next", 82, LATER)
    assert await catalogue.balances(ann) == (0, 82, 0, 0)


async def test_never_more_points_than_the_order_takes(catalogue: Shop) -> None:
    """Odoo pull 274951: 30 points charged although the order was smaller."""
    ann = await catalogue.member_with(500)
    order = {"total_minor": 2000, "currency": "USD"}
    assert (await quoted(catalogue, ann, "cents", order=order))["points"] == 400
    assert (
        problem(await catalogue.reserve(ann, "cents", order=order, pay_points=401))
        == "unfit-points"
    )


async def test_t21_what_is_owed_is_paid_before_anything_is_redeemed(catalogue: Shop) -> None:
    """+50, spent 50, 30 clawed back: 30 owed; of the next 100 there are 70."""
    ann = await catalogue.member_with(50)
    await catalogue.step(await catalogue.reserved(ann, "trees"), "confirm")
    await catalogue.returns(ann, "ann-first", 30, LATER)
    assert await catalogue.balances(ann) == (0, 0, 0, -30)
    assert (await quoted(catalogue, ann, "trees"))["missing"] == 80
    await catalogue.buys(ann, "next", 100, LATER + timedelta(hours=1))
    assert await catalogue.balances(ann) == (0, 70, 0, 0)
    assert problem(await catalogue.reserve(ann, "hike")) == "insufficient-points"


async def test_odoo_212922_points_are_not_deducted_twice_on_a_refund(catalogue: Shop) -> None:
    ann = await catalogue.member_with(150)
    id_ = await catalogue.reserved(ann, "five")
    await catalogue.step(id_, "confirm")
    await catalogue.returns(ann, "ann-first", 30, LATER)
    assert await catalogue.balances(ann) == (0, 20, 0, 0)
    first = await catalogue.step(id_, "reverse", key="undo")
    assert (await catalogue.step(id_, "reverse", key="undo")).text == first.text
    assert problem(await catalogue.step(id_, "reverse")) == "wrong-state"
    assert await catalogue.balances(ann) == (0, 120, 0, 0)


async def test_odoo_221928_a_partial_refund_does_not_spend_points_again(catalogue: Shop) -> None:
    ann = await catalogue.member_with(150)
    await catalogue.step(await catalogue.reserved(ann, "five"), "confirm")
    lines = [{"line_id": "1", "sku": "a", "quantity": 2, "amount": 2000, "paid_with_points": 500}]
    await catalogue.tell("order.paid", ann, LATER, order_id="o", currency="USD", lines=lines)
    assert await catalogue.balances(ann) == (0, 50 + 15, 0, 0)
    await catalogue.tell(
        "order.refunded", ann, LATER + timedelta(hours=1), refund_id="r", order_id="o",
        lines=[{"line_id": "1", "sku": None, "quantity": 1}],
    )  # fmt: skip
    _, available, reserved, _ = await catalogue.balances(ann)
    assert (available, reserved) in ((57, 0), (58, 0)), "half of what the order earned, no more"
    spent = "select sum(points) from points_events where kind = 'redeem'"
    assert await catalogue.pool.fetchval(spent) == 100


async def test_nopcommerce_5595_the_balance_after_cancelling_and_refunding(
    catalogue: Shop,
) -> None:
    ann = await catalogue.member_with(250)
    cancelled, confirmed = [await catalogue.reserved(ann, "five") for _ in range(2)]
    await catalogue.step(cancelled, "cancel")
    await catalogue.step(confirmed, "confirm")
    await catalogue.returns(ann, "ann-first", 230, LATER)
    assert await catalogue.balances(ann) == (0, 0, 0, -80)
    await catalogue.step(confirmed, "reverse")
    assert await catalogue.balances(ann) == (0, 20, 0, 0)
    assert (await catalogue.sees(ann))["saved"] == {"USD": 0}


async def test_medusa_16347_two_checkouts_never_spend_the_same_points(catalogue: Shop) -> None:
    ann = await catalogue.member_with(100)
    order = {"total_minor": 500, "currency": "USD"}
    tries = [catalogue.reserve(ann, "cents", order=order, pay_points=100) for _ in range(8)]
    told = Counter(answer.status_code for answer in await asyncio.gather(*tries))
    assert told == {201: 1, 409: 7}


@pytest.mark.parametrize("thread", ["EvaP#1785", "Nova-Rewards#190"])
async def test_a_double_redemption_is_one(catalogue: Shop, thread: str) -> None:
    """The same request twice at once, and the same points under two keys."""
    ann = await catalogue.member_with(100)
    same = await asyncio.gather(*(catalogue.reserve(ann, "hike", key=thread) for _ in range(6)))
    assert len({answer.text for answer in same}) == 1
    assert problem(await catalogue.reserve(ann, "hike")) == "insufficient-points"
    assert await catalogue.balances(ann) == (0, 20, 80, 0)


async def test_wpswings_164_points_that_were_just_taken_away_pay_for_nothing(
    catalogue: Shop,
) -> None:
    ann = await catalogue.member_with(120)
    assert (await quoted(catalogue, ann, "five"))["can_have"]
    held = await catalogue.reserved(ann, "coffee")
    await catalogue.returns(ann, "ann-first", 100, LATER)
    assert problem(await catalogue.reserve(ann, "five")) == "insufficient-points"
    assert (await catalogue.step(held, "confirm")).status_code == 200, "what was held stays held"


async def test_sixteen_clients_never_oversell_a_stock_of_twenty(catalogue: Shop) -> None:
    members = [await catalogue.member_with(130, f"m{number}") for number in range(16)]
    told: Counter[int] = Counter()

    async def client(member: str) -> None:
        for _ in range(3):
            answer = await catalogue.reserve(member, "mug")
            while answer.status_code == 503:
                answer = await catalogue.reserve(member, "mug")
            told[answer.status_code] += 1
            if answer.status_code == 409:
                assert problem(answer) == "out-of-stock"

    await asyncio.gather(*(client(member) for member in members))

    assert told == {201: 20, 409: 28}
    stock = await catalogue.pool.fetchrow("select total, taken from reward_stock")
    assert stock is not None
    assert tuple(stock) == (20, 20)
    refused = await catalogue.pool.fetchval(
        "select count(*) from inputs where outcome = 'refused' and reason = 'out of stock'"
    )
    assert refused == 28
