"""What kinds of rewards do to an account: prices at a tier, limits, stock, donations."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.domain.terms import Terms, Wish, terms_of
from headway.program.rewards import Order
from tests.domain.programme import DOLLAR, program, tiers
from tests.domain.shop import Shop
from tests.domain.world import START

PRICED: dict[str, Any] = {
    "id": "ten", "name": "Ten", "points": 100, "value": "10.00 USD",
    "prices": [{"points": 60, "tier": "gold"}], "limit": {"times": 2, "per": "day"}, "stock": 9,
}  # fmt: skip
TREES = {
    "id": "trees", "name": "Trees", "kind": "donation", "cause": "Trees", "points": 30,
    "value": "3.00 USD",
}  # fmt: skip
PAY = {
    "id": "pay", "name": "Pay", "kind": "pay_with_points", "minimum": 4, "maximum_share": "50",
    "rate": {"points": 2, "pays": "3.00 USD"},
}  # fmt: skip
CATALOGUE = program(DOLLAR, tiers=tiers(("gold", "150.00")), rewards=[PRICED, TREES, PAY])


@pytest.mark.parametrize(("spent", "left"), [(10_000, 0), (15_000, 90)])
def test_the_price_is_that_of_the_tier_when_reserving(spent: int, left: int) -> None:
    shop = Shop(CATALOGUE)
    shop.buy("o", ("shoes", spent))
    assert shop.redeem("r", "ten") == "applied"
    assert shop.points == left


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (Wish(had=2), "limit reached"), (Wish(had=1, left=0), "out of stock"),
        (Wish(had=1, left=1), ""),
    ],
)  # fmt: skip
def test_what_the_ledger_knows_decides(wish: Wish, why: str) -> None:
    shop = Shop(CATALOGUE)
    shop.buy("o", ("shoes", 10_000))
    assert shop.world.reserve("r", "ten", wish=wish).outcome.reason == why


def test_a_donation_is_given_and_can_be_taken_back() -> None:
    shop = Shop(CATALOGUE)
    shop.buy("o", ("shoes", 5000))
    shop.redeem("r", "trees")
    assert (shop.points, shop.world.account().saved) == (20, {})
    assert shop.step("fulfil", "r") == "applied"
    assert shop.step("reverse", "r") == "applied"
    assert (shop.points, shop.world.account().saved) == (50, {})
    kinds = [(row.kind, row.from_bucket, row.to_bucket) for row in shop.world.of("m").rows]
    assert kinds[-2:] == [("donate", "reserved", "donated"), ("restore", "donated", "available")]


def test_fulfilling_is_no_change() -> None:
    shop = Shop(CATALOGUE)
    shop.buy("o", ("shoes", 10_000))
    assert shop.reserve("r", "ten") == "applied"
    assert shop.step("fulfil", "r") == "wrong state"
    shop.step("confirm", "r")
    version = shop.world.account().version
    assert shop.step("fulfil", "r") == "applied"
    assert shop.world.account().version == version
    assert shop.step("fulfil", "r") == "wrong state"


@given(st.integers(0, 10**6), st.integers(0, 10**7), st.none() | st.integers(1, 10**6))
def test_points_used_are_there_fit_and_pay_at_most_half(
    available: int, total: int, chosen: int | None
) -> None:
    reward = CATALOGUE.reward("pay")
    assert reward is not None
    wish = Wish(Order(total, "USD"), chosen)
    terms = terms_of(CATALOGUE, reward, "club", START, available, wish)
    if not isinstance(terms, Terms):
        assert terms in ("nothing to pay", "insufficient points", "unfit points")
        return
    assert terms.points % 2 == 0
    assert terms.points >= 4
    assert terms.value_minor * 2 == terms.points * 300
    assert terms.value_minor * 2 <= total
    if chosen is None:
        assert terms.points <= available
        assert terms.points + 2 > available or (terms.value_minor + 300) * 2 > total
    else:
        assert terms.points == chosen
