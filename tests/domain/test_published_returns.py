"""Worked numbers about returns: what comes back takes what it was given, by the chosen policy."""

from datetime import timedelta
from typing import Any

import pytest

from tests.domain.programme import DOLLAR, SEVENTHS, example, fixed, program, times
from tests.domain.shop import Shop
from tests.domain.world import DAY, START, World


def after(days: int) -> dict[str, Any]:
    """The start of a programme's later version."""
    return {"from": (START + timedelta(days=days)).isoformat(), "version": 2}


@pytest.mark.parametrize(
    ("attribution", "taken"),
    [
        pytest.param("per_line", 20, id="T8 C's share of the points for the order"),
        pytest.param("by_money", 35, id="T8 half of the money, as Open Loyalty"),
    ],
)
def test_t8_open_loyalty_a_return_of_c(attribution: str, taken: int) -> None:
    """A 10, B 10, C 20 EUR; A 10 + B 20 + C 0 + order 40 points = 70."""
    rules = (
        DOLLAR,
        {"id": "a", "on": "order.paid", "when": {"category": "A"}, "award": {"per_item": 10}},
        {"id": "b", "on": "order.paid", "when": {"category": "B"}, "award": {"per_item": 20}},
    )
    shop = Shop(program(*rules, points={"attribution": attribution}))
    shop.buy("o", ("A", 1000), ("B", 1000), ("C", 2000))
    assert shop.points == 70
    shop.bring_back("o", "3")
    assert shop.points == 70 - taken


def pending(world: World) -> int:
    return world.account().pending


def test_idpay_a_charge_of_100_less_30_less_20_earns_what_50_would() -> None:
    """The rule runs on the charge less every refund, and the difference is what goes."""
    shop = Shop(example("cashback"))
    shop.buy("o", ("books", 10000), quantity=10)
    assert pending(shop.world) == 100 + 100, "1 % and the dollar for a full hundred"
    shop.bring_back("o", quantity=3)
    assert pending(shop.world) == 70
    shop.bring_back("o", quantity=2)
    assert pending(shop.world) == 50
    half = Shop(example("cashback"))
    half.buy("o", ("books", 5000), quantity=5)
    assert pending(half.world) == 50


RULE_CHANGES: dict[str, list[dict[str, Any]]] = {
    "unchanged": [DOLLAR],
    "deleted": [fixed("other", "review.published", 1)],
    "disabled": [{**DOLLAR, "when": {"category": ["none"]}}],
    "twice as many": [DOLLAR, times("double", "2")],
}


@pytest.mark.parametrize("rules", RULE_CHANGES.values(), ids=RULE_CHANGES.keys())
def test_t10_smile_a_return_takes_what_was_given_whatever_the_rule_is_now(
    rules: list[dict[str, Any]],
) -> None:
    shop = Shop(program(DOLLAR), program(*rules, **after(days=1)))
    shop.buy("o", ("shoes", 5000))
    assert shop.points == 50
    shop.wait(START + 2 * DAY)
    shop.bring_back("o")
    assert shop.points == 0


@pytest.mark.parametrize(
    ("shoes", "socks", "left"),
    [
        pytest.param(4000, 2000, 40, id="coupon on the shoes"),
        pytest.param(4286, 1714, 42, id="coupon prorated: 17.14 points go, 42.86 are left"),
    ],
)
@pytest.mark.parametrize("attribution", ["per_line", "by_money"])
def test_t10_smile_of_fifty_and_twenty_less_a_coupon_of_ten_the_twenty_come_back(
    attribution: str, shoes: int, socks: int, left: int
) -> None:
    """Smile takes 20; where the shop spreads the coupon over the lines, the socks were cheaper."""
    shop = Shop(program(points={"attribution": attribution}))
    shop.buy("o", ("shoes", shoes), ("socks", socks))
    assert shop.points == 60
    shop.bring_back("o", "2")
    assert shop.points == left


def test_t10_rivo_half_of_a_hundred_dollars() -> None:
    shop = Shop()
    shop.buy("o", ("shoes", 10000), quantity=2)
    shop.bring_back("o")
    assert shop.points == 50


def test_several_partial_returns_take_together_what_one_whole_return_does() -> None:
    shop = Shop(program(SEVENTHS))
    shop.buy("o", ("socks", 1000), quantity=3)
    assert shop.points == 4
    for _ in range(3):
        shop.bring_back("o")
    assert shop.points == 0
    assert not any(shop.world.account().remainders.values())


def test_more_returned_than_bought_is_refused_and_the_rest_applied() -> None:
    shop = Shop()
    shop.buy("o", ("shoes", 10000), quantity=2)
    assert shop.bring_back("o", quantity=3) == "applied: returned more than bought"
    assert shop.bring_back("o") == "nothing: returned more than bought"
    assert shop.bring_back("o", "9") == "nothing: unknown line"
    assert shop.points == 0


def test_a_till_return_takes_the_latest_lines_of_that_sku() -> None:
    shop = Shop(program(DOLLAR, times("b", "2", category=["boots"])))
    shop.buy("a", ("boots", 1000), quantity=2)
    shop.buy("b", ("boots", 4000), ("socks", 500))
    assert shop.points == 20 + 80 + 5
    assert shop.bring_back(None, "boots", quantity=2) == "applied"
    assert shop.points == 10 + 5
    assert shop.bring_back(None, "boots", quantity=5) == "applied: unmatched"
    assert shop.points == 5
    assert shop.bring_back(None, "hats") == "nothing: unmatched"
