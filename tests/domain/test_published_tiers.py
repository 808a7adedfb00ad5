"""Worked numbers about tiers that no example programme tells by itself, and the progress bar."""

import json
from datetime import UTC, datetime

import pytest

from headway.domain.progress import progress
from headway.program.loading import ProgramFileError, check_program
from tests.domain.programme import DOLLAR, fixed, program, reward, tiers
from tests.domain.shop import Shop
from tests.domain.world import DAY, START

FIVE, TEN = reward("five", 100, "5.00 USD"), reward("ten", 200, "10.00 USD")
LADDER = tiers(("gold", "200.00"), ("elite", "500.00"))
T9 = {
    "measure": "points",
    "window": {"rolling_months": 12},
    "levels": [
        {"id": f"level-{number}", "name": f"Level {number}", "from": start}
        for number, start in enumerate((0, 10, 30, 100))
    ],
}
"""Open Loyalty's levels at 10, 30 and 100."""


@pytest.mark.parametrize("measure", ["balance", "available"])
def test_t9_open_loyalty_a_level_by_active_points_is_refused_by_program_check(measure: str) -> None:
    told = {
        "name": "T9", "zone": "UTC", "from": "2020-01-01T00:00:00Z", "currency": "USD",
        "rules": [DOLLAR], "tiers": T9 | {"measure": measure},
    }  # fmt: skip
    with pytest.raises(ProgramFileError) as refused:
        check_program(json.dumps(told), file="t9.yaml")
    said = str(refused.value)
    assert "tiers.measure: tiers by the spendable balance would cost members their tier" in said
    assert "use spend (money) or points (all that was earned)" in said


@pytest.mark.parametrize(
    ("spent", "active"),
    [pytest.param(25, 5, id="5"), pytest.param(20, 10, id="10"), pytest.param(0, 30, id="30")],
)
def test_t9_open_loyalty_by_earned_points_level_2_stays_whatever_was_spent(
    spent: int, active: int
) -> None:
    """Open Loyalty looks at active points on day 365: 5 -> level 0, 10 -> 1, 30 -> 2."""
    rewards = [reward("some", spent, "1.00 USD")] if spent else []
    shop = Shop(program(DOLLAR, tiers=T9, rewards=rewards))
    shop.buy("a", ("coffee", 1000))
    assert shop.tier == "level-1"
    shop.buy("b", ("coffee", 2000))
    assert shop.tier == "level-2"
    if spent:
        assert shop.redeem("r", "some") == "applied"
    shop.wait(START + 365 * DAY)  # 2024 is a leap year: the twelve months are not over yet
    assert (shop.points, shop.tier) == (active, "level-2")
    shop.wait(START + 367 * DAY)
    assert shop.tier == "level-0", "it goes with what was earned, not with what was spent"
    assert shop.points == active, "and takes no points with it"


def test_twelve_months_in_a_row_end_with_the_first_days_local_midnight() -> None:
    ladder = tiers(("silver", "25000.00"), ("gold", "50000.00"), window="rolling_12_months")
    shop = Shop(program(DOLLAR, tiers=ladder))
    shop.buy("a", ("flight", 2_500_000))
    assert shop.tier == "silver"
    shop.wait(START.replace(month=11))
    shop.buy("b", ("flight", 2_500_000))
    assert shop.tier == "gold"
    shop.wait(datetime(2025, 1, 10, 4, 59, tzinfo=UTC))
    assert shop.tier == "gold", "the first flight's local day still counts"
    shop.wait(datetime(2025, 1, 10, 5, tzinfo=UTC))
    assert shop.tier == "silver"


def test_spending_points_never_lowers_a_tier_and_a_return_does() -> None:
    shop = Shop(program(DOLLAR, tiers=LADDER, rewards=[TEN]))
    shop.buy("a", ("shoes", 20000), quantity=2)
    shop.redeem("r", "ten")
    assert (shop.tier, shop.points) == ("gold", 0)
    shop.bring_back("a")
    assert (shop.tier, shop.points) == ("club", -100)


def test_the_welcome_bonus_is_a_head_start_on_the_progress_bar() -> None:
    version = program(DOLLAR, fixed("welcome", "member.joined", 20), rewards=[FIVE])
    shop = Shop(version)
    account = shop.world.account()
    following = progress(
        version, account.available, account.owed, account.tier, shop.world.now
    ).next
    assert shop.points == 20
    assert following is not None
    assert (following.reward.id, following.missing) == ("five", 80)
