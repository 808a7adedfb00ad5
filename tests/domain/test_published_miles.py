"""T16, KrisFlyer: Elite miles make the tier and cannot be spent."""

from datetime import timedelta

import pytest

from tests.domain.programme import example
from tests.domain.shop import Shop
from tests.domain.world import DAY, START

MILES = example("miles")


def fly(shop: Shop, miles: int) -> None:
    """A flight, told as what can be spent and as what counts."""
    shop.tell("activity.recorded", activity="flight", quantity=miles)
    shop.tell("activity.recorded", activity="elite-miles", quantity=miles)


@pytest.mark.parametrize(
    ("miles", "tier"),
    [(24_999, "basic"), (25_000, "silver"), (49_999, "silver"), (50_000, "gold")],
)
def test_t16_silver_from_25000_and_gold_from_50000(miles: int, tier: str) -> None:
    shop = Shop(MILES)
    fly(shop, miles)
    assert shop.tier == tier
    shop.wait(START + 4 * DAY)
    assert shop.points == miles


def test_t16_miles_count_within_twelve_months_in_a_row() -> None:
    shop = Shop(MILES)
    fly(shop, 25_000)
    shop.wait(START + timedelta(days=300))
    fly(shop, 25_000)
    assert shop.tier == "gold"
    late = Shop(MILES)
    fly(late, 25_000)
    late.wait(START + timedelta(days=370))
    fly(late, 25_000)
    assert late.tier == "silver"


def test_t16_elite_miles_cannot_be_spent_nor_does_spending_cost_the_tier() -> None:
    shop = Shop(MILES)
    shop.tell("activity.recorded", activity="elite-miles", quantity=50_000)
    shop.wait(START + 4 * DAY)
    assert (shop.tier, shop.points) == ("gold", 0)
    fly(shop, 8_000)
    shop.wait(START + 9 * DAY)
    assert shop.points == 10_000, "a quarter more in gold"
    assert shop.redeem("r", "upgrade") == "applied"
    assert (shop.tier, shop.points) == ("gold", 1_500)


def test_t16_relief_of_2020_credits_25000_of_the_50000() -> None:
    shop = Shop(MILES)
    shop.tell("activity.recorded", activity="elite-miles", quantity=25_000)
    fly(shop, 25_000)
    assert shop.tier == "gold"


def test_t16_campaign_of_2021_one_elite_mile_for_five() -> None:
    shop = Shop(MILES)
    shop.tell("activity.recorded", activity="flight", quantity=125_000)
    assert shop.tier == "basic"
    shop.tell("activity.recorded", activity="elite-miles", quantity=125_000 // 5)
    assert shop.tier == "silver"
