"""Tiers by numbers that others published."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.oracle.telling import DOLLAR, START, Story, program


def levels(**starts: int | str) -> list[dict[str, Any]]:
    """Levels by name."""
    return [{"id": id_, "from": str(start)} for id_, start in starts.items()]


def factor(tier: str, by: str) -> dict[str, Any]:
    """More points in one tier."""
    award = {"multiply": by}
    return {"id": tier, "on": "order.paid", "when": {"tier": [tier]}, "award": award}


def test_open_loyalty_the_tier_is_of_points_earned_and_spending_does_not_cost_it() -> None:
    tiers = {"measure": "points", "window": "rolling_12_months",
             "levels": levels(none=0, one=10, two=30, three=100)}  # fmt: skip
    reward = {"id": "r", "name": "r", "points": 25, "value": "1.00 USD"}
    story = Story(program(DOLLAR, tiers=tiers, rewards=[reward]))
    story.buy("a", ("shoes", 1000))
    assert story.member.tier == "one"
    story.buy("b", ("shoes", 2000))
    assert story.member.tier == "two"
    story.redeem("reserve", "r", 25, 100)
    story.redeem("confirm", "r", 25, 100)
    assert (story.points, story.member.tier) == (5, "two")
    story.bring_back("b")
    assert story.member.tier == "one", "a return does"
    story.wait(START + timedelta(days=366))
    assert story.member.tier == "none"


@pytest.mark.parametrize(("spent", "points"), [(19_999, 100), (20_000, 100), (50_000, 200)])
def test_dsw_points_for_a_dollar_by_tier(spent: int, points: int) -> None:
    tiers = {"levels": levels(club=0, gold="200.00", elite="500.00")}
    story = Story(program(DOLLAR, factor("elite", "2"), tiers=tiers))
    story.buy("a", ("shoes", spent))
    before = story.points
    story.buy("b", ("shoes", 10_000))
    assert story.points - before in (points, points + 1)  # a fraction of the first may fill up


def test_dsw_points_live_for_24_months_and_gift_cards_earn_none() -> None:
    lives = {"pending_days": 0, "expiry": {"months": 24, "round_up": "day"}}
    story = Story(program(DOLLAR, points=lives))
    story.buy("a", ("shoes", 5000))
    card = {"line_id": "1", "sku": "card", "quantity": 1, "amount": 9900, "gift_card": True}
    story.buy("b", lines=[card])
    assert story.points == 50
    story.wait(datetime(2022, 7, 7, 3, 59, tzinfo=UTC))
    assert story.points == 50
    story.wait(datetime(2022, 7, 7, 4, tzinfo=UTC))
    assert story.points == 0


STARBUCKS = {
    "measure": "points",
    "window": "rolling_12_months",
    "keep": {"months": 12},
    "levels": [
        {"id": "green", "from": 0},
        {"id": "gold", "from": 500, "expiry": "never"},
        {"id": "reserve", "from": 2500, "expiry": "never"},
    ],
}


def starbucks() -> Story:
    points = {"expiry": {"inactive_months": 6, "round_up": "day"}}
    rules = factor("gold", "1.2"), factor("reserve", "1.7")
    return Story(program(DOLLAR, *rules, points=points, tiers=STARBUCKS))


def test_starbucks_stars_by_tier() -> None:
    story = starbucks()
    story.buy("a", ("coffee", 50_000))
    story.buy("b", ("coffee", 1000))
    assert (story.member.tier, story.points) == ("gold", 512)
    story.buy("c", ("coffee", 200_000))
    story.buy("d", ("coffee", 10_000))
    assert (story.member.tier, story.points) == ("reserve", 512 + 2400 + 170)


def test_starbucks_status_is_kept_for_twelve_months_from_the_last_day_that_earned_it() -> None:
    story = starbucks()
    story.buy("a", ("coffee", 50_000))
    # The window holds 500 stars through 5 July 2021, and the status twelve months beyond that.
    story.wait(datetime(2022, 7, 5, 3, 59, tzinfo=UTC))
    assert story.member.tier == "gold"
    story.wait(datetime(2022, 7, 5, 4, tzinfo=UTC))
    assert story.member.tier == "green"


def test_starbucks_green_stars_die_of_six_idle_months_and_gold_ones_never() -> None:
    story = starbucks()
    story.buy("a", ("coffee", 50_000))
    story.buy("b", ("coffee", 1000))
    story.wait(datetime(2020, 12, 1, tzinfo=UTC))
    story.buy("c", ("coffee", 1000))
    assert story.points == 524
    story.wait(datetime(2021, 5, 31, 3, 59, tzinfo=UTC))
    assert story.points == 524, "the purchase of November 30 there kept all alive"
    story.wait(datetime(2021, 5, 31, 4, tzinfo=UTC))
    assert story.points == 24, "what was earned while gold"


def test_sephora_vib_of_january_2022_lasts_until_the_end_of_2023() -> None:
    tiers = {"keep": "end_of_next_period",
             "levels": levels(insider=0, vib="350.00", rouge="1000.00")}  # fmt: skip
    at = datetime(2022, 1, 10, 15, tzinfo=UTC)
    story = Story(
        program(DOLLAR, factor("vib", "1.25"), factor("rouge", "1.5"), tiers=tiers), at=at
    )
    story.buy("a", ("lipstick", 35_000))
    assert story.member.tier == "vib"
    story.buy("b", ("lipstick", 10_000))
    assert story.points == 350 + 125
    story.wait(datetime(2024, 1, 1, 4, 59, tzinfo=UTC))
    assert story.member.tier == "vib"
    story.wait(datetime(2024, 1, 1, 5, tzinfo=UTC))
    assert story.member.tier == "insider"


def test_krisflyer_elite_miles_in_twelve_months_running_and_miles_to_the_end_of_the_36th() -> None:
    tiers = {"measure": {"activity": "elite_miles"}, "window": "rolling_12_months",
             "levels": levels(member=0, silver=25_000, gold=50_000)}  # fmt: skip
    lives = {"pending_days": 0, "expiry": {"months": 36, "round_up": "month"}}
    mile = {"id": "miles", "on": "activity.recorded", "when": {"activity": ["flight"]},
            "award": {"per_item": 5}}  # fmt: skip
    story = Story(program(mile, points=lives, tiers=tiers))
    for miles in (24_999, 1, 25_000):
        story.tell("activity.recorded", activity="elite_miles", quantity=miles)
        story.tell("activity.recorded", activity="flight", quantity=miles)
    assert (story.member.tier, story.points) == ("gold", 250_000)
    story.wait(datetime(2021, 7, 7, tzinfo=UTC))
    assert story.member.tier == "member"
    story.wait(datetime(2023, 8, 1, 3, 59, tzinfo=UTC))
    assert story.points == 250_000
    story.wait(datetime(2023, 8, 1, 4, tzinfo=UTC))
    assert story.points == 0
