"""Which events and lines a rule means."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.oracle.telling import DOLLAR, START, Story, program

# Monday, 6 July 2020, 13:00 in New York: an hour after joining.
BUY = START + timedelta(hours=1)


def earns(when: dict[str, Any], at: datetime = BUY, birthday: str = "", **order: Any) -> bool:
    """Whether a purchase of ten dollars at that time is meant."""
    story = Story(program(DOLLAR | {"when": when}), at=START - timedelta(hours=2))
    if birthday:
        story.tell_at(story.now, "member.updated", attributes={"birthday": birthday})
    story.buy("a", ("x", 1000), at=at, **order)
    return story.points > 0


@pytest.mark.parametrize(
    ("when", "meant"),
    [
        ({"weekday": ["mon"]}, True),
        ({"weekday": ["tue", "sun"]}, False),
        ({"hours": {"from": "13:00", "to": "14:00"}}, True),
        ({"hours": {"from": "12:00", "to": "13:00"}}, False),
        ({"hours": {"from": "22:00", "to": "13:01"}}, True),
        ({"hours": {"from": "22:00", "to": "06:00"}}, False),
        ({"dates": {"from": "2020-07-06", "to": "2020-07-06"}}, True),
        ({"dates": {"from": "2020-07-07"}}, False),
        ({"dates": {"to": "2020-07-05"}}, False),
        ({"recurrence": "FREQ=MONTHLY;BYDAY=1MO"}, True),
        ({"recurrence": "FREQ=MONTHLY;BYDAY=1SA"}, False),
        ({"recurrence": "DTSTART=20200622;FREQ=WEEKLY;INTERVAL=2"}, True),
        ({"recurrence": "DTSTART:20200629\nRRULE:FREQ=WEEKLY;INTERVAL=2"}, False),
        ({"member_days": {"max": 0}}, True),
        ({"member_days": {"min": 1}}, False),
        ({"order_total": {"min": "10.00", "max": "10.00"}}, True),
        ({"order_total": {"min": "10.01"}}, False),
        ({"line_total": {"max": "9.99"}}, False),
        ({"purchase": "first"}, True),
        ({"purchase": {"number": 2}}, False),
        ({"purchase": {"every": 1}}, True),
        ({"currency": ["EUR"]}, False),
        ({"tier": ["club"]}, True),
        ({"membership": ["prime"]}, False),
        ({"sku": ["sku-x"], "category": ["x", "y"]}, True),
        ({"brand": ["Stride"]}, False),
    ],
)
def test_conditions_of_an_order(when: dict[str, Any], meant: bool) -> None:
    assert earns(when) is meant


def test_words_of_the_order() -> None:
    assert earns({"channel": ["app"], "store": ["s1"]}, channel="app", store="s1")
    assert not earns({"channel": ["app"], "store": ["s1"]}, channel="app", store="s2")
    assert not earns({"partner": ["bank"]})
    assert earns({"partner": ["bank"]}, partner="bank")


@pytest.mark.parametrize(
    ("birthday", "when", "meant"),
    [
        ("07-06", "day", True),
        ("07-07", "day", False),
        ("07-12", "week", True),
        ("07-05", "week", False),
        ("07-31", "month", True),
        ("08-01", "month", False),
        ("", "month", False),
    ],
)
def test_birthdays(birthday: str, when: str, meant: bool) -> None:
    assert earns({"birthday": when}, birthday=birthday) is meant


def test_a_birthday_of_february_29_is_on_the_28th_of_other_years() -> None:
    at = datetime(2021, 2, 28, 12, tzinfo=UTC)
    assert earns({"birthday": "day"}, at=at, birthday="02-29")


def test_only_lines_that_are_meant_earn() -> None:
    story = Story(program(DOLLAR | {"when": {"line_total": {"min": "10.00"}, "category": ["x"]}}))
    story.buy("a", ("x", 999), ("x", 1000), ("y", 5000))
    assert story.points == 10


def test_every_third_purchase_counts_returned_ones_too() -> None:
    third = {"id": "third", "on": "order.paid", "when": {"purchase": {"every": 3}},
             "award": {"points": 50}}  # fmt: skip
    story = Story(program(third))
    story.buy("a", ("x", 100))
    story.bring_back("a")
    story.buy("b", ("x", 100))
    story.buy("c", ("x", 100))
    assert story.points == 50


def test_reviews_with_photo_or_verified() -> None:
    rules = [
        {"id": id_, "on": "review.published", "when": {id_: True}, "award": {"points": points}}
        for id_, points in (("photo", 3), ("verified", 5))
    ]
    story = Story(program(*rules))
    story.tell("review.published", review_id="a", sku="s", rating=5, photo=True)
    assert story.points == 3
    story.tell("review.published", review_id="b", sku="s", rating=5, photo=True, verified=True)
    assert story.points == 11
    story.tell("review.removed", review_id="b")
    assert story.points == 3


def test_an_unknown_condition_is_refused() -> None:
    with pytest.raises(ValueError, match="moon"):
        program(DOLLAR | {"when": {"moon": "full"}})
