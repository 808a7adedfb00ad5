"""Complaints about rounding: points lost to a currency, or taken beyond what was given.

That of POS Awesome (#45) is T18b in test_published.py.
"""

from typing import Any

import pytest

from tests.domain.programme import DOLLAR, program, times
from tests.domain.shop import Shop

YEN = {**DOLLAR, "award": {"per_money": {"points": 1, "every": "100"}}}


def test_odoo_259660_the_smallest_unit_of_a_currency_rounds_no_points() -> None:
    """A currency rounded to 10 turned 1 point into 0."""
    shop = Shop(program(YEN, currency="JPY"))
    shop.buy("a", ("tea", 100), currency="JPY")
    assert shop.points == 1
    shop.buy("b", ("tea", 250), currency="JPY")
    assert shop.points == 3
    shop.buy("c", ("tea", 50), currency="JPY")
    assert shop.points == 4


@pytest.mark.parametrize(("earn_on", "points"), [([], 15), (["paid_with_points"], 20)])
def test_odoo_114004_earned_on_the_amount_after_the_reward_or_before_as_the_programme_says(
    earn_on: list[str], points: int
) -> None:
    """ "We made the choice to grant points before the claim": here it is the programme's."""
    shop = Shop(program(points={"earn_on": earn_on}))
    line = {"line_id": "1", "sku": "s", "quantity": 1, "amount": 2000, "paid_with_points": 500}
    shop.buy("o", lines=[line])
    assert shop.points == points


def test_erpnext_36466_points_go_by_the_lines_not_by_a_rounded_total() -> None:
    """The rounded total and the grand total gave different points."""
    shop = Shop()
    shop.buy("a", ("a", 1033), ("b", 1033), ("c", 933), tax=1)
    assert shop.points == 29
    shop.buy("b", ("a", 1))
    assert shop.points == 30, "29.99 and 0.01"


@pytest.mark.parametrize(
    ("rounding", "points"), [("carry", 4), ("down", 3), ("nearest", 6), ("up", 6)]
)
def test_smartstore_1239_rounding_is_a_setting(rounding: str, points: int) -> None:
    """Three purchases of 1.5 points."""
    shop = Shop(program({**DOLLAR, "round": rounding}))
    for order_id in "abc":
        shop.buy(order_id, ("shoes", 150))
    assert shop.points == points


ROUNDED: list[dict[str, Any]] = [{**DOLLAR, "round": r} for r in ("carry", "down", "nearest", "up")]


@pytest.mark.parametrize("rule", ROUNDED, ids=lambda rule: rule["round"])
@pytest.mark.parametrize("cents", [1, 49, 50, 60, 99, 149, 151, 333])
def test_smartstore_1239_what_comes_back_takes_what_was_given_and_not_a_point_more(
    rule: dict[str, Any], cents: int
) -> None:
    """A negative amount has to be truncated, where floor would take a point too many."""
    boots = {**times("boots", "1.5", category=["boots"]), "round": rule["round"]}
    shop = Shop(program(rule, boots))
    shop.buy("o", ("boots", cents), ("socks", cents), quantity=3)
    given = shop.points
    for _ in range(3):
        shop.bring_back("o", "1")
        assert 0 <= shop.points <= given
        shop.bring_back("o", "2")
    assert shop.points == 0
    assert not any(shop.world.account().remainders.values())
