"""TOMS Passport Rewards: $20 for both sides of a referral from $75, and a share for a cause."""

import pytest

from tests.domain.programme import example
from tests.domain.shop import Shop
from tests.domain.world import DAY, START

GIVING = example("give-back")
DOLLARS = 100
"""A point is a cent."""


def befriended(cents: int) -> Shop:
    """A member who came by a referral link, and buys for so much."""
    shop = Shop(GIVING)
    shop.world.tell("member.joined", "referrer", at=START)
    shop.tell("referral.created", referral_id="f", referrer_id="referrer")
    shop.buy("o", ("shoes", cents))
    shop.world.feed_effects()
    return shop


@pytest.mark.parametrize(("cents", "bonus"), [(7499, 0), (7500, 20 * DOLLARS)])
def test_toms_twenty_dollars_each_for_a_first_purchase_of_75(cents: int, bonus: int) -> None:
    shop = befriended(cents)
    three, one = cents * 3 // 100, cents // 100  # each rule carries its own fraction
    assert shop.world.account().pending == three + one + bonus
    assert shop.world.account("referrer").pending == bonus


def test_toms_a_smaller_purchase_before_it_does_not_use_the_link_up() -> None:
    shop = befriended(2000)
    shop.buy("p", ("shoes", 7500))
    shop.world.feed_effects()
    assert shop.world.account("referrer").pending == 20 * DOLLARS


def test_toms_both_sides_lose_it_with_the_purchase() -> None:
    shop = befriended(7500)
    shop.bring_back("o")
    shop.world.feed_effects()
    assert shop.world.account().pending == 0
    assert shop.world.account("referrer").pending == 0


def test_toms_points_are_redeemed_for_goods_or_given_to_partners() -> None:
    shop = befriended(7500)
    shop.wait(START + 31 * DAY)
    assert shop.points == 2300
    assert shop.redeem("goods", "goods") == "applied"
    assert shop.redeem("gift", "give-five") == "applied"
    assert shop.points == 800


def test_toms_two_points_for_one_everywhere_for_some_time() -> None:
    shop = Shop(GIVING, at=START.replace(month=11, day=30))
    shop.buy("before", ("shoes", 10000))
    assert shop.world.account().pending == 400
    shop.wait(START.replace(month=12, day=1))
    shop.buy("in it", ("shoes", 10000))
    assert shop.world.account().pending == 400 + 800


def test_the_causes_share_of_each_purchase_is_told_apart_by_its_funder() -> None:
    shop = Shop(GIVING)
    shop.buy("o", ("shoes", 10000))
    funded = {row.rule: GIVING.rules[row.rule or ""].funder for row in shop.world.of("m").rows}
    points = {row.rule: row.points for row in shop.world.of("m").rows}
    assert points == {"base": 300, "cause": 100}
    assert funded == {"base": "brand", "cause": "giving-fund"}
