"""When points can be spent, when they die, and when they come back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.oracle.lives import Expiry
from tests.oracle.telling import DOLLAR, Story, program


def at(*when: int) -> datetime:
    """A moment in UTC; New York is four hours behind in summer, five in winter."""
    return datetime(*when, tzinfo=UTC)  # type: ignore[misc, arg-type]


def bought(**points: Any) -> Story:
    """Ten dollars on 6 July 2020, 14:00 there."""
    story = Story(program(DOLLAR, points=points))
    story.buy("a", ("x", 1000))
    return story


def died_at(story: Story, moment: datetime) -> bool:
    """Whether the points die at that very moment."""
    story.wait(moment - timedelta(seconds=1))
    before = story.points
    story.wait(moment)
    return before > 0 and story.points == 0


@pytest.mark.parametrize(
    ("expiry", "dead"),
    [
        ({"months": 12, "round_up": "month"}, at(2021, 8, 1, 4)),
        ({"days": 90, "round_up": "day"}, at(2020, 10, 5, 4)),
        ({"every_year_on": "12-31"}, at(2021, 1, 1, 5)),
        ({"every_year_on": "07-06"}, at(2020, 7, 7, 4)),
        ({"every_year_on": "07-05"}, at(2021, 7, 6, 4)),
        ({"date": "2021-06-30"}, at(2021, 7, 1, 4)),
        ({"inactive_months": 12, "round_up": "day"}, at(2021, 7, 7, 4)),
    ],
)
def test_when_points_die(expiry: dict[str, Any], dead: datetime) -> None:
    assert died_at(bought(expiry=expiry), dead)


def test_points_that_never_die() -> None:
    story = bought(expiry="never")
    story.wait(at(2060, 1, 1))
    assert story.points == 10


@pytest.mark.parametrize(
    ("pending", "free"),
    [
        ({"pending_days": 14}, at(2020, 7, 20, 18)),
        ({"pending": {"days": 14}}, at(2020, 7, 20, 18)),
        ({"pending": {"date": "2020-12-01"}}, at(2020, 12, 1, 5)),
    ],
)
def test_when_points_can_be_spent(pending: dict[str, Any], free: datetime) -> None:
    story = bought(**pending)
    story.wait(free - timedelta(seconds=1))
    assert (story.member.pending, story.points) == (10, 0)
    story.wait(free)
    assert (story.member.pending, story.points) == (0, 10)


def test_points_wait_until_the_order_is_handed_over_and_live_from_then() -> None:
    waiting = {"pending": {"until": "order.fulfilled", "days": 3}, "expiry": {"days": 10}}
    story = bought(**waiting)
    story.wait(at(2020, 9, 1))
    assert story.member.pending == 10
    story.tell_at(at(2020, 8, 30), "order.fulfilled", order_id="a")
    assert story.member.pending == 10
    story.wait(at(2020, 9, 2))
    assert story.points == 10
    assert died_at(story, at(2020, 9, 12, 4))


def test_an_order_handed_over_before_it_was_heard_of() -> None:
    story = Story(program(DOLLAR, points={"pending": {"until": "order.fulfilled"}}))
    assert story.tell("order.fulfilled", order_id="a") == "parked"


def test_where_a_list_is_expected_one_word_may_stand_alone() -> None:
    idle = {"inactive_months": 12, "round_up": "day"}
    for qualifying in ("order.paid", ["order.paid"]):
        assert Expiry.read(idle | {"qualifying": qualifying}).qualifying == ("order.paid",)
    for earn_on in ("shipping", ["shipping"]):
        assert program(DOLLAR, points={"earn_on": earn_on}).earn_on == {"shipping"}


@pytest.mark.parametrize(("life", "rounded"), [("months", "month"), ("days", "day")])
def test_what_is_rounded_up_to_when_the_file_does_not_say(life: str, rounded: str) -> None:
    assert Expiry.read({life: 3}).round_up == rounded


def test_a_qualifying_activity_keeps_the_whole_balance() -> None:
    idle = {"inactive_months": 12, "round_up": "day",
            "qualifying": ["order.paid", "activity.recorded"]}  # fmt: skip
    story = bought(expiry=idle)
    story.tell_at(at(2021, 7, 1), "activity.recorded", activity="visit")
    story.tell_at(at(2021, 7, 2), "review.published", review_id="r", sku="x", rating=3)
    assert died_at(story, at(2022, 7, 1, 4))


@pytest.mark.parametrize(("days_after", "back"), [(29, 10), (31, 0)])
def test_expired_points_come_back_with_a_purchase_soon_after(days_after: int, back: int) -> None:
    story = bought(expiry={"days": 90, "round_up": "day"}, reinstate_days=30)
    expired = at(2020, 10, 5, 4)
    story.wait(expired + timedelta(days=days_after))
    assert story.points == 0
    story.buy("b", ("x", 200))
    assert story.points == 2 + back
    assert died_at(story, expired + timedelta(days=days_after + 91, hours=1))
