"""T12, Starbucks Rewards as announced for 2026: stars, statuses, and how long both last."""

from datetime import timedelta

import pytest

from tests.domain.programme import example
from tests.domain.shop import Shop
from tests.domain.world import DAY, START

STARS = example("coffee-stars")
HELLO = 25
"""For joining; it counts towards the status, as all stars do."""
YEAR = timedelta(days=366)  # 2024


def shop(stars: int = 0) -> Shop:
    """A member with so many stars."""
    one = Shop(STARS)
    if stars:
        one.buy("before", ("coffee", (stars - HELLO) * 100))
        assert one.points == stars
    return one


@pytest.mark.parametrize(
    ("stars", "status", "dollars", "earned"),
    [(0, "green", 10, 10), (500, "gold", 10, 12), (2500, "reserve", 100, 170)],
)
def test_t12_one_1_2_and_1_7_stars_for_a_dollar(
    stars: int, status: str, dollars: int, earned: int
) -> None:
    one = shop(stars)
    assert one.tier == status
    before = one.points
    one.buy("o", ("coffee", dollars * 100))
    assert one.points - before == earned


@pytest.mark.parametrize(("stars", "status"), [(499, "green"), (500, "gold"), (2499, "gold")])
def test_t12_gold_from_500_and_reserve_from_2500_stars(stars: int, status: str) -> None:
    assert shop(stars).tier == status


def test_t12_a_status_is_valid_for_twelve_months_even_if_reached_little_by_little() -> None:
    one = shop()
    one.buy("a", ("coffee", 25000))
    one.wait(START + 200 * DAY)
    one.buy("b", ("coffee", 22500))
    assert one.tier == "gold"
    one.wait(START + 200 * DAY + YEAR - 2 * DAY)
    assert one.tier == "gold"


def test_t12_five_hundred_stars_in_the_following_year_keep_gold() -> None:
    one = shop(500)
    one.wait(START + YEAR - 30 * DAY)
    one.buy("again", ("coffee", 50000))
    one.wait(START + 2 * YEAR - 31 * DAY)
    assert one.tier == "gold"


def test_t12_gold_does_not_last_for_good() -> None:
    one = shop(500)
    one.wait(START + 3 * YEAR)
    assert one.tier == "green"


def test_t12_drinking_stars_costs_no_status() -> None:
    one = shop(500)
    for name in "ab":
        assert one.redeem(name, "drink") == "applied"
    assert (one.points, one.tier) == (100, "gold")


def test_t12_green_stars_live_for_six_months_unless_active() -> None:
    one = shop(100)
    one.wait(START + 150 * DAY)
    one.tell("activity.recorded", activity="own-cup")
    one.wait(START + 300 * DAY)
    assert one.points == 105, "an activity keeps all of them alive"
    one.wait(START + 340 * DAY)
    assert one.points == 0


def test_t12_stars_of_gold_never_expire() -> None:
    one = shop(500)
    one.buy("as gold", ("coffee", 10000))
    one.wait(START + YEAR)
    assert one.tier == "gold"
    assert one.points >= 120, "those earned as Gold, whatever becomes of earlier ones"


@pytest.mark.parametrize(
    ("reward", "stars"), [("extra", 25), ("two", 60), ("coffee", 100), ("drink", 200)]
)
def test_t12_rewards_at_25_60_100_and_200_stars(reward: str, stars: int) -> None:
    one = shop(stars) if stars > HELLO else shop()
    assert one.redeem("r", reward) == "applied"
    assert one.points == 0
    if reward == "two":
        assert one.world.account().saved == {"USD": 200}
