"""What a member is told of before points die of inactivity: those points, and no others."""

from datetime import timedelta

from tests.domain.programme import CLUB, DOLLAR, program
from tests.domain.shop import Shop
from tests.domain.world import START

INACTIVE = {"inactive_months": 6, "round_up": "day", "qualifying": ["order.paid"]}
GOLD = {"id": "gold", "name": "Gold", "from": "100.00", "expiry": "never"}


def test_points_that_never_die_are_not_told_to_expire() -> None:
    shop = Shop(
        program(
            DOLLAR,
            points={"expiry": INACTIVE, "notices": [30]},
            tiers={"window": "lifetime", "levels": [CLUB, GOLD]},
        )
    )
    shop.buy("as club", ("tea", 10000))
    shop.buy("as gold", ("tea", 2500))
    shop.wait(START + timedelta(days=160))
    notices = [notice for d in shop.world.of("m").decisions for notice in d.notices]
    assert [(notice.kind, notice.amount) for notice in notices] == [("points.expiring", 100)]
    shop.wait(START + timedelta(days=200))
    assert shop.points == 25


def test_who_has_left_is_told_nothing_more() -> None:
    shop = Shop(program(DOLLAR, points={"expiry": {"days": 90}, "notices": [60, 30]}))
    shop.buy("tea", ("tea", 10000))
    shop.wait(START + timedelta(days=40))
    shop.tell("member.left")
    shop.wait(START + timedelta(days=80))
    notices = [notice for d in shop.world.of("m").decisions for notice in d.notices]
    assert [notice.kind for notice in notices] == ["points.expiring"], "of 60 days, not of 30"
