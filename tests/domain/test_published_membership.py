"""T22, Amazon Prime: $14.99 a month or $139 a year, all of it back when no benefit was used."""

import pytest

from tests.domain.programme import example
from tests.domain.shop import Shop
from tests.domain.world import DAY, START

PRIME = example("paid-membership")
PLANS = pytest.mark.parametrize(("plan", "price"), [("prime-month", 1499), ("prime-year", 13900)])


def member(plan: str) -> Shop:
    shop = Shop(PRIME)
    assert shop.tell("membership.started", membership_id="p", plan=plan) == "applied"
    return shop


def refund(shop: Shop) -> int | None:
    """The minor units that people are told come back."""
    told = [n for d in shop.world.of("m").decisions for n in d.notices]
    return told[-1].amount if told and told[-1].kind == "membership.ended" else None


@PLANS
def test_t22_unused_the_whole_price_comes_back(plan: str, price: int) -> None:
    shop = member(plan)
    shop.wait(START + 3 * DAY)
    outcome = shop.tell("membership.cancelled", membership_id="p")
    assert outcome == f"applied: refund due: {price} minor units of USD"
    assert refund(shop) == price


@PLANS
def test_t22_unused_since_the_renewal_the_renewals_price_comes_back(plan: str, price: int) -> None:
    shop = member(plan)
    shop.buy("o", ("shoes", 1000))
    months = 1 if plan == "prime-month" else 12
    shop.wait(START + months * 32 * DAY)
    shop.tell("membership.renewed", membership_id="p")
    shop.wait(shop.world.now + 3 * DAY)
    shop.tell("membership.cancelled", membership_id="p")
    assert refund(shop) == price


def test_t22_benefits_are_there_from_the_first_minute_and_end_with_the_refund() -> None:
    shop = member("prime-year")
    shop.buy("o", ("shoes", 1000))
    assert shop.world.account().pending == 20
    shop.tell("membership.cancelled", membership_id="p")
    assert refund(shop) not in (None, 13900), "a benefit was used"
    shop.buy("p", ("shoes", 1000))
    assert shop.world.account().pending == 30


def test_t22_without_asking_for_money_it_runs_to_the_end_of_its_term() -> None:
    shop = member("prime-month")
    shop.tell("membership.cancelled", membership_id="p", refund=False)
    assert refund(shop) is None
    shop.buy("o", ("shoes", 1000))
    assert shop.world.account().pending == 20
    shop.wait(START + 32 * DAY)
    shop.buy("p", ("shoes", 1000))
    shop.wait(START + 50 * DAY)
    assert shop.points == 30
