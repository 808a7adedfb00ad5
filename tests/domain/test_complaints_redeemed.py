"""Complaints about rewards and points that were spent: returned, taken twice, or another's."""

from typing import Any

import pytest

from headway.errors import Conflict
from tests.domain.programme import DOLLAR, program, reward
from tests.domain.shop import Shop
from tests.domain.world import START, line

STAR = reward("star", 100, "5.00 USD")
TWO = reward("two", 2, "3.00 USD")


def rich(points: int = 100) -> Shop:
    """A member with so many points, and something to spend them on."""
    shop = Shop(program(DOLLAR, rewards=[STAR, TWO]))
    shop.buy("before", ("coffee", points * 100))
    return shop


@pytest.mark.parametrize("thread", ["squareup td-p/392376", "squareup td-p/132954", "wpswings#112"])
def test_a_reward_comes_back_when_the_order_it_paid_for_does(thread: str) -> None:
    """Reward not restored after a return; a request to un-redeem; points not refunded."""
    shop = rich()
    shop.redeem("r", "star")
    paid = {"line_id": "1", "sku": "s", "quantity": 1, "amount": 2000, "paid_with_points": 500}
    shop.buy("o", lines=[paid])
    assert shop.points == 15
    shop.bring_back("o")
    assert shop.step("reverse", "r") == "applied", thread
    assert (shop.points, shop.world.account().saved) == (100, {"USD": 0})


def test_squareup_392376_thirty_and_twenty_dollars_earn_the_fifty_dollar_star() -> None:
    """Spend was not cumulative, and stars were missing."""
    shop = Shop(program({**DOLLAR, "award": {"per_money": {"points": 1, "every": "50.00"}}}))
    shop.buy("a", ("coffee", 3000))
    shop.buy("b", ("coffee", 2000))
    assert shop.points == 1
    shop.bring_back("a")
    assert shop.points == 0, "the star goes with either of the two"
    shop.buy("c", ("coffee", 3000))
    assert shop.points == 1


@pytest.mark.parametrize("thread", ["squareup td-p/99498", "squareup td-p/109968"])
def test_an_order_is_one_members_and_no_others(thread: str) -> None:
    """Rewards went to the wrong, or a duplicate, customer."""
    shop = rich()
    shop.world.tell("member.joined", "twin", at=START)
    told: dict[str, Any] = {"order_id": "before", "currency": "USD", "lines": [line(10000)]}
    with pytest.raises(Conflict, match="belongs to another member"):
        shop.world.tell("order.paid", "twin", **told)
    assert shop.world.account("twin").available == 0, thread
    assert shop.points == 100


def test_wpswings_176_a_cancellation_takes_points_from_the_buyer_and_nobody_else() -> None:
    """Points were taken from the administrator's account on cancel."""
    shop = rich()
    shop.world.tell("member.joined", "admin", at=START)
    shop.world.tell("order.paid", "admin", order_id="own", currency="USD", lines=[line(5000)])
    shop.tell("order.cancelled", order_id="before")
    assert (shop.points, shop.world.account("admin").available) == (0, 50)


def test_wpswings_164_points_that_are_gone_pay_for_nothing() -> None:
    """An order was placed with points that had just been removed."""
    shop = rich()
    shop.bring_back("before")
    assert shop.reserve("r", "star") == "insufficient points"


@pytest.mark.parametrize("thread", ["medusajs/medusa#16347", "Nova-Rewards#190"])
def test_two_checkouts_do_not_spend_the_same_points(thread: str) -> None:
    """Concurrent checkouts redeemed one gift card twice."""
    shop = rich()
    assert shop.reserve("first", "star") == "applied", thread
    assert shop.reserve("second", "star") == "insufficient points"
    shop.step("cancel", "first")
    assert shop.reserve("third", "star") == "applied"


def test_evap_1785_a_redemption_is_confirmed_once() -> None:
    """The same points were redeemed twice."""
    shop = rich(200)
    shop.reserve("r", "star")
    assert shop.step("confirm", "r") == "applied"
    assert shop.step("confirm", "r") == "wrong state"
    assert (shop.points, shop.world.account().saved) == (100, {"USD": 500})


def test_odoo_136982_t18_rewards_are_whole_and_what_is_left_stays() -> None:
    """3 points at $3 for 2: two are used for $3, not three for $4.50."""
    shop = rich(3)
    assert shop.redeem("a", "two") == "applied"
    assert shop.redeem("b", "two") == "insufficient points"
    assert (shop.points, shop.world.account().saved) == (1, {"USD": 300})
