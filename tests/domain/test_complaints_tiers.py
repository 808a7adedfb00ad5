"""Complaints about tiers: the wrong one used, minimums ignored, lost by spending."""

from typing import Any

import pytest

from tests.domain.programme import DOLLAR, program, reward, tiers, times
from tests.domain.shop import Shop
from tests.domain.world import DAY, START

LADDER = tiers(("silver", "200.00"), ("gold", "500.00"))
RATES = [times("silver", "1.5", "tier", tier=["silver"]), times("gold", "2", "tier", tier=["gold"])]
ERPNEXT = [
    "erpnext#14930", "erpnext#14847", "erpnext#22167", "erpnext#24672", "erpnext#33550",
    "erpnext#45450", "erpnext#41564",
]  # fmt: skip


@pytest.mark.parametrize("thread", ERPNEXT)
@pytest.mark.parametrize(
    ("spent", "tier", "points"),
    [(0, "club", 100), (19999, "club", 100), (20000, "silver", 150), (50000, "gold", 200)],
)
def test_each_purchase_earns_at_the_tier_that_its_buyer_has(
    thread: str, spent: int, tier: str, points: int
) -> None:
    """The wrong tier was used, and minimum spends ignored, from 2018 to 2025: "no idea for how
    many years this was actually broken"."""
    shop = Shop(program(DOLLAR, *RATES, tiers=LADDER))
    if spent:
        shop.buy("before", ("shoes", spent))
    assert shop.tier == tier, thread
    before = shop.points
    shop.buy("o", ("shoes", 10000))
    assert shop.points - before == points


def test_erpnext_33550_nothing_below_the_minimum() -> None:
    """A minimum of what must be spent before anything is earned."""
    minimum = {**DOLLAR, "when": {"order_total": {"min": "50.00"}}}
    shop = Shop(program(minimum))
    assert shop.buy("a", ("shoes", 4999)) == "nothing: no rule awards it"
    shop.buy("b", ("shoes", 5000))
    assert shop.points == 50


def test_erpnext_the_order_of_rules_in_the_file_decides_nothing() -> None:
    for rules in ([DOLLAR, *RATES], [*reversed(RATES), DOLLAR]):
        shop = Shop(program(*rules, tiers=LADDER))
        shop.buy("a", ("shoes", 50000))
        shop.buy("b", ("shoes", 10000))
        assert shop.points == 700


def test_erpnext_a_late_order_counts_on_its_own_day() -> None:
    shop = Shop(program(DOLLAR, tiers=LADDER))
    shop.wait(START.replace(year=2025))
    shop.tell("member.updated", attributes={})
    shop.world.tell(
        "order.paid", at=START + DAY, order_id="late", currency="USD",
        lines=[{"line_id": "1", "sku": "s", "quantity": 1, "amount": 90000}],
    )  # fmt: skip
    assert shop.tier == "club", "last year's spend is no reason for a tier this year"
    assert shop.points == 900


@pytest.mark.parametrize("measure", ["spend", "points", "orders"])
def test_open_loyalty_131_a_level_goes_by_what_was_earned_not_by_the_balance(measure: str) -> None:
    """Spending points took members a level down."""
    start = {"spend": "100.00", "points": 100, "orders": 1}[measure]
    two = {"id": "two", "name": "2", "from": start}
    ladder: dict[str, Any] = {
        "measure": measure,
        "window": "lifetime",
        "levels": [{"id": "one", "name": "1", "from": 0}, two],
    }
    shop = Shop(program(DOLLAR, tiers=ladder, rewards=[reward("all", 100, "5.00 USD")]))
    shop.buy("o", ("shoes", 10000))
    assert shop.tier == "two"
    shop.redeem("r", "all")
    assert (shop.points, shop.tier) == (0, "two")
    shop.bring_back("o")
    assert shop.tier == "one"


def test_dynamics_617_tier_points_are_those_that_were_earned_in_the_window() -> None:
    """ "Nothing works for tier points ... one pager please": docs/programme.md, Tiers."""
    ladder: dict[str, Any] = {
        "measure": "points",
        "window": {"rolling_months": 6},
        "levels": [{"id": "one", "name": "1", "from": 0}, {"id": "two", "name": "2", "from": 150}],
    }
    shop = Shop(program(DOLLAR, times("boots", "2", category=["boots"]), tiers=ladder))
    shop.buy("a", ("boots", 5000))
    shop.buy("b", ("socks", 4999))
    assert shop.tier == "one"
    shop.buy("c", ("socks", 1))
    assert shop.tier == "two", "100 of the boots, 50 of the socks"
    shop.wait(START + 190 * DAY)
    assert (shop.tier, shop.points) == ("one", 150)
