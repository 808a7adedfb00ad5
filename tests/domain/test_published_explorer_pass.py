"""T15, The North Face XPLR Pass: a point a dollar, and extras within 100 points a year."""

from datetime import timedelta

from tests.domain.programme import example
from tests.domain.shop import Shop
from tests.domain.world import DAY, START

PASS = example("explorer-pass")
SETTLED = 14 * DAY


def settled(shop: Shop) -> int:
    """What can be spent once nothing is pending."""
    shop.wait(shop.world.now + SETTLED)
    return shop.points


def test_t15_a_point_for_a_dollar_and_ten_dollars_for_a_hundred() -> None:
    shop = Shop(PASS)
    shop.buy("o", ("tents", 10000))
    assert settled(shop) == 100
    assert shop.redeem("r", "ten") == "applied"
    assert shop.world.account().saved == {"USD": 1000}


def test_t15_of_730_points_fifty_dollars_are_issued_and_230_carried() -> None:
    shop = Shop(PASS)
    shop.buy("o", ("tents", 73000))
    settled(shop)
    for name in "abcde":  # $50 are the most in one window
        assert shop.redeem(name, "ten") == "applied"
    assert shop.world.account().saved == {"USD": 5000}
    assert shop.points == 230


def test_t15_ten_for_the_app_five_for_a_check_in_twenty_five_for_a_friend() -> None:
    shop = Shop(PASS)
    shop.tell("activity.recorded", activity="app")
    assert settled(shop) == 10
    shop.tell("activity.recorded", activity="check-in")
    assert settled(shop) == 15
    befriend(shop, 1)
    assert settled(shop) == 40


def test_t15_extras_are_at_most_a_hundred_points_a_year() -> None:
    shop = Shop(PASS)
    for _ in range(30):
        shop.tell("activity.recorded", activity="app")
        shop.tell("activity.recorded", activity="check-in")
    for number in range(5):
        befriend(shop, number)
    assert settled(shop) == 100
    shop.wait(START + timedelta(days=400))
    shop.tell("activity.recorded", activity="check-in")
    assert settled(shop) == 105, "next year there is room again"


def befriend(shop: Shop, number: int) -> None:
    """Another friend comes and buys."""
    world, friend = shop.world, f"friend-{number}"
    world.tell("member.joined", friend)
    world.tell("referral.created", friend, referral_id=friend, referrer_id="m")
    line = {"line_id": "1", "sku": "s", "quantity": 1, "amount": 5000}
    world.tell("order.paid", friend, order_id=friend, currency="USD", lines=[line])
    world.feed_effects()
