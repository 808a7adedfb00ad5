"""What rewards cost by tier and by day, and where a donation goes, by the file alone."""

from datetime import timedelta

import pytest

from tests.oracle.telling import DOLLAR, START, Story, program

TIERS = {
    "window": "calendar_year",
    "levels": [
        {"id": "club", "name": "Club", "from": 0},
        {"id": "gold", "name": "Gold", "from": 500},
    ],
}
TEN = {
    "id": "ten", "name": "ten", "points": 200, "value": "10.00 USD",
    "prices": [
        {"points": 150, "tier": "gold"}, {"points": 180, "dates": {"from": "2021-01-01"}},
    ],
}  # fmt: skip
EARLY = {
    "id": "early", "name": "early", "kind": "early_access", "points": 5,
    "who": {"tier": "gold"},
}  # fmt: skip
TREES = {
    "id": "trees", "name": "trees", "kind": "donation", "cause": "T", "points": 50,
    "value": "5.00 USD",
}  # fmt: skip
RATE = {"points": 2, "pays": "3.00 USD"}
PAY = {"id": "pay", "name": "pay", "kind": "pay_with_points", "rate": RATE}


@pytest.mark.parametrize(
    ("tier", "day", "menu"),
    [
        ("club", 0, [(200, "ten")]),
        ("club", 200, [(180, "ten")]),
        ("gold", 0, [(5, "early"), (150, "ten")]),
        ("gold", 200, [(5, "early"), (150, "ten")]),
    ],
)
def test_the_menu_is_that_of_the_tier_and_the_day(
    tier: str, day: int, menu: list[tuple[int, str]]
) -> None:
    one = program(DOLLAR, tiers=TIERS, rewards=[TEN, EARLY, PAY])
    found = one.menu(tier, START + timedelta(days=day))
    assert [(points, reward.id) for points, reward in found] == menu


def test_a_donation_saves_nothing() -> None:
    story = Story(program(DOLLAR, rewards=[TREES]))
    story.buy("o", ("1", 5000))
    story.redeem("reserve", "trees", 50, 500)
    story.redeem("confirm", "trees", 50, 500)
    assert (story.member.available, story.member.saved) == (0, {})
    story.redeem("reverse", "trees", 50, 500)
    assert (story.member.available, story.member.saved) == (50, {})
