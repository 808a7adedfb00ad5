"""T14, Sephora's Beauty Insider: rates, thresholds, and how long a status lasts."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.domain.programme import example
from tests.domain.shop import Shop

BEAUTY = example("beauty-tiers")
JANUARY_2022 = datetime(2022, 1, 20, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spent", "tier", "rate"),
    [(0, "insider", 100), (350, "vib", 125), (1000, "rouge", 150)],
)
def test_t14_insider_one_vib_one_and_a_quarter_rouge_one_and_a_half(
    spent: int, tier: str, rate: int
) -> None:
    shop = Shop(BEAUTY)
    if spent:
        shop.buy("before", ("lipstick", spent * 100))
    assert (shop.tier, shop.points) == (tier, spent)
    shop.buy("o", ("lipstick", 10000))
    assert shop.points == spent + rate
    shop.buy("small", ("lipstick", 1000))
    assert shop.points == spent + rate + rate // 10, "12.5 are 12 until there is more"


@pytest.mark.parametrize(("spent", "tier"), [(34999, "insider"), (99999, "vib")])
def test_t14_a_cent_below_350_or_1000_dollars_is_not_enough(spent: int, tier: str) -> None:
    shop = Shop(BEAUTY)
    shop.buy("o", ("lipstick", spent))
    assert shop.tier == tier


def test_t14_reached_in_january_2022_it_lasts_until_the_end_of_2023() -> None:
    shop = Shop(BEAUTY, at=JANUARY_2022)
    shop.buy("o", ("lipstick", 100000))
    end = datetime(2024, 1, 1, 8, tzinfo=UTC)  # midnight in Los Angeles
    shop.wait(end - timedelta(microseconds=1))
    assert shop.tier == "rouge"
    shop.wait(end)
    assert shop.tier == "insider"


def test_t14_a_lower_tier_reached_again_in_the_second_year_is_what_is_left() -> None:
    shop = Shop(BEAUTY, at=JANUARY_2022)
    shop.buy("o", ("lipstick", 100000))
    shop.wait(datetime(2023, 6, 1, tzinfo=UTC))
    shop.buy("p", ("lipstick", 35000))
    assert shop.tier == "rouge"
    shop.wait(datetime(2024, 1, 2, tzinfo=UTC))
    assert shop.tier == "vib"


def test_t14_500_points_are_ten_dollars_and_2500_a_hundred() -> None:
    shop = Shop(BEAUTY)
    shop.buy("o", ("lipstick", 300000))
    assert shop.redeem("a", "ten") == "applied"
    assert shop.redeem("b", "hundred") == "applied"
    assert (shop.points, shop.world.account().saved) == (0, {"USD": 11000})


def test_t14_points_die_after_twelve_months_without_a_purchase() -> None:
    shop = Shop(BEAUTY, at=JANUARY_2022)
    shop.buy("o", ("lipstick", 10000))
    shop.wait(datetime(2023, 1, 10, tzinfo=UTC))
    shop.buy("p", ("lipstick", 1000))
    assert shop.points == 110
    shop.wait(datetime(2024, 1, 9, 20, tzinfo=UTC))
    assert shop.points == 110, "a purchase keeps all of them alive"
    shop.wait(datetime(2024, 1, 11, tzinfo=UTC))
    assert shop.points == 0
