"""Complaints about expiry: points that never die, dead settings, mails about what died long ago.

That of the balance that collapses (FloCafe#78) is T19 in test_published.py.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headway.domain.points import Notice
from headway.program.program import Program
from tests.domain.programme import DOLLAR, fixed, program, reward
from tests.domain.shop import Shop
from tests.domain.world import DAY, START

MONTH = {"months": 1, "round_up": "day"}
EVERYTHING = [
    DOLLAR,
    fixed("welcome", "member.joined", 5),
    fixed("review", "review.published", 10),
    fixed("visit", "activity.recorded", 3),
    fixed("friend", "referral.completed", 7, to="friend"),
    fixed("gift", "birthday", 20),
]


def dying(expiry: dict[str, Any] | str = MONTH, **more: Any) -> Program:
    """Points that die so, at once to be spent."""
    return program(DOLLAR, points={"expiry": expiry, **more}, rewards=[reward("r", 80, "1.00 USD")])


def notices(shop: Shop) -> list[Notice]:
    return [notice for decision in shop.world.of("m").decisions for notice in decision.notices]


def test_flocafe_62_points_that_never_expire_have_no_next_expiry() -> None:
    """A dead setting, and a misleading next expiry."""
    shop = Shop(dying("never"))
    shop.buy("o", ("coffee", 10000))
    assert [lot.expires_at for lot in shop.world.account().lots.values()] == [None]
    shop.wait(START + 3000 * DAY)
    assert shop.points == 100


def test_liberu_ecommerce_1056_points_of_every_kind_die() -> None:
    """Points that were earned under another label never expired: a liability without bound."""
    shop = Shop(program(*EVERYTHING, points={"expiry": MONTH}))
    shop.tell("member.updated", attributes={"birthday": "01-12"})
    shop.tell("referral.created", referral_id="f", referrer_id="other")
    shop.buy("o", ("shoes", 1000))
    shop.tell("review.published", review_id="v", sku="s", rating=5)
    shop.tell("activity.recorded", activity="visit")
    shop.wait(START + 3 * DAY)
    assert shop.points == 5 + 10 + 10 + 3 + 7 + 20
    shop.wait(START + 40 * DAY)
    assert shop.points == 0
    assert {row.kind for row in shop.world.of("m").rows} == {"earn", "expire"}


@pytest.mark.parametrize(
    ("thread", "expiry", "end"),
    [
        ("odoo#206048", {"months": 12, "round_up": "month"}, "2025-02-01T05:00:00Z"),
        ("kademi#5962", {"days": 90, "round_up": "day"}, "2024-04-10T04:00:00Z"),
        ("kademi#1097", {"date": "2024-06-30"}, "2024-07-01T04:00:00Z"),
        ("kademi#1097", {"every_year_on": "12-31"}, "2025-01-01T05:00:00Z"),
    ],
)
def test_expiry_changes_the_balance_at_its_own_moment(
    thread: str, expiry: dict[str, Any], end: str
) -> None:
    """There was none; it did not change the balance; it could not be a fixed date."""
    shop = Shop(dying(expiry))
    shop.buy("o", ("shoes", 10000))
    at = datetime.fromisoformat(end)
    shop.wait(at - timedelta(microseconds=1))
    assert shop.points == 100, thread
    shop.wait(at + 5 * DAY)
    last = shop.world.of("m").rows[-1]
    assert (last.kind, last.points, last.effective_at, shop.points) == ("expire", 100, at, 0)


def test_nopcommerce_1912_members_are_told_before_points_die() -> None:
    shop = Shop(dying({"days": 90}, notices=[30, 7]))
    shop.buy("o", ("shoes", 10000))
    dead = datetime(2024, 4, 10, 4, tzinfo=UTC)
    shop.wait(dead - 30 * DAY + timedelta(hours=2))
    shop.wait(dead - 7 * DAY + timedelta(hours=2))
    assert [(n.kind, n.at, n.amount) for n in notices(shop)] == [("points.expiring", dead, 100)] * 2


def test_forus_1974_nobody_is_told_of_what_died_long_ago() -> None:
    """Mails went out about things that had expired a year before."""
    shop = Shop(dying({"days": 90}, notices=[30, 7]))
    shop.buy("o", ("shoes", 10000))
    shop.wait(START + 500 * DAY)
    assert shop.points == 0
    assert notices(shop) == []


def test_setono_gift_card_276_a_reminder_is_not_sent_again() -> None:
    """How to record that a reminder was already sent."""
    shop = Shop(dying({"days": 90}, notices=[30]))
    shop.buy("o", ("shoes", 10000))
    for hours in range(0, 200, 7):
        shop.wait(START + 61 * DAY + timedelta(hours=hours))
        shop.tell("member.updated", attributes={"seen": str(hours)})
    assert len(notices(shop)) == 1


def test_sephora_2017_an_expiry_that_is_introduced_spares_what_was_promised_for_good() -> None:
    """Members were angry when points that never expired were made to."""
    later: dict[str, Any] = {"from": (START + 100 * DAY).isoformat(), "version": 2}
    shop = Shop(dying("never"), program(DOLLAR, points={"expiry": MONTH}, **later))
    shop.buy("old", ("lipstick", 10000))
    shop.wait(START + 101 * DAY)
    shop.buy("new", ("lipstick", 5000))
    shop.wait(START + 200 * DAY)
    assert shop.points == 100
