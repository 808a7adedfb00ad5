"""Worked numbers that vendors published about tiers and the facts of a progress mail."""

from datetime import UTC, datetime, timedelta

import pytest

from headway.domain.progress import progress
from headway.program.program import Program
from tests.domain.programme import DOLLAR, fixed, program, reward, tiers, times
from tests.domain.shop import Shop
from tests.domain.world import DAY, START

FIVE, TEN = reward("five", 100, "5.00 USD"), reward("ten", 200, "10.00 USD")

DSW = [DOLLAR, times("elite", "2", tier=["elite"])]
LADDER = tiers(("gold", "200.00"), ("elite", "500.00"))


def facts(shop: Shop, version: Program) -> tuple[list[str], tuple[str, int] | None]:
    """The rewards that are ready, and the next one with what is missing."""
    account = shop.world.account()
    told = progress(version, account.available, account.owed)
    following = None if told.next is None else (told.next.reward.id, told.next.missing)
    return [one.id for one in told.ready], following


def test_t11_dsw_the_progress_mail() -> None:
    version = program(*DSW, tiers=LADDER, rewards=[TEN, FIVE])
    shop = Shop(version)
    shop.buy("a", ("shoes", 8000))
    assert facts(shop, version) == ([], ("five", 20)), "20 points to your next $5"
    shop.buy("b", ("shoes", 22000))
    assert facts(shop, version) == (["five", "ten"], None)
    shop.redeem("first", "five")
    shop.redeem("second", "five")
    assert shop.world.account().saved == {"USD": 1000}, "you have saved $10 since joining"
    assert facts(shop, version) == (["five"], ("ten", 100))


def test_t11_dsw_tiers_from_two_hundred_and_five_hundred_dollars() -> None:
    shop = Shop(program(*DSW, tiers=LADDER))
    assert shop.tier == "club"
    shop.buy("a", ("shoes", 8000))
    assert shop.tier == "club"
    shop.buy("b", ("shoes", 11999))
    assert shop.tier == "club"
    shop.buy("c", ("shoes", 1))
    assert shop.tier == "gold", "$120 after $80 is enough: from, not above"
    shop.buy("d", ("shoes", 30000))
    assert shop.points == 500, "the purchase that lifts a member is judged at the tier before it"
    shop.buy("e", ("shoes", 1000))
    assert shop.points == 520


def test_t11_dsw_club_gold_and_elite_begin_anew_at_local_midnight() -> None:
    shop = Shop(program(*DSW, tiers=LADDER))
    shop.buy("a", ("shoes", 60000))
    midnight = datetime(2025, 1, 1, 5, tzinfo=UTC)  # in New York
    shop.wait(midnight - timedelta(microseconds=1))
    assert shop.tier == "elite"
    shop.wait(midnight)
    assert shop.tier == "club"


@pytest.mark.parametrize(("level", "dollars", "points"), [("0", 100, 125), ("0", 10, 12)])
def test_t14_sephora_vib_earns_one_and_a_quarter(level: str, dollars: int, points: int) -> None:
    sephora = [DOLLAR, times("vib", "1.25", tier=["vib"]), times("rouge", "1.5", tier=["rouge"])]
    ladder = tiers(("vib", "350.00"), ("rouge", "1000.00"))
    shop = Shop(program(*sephora, tiers=ladder))
    shop.buy("a", ("lipstick", 35000))
    assert (shop.tier, shop.points) == ("vib", 350)
    shop.buy("b", ("lipstick", dollars * 100))
    assert shop.points == 350 + points
    shop.buy("c", ("lipstick", 100000))
    assert shop.tier == "rouge"


def test_t14_sephora_rouge_earns_one_and_a_half() -> None:
    sephora = [DOLLAR, times("vib", "1.25", tier=["vib"]), times("rouge", "1.5", tier=["rouge"])]
    shop = Shop(program(*sephora, tiers=tiers(("vib", "350.00"), ("rouge", "1000.00"))))
    shop.buy("a", ("lipstick", 100000))
    shop.buy("b", ("lipstick", 10000))
    assert shop.points == 1150


@pytest.mark.parametrize(("factor", "dollars", "stars"), [("1.2", 10, 12), ("1.7", 100, 170)])
def test_t12_starbucks_stars(factor: str, dollars: int, stars: int) -> None:
    shop = Shop(program(DOLLAR, times("tier", factor)))
    shop.buy("o", ("coffee", dollars * 100))
    assert shop.points == stars


def test_t16_krisflyer_fifty_thousand_in_any_twelve_months() -> None:
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


def test_the_welcome_bonus_is_a_head_start_on_the_progress_bar() -> None:
    version = program(DOLLAR, fixed("welcome", "member.joined", 20), rewards=[FIVE])
    shop = Shop(version)
    assert shop.points == 20
    assert facts(shop, version) == ([], ("five", 80))
