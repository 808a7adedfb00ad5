"""Late and corrected inputs: the difference to what would have been is given and taken."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.oracle.member import APPLIED, CONFLICT, PARKED
from tests.oracle.telling import DOLLAR, START, Story, program

FIRST = {"id": "first", "on": "order.paid", "when": {"purchase": "first"},
         "award": {"points": 100}}  # fmt: skip
GOLD = {"id": "gold", "on": "order.paid", "when": {"tier": ["gold"]}, "award": {"multiply": "2"}}
TIERS = {"levels": [{"id": "club", "from": "0"}, {"id": "gold", "from": "50.00"}]}


def hours(number: int) -> datetime:
    """So long after the story began."""
    return START + timedelta(hours=number)


def test_a_late_first_purchase_takes_the_bonus_of_the_one_taken_for_it() -> None:
    story = Story(program(DOLLAR, FIRST))
    story.buy("second", ("x", 1000), at=hours(9))
    story.buy("first", ("x", 2000), at=hours(5))
    standing = {lot.what: lot.standing for lot in story.member.lots if lot.rule == "first"}
    assert standing == {"order:second:1": 0, "order:first:1": 100_000_000}
    assert story.points == 130


def test_a_late_order_lifts_the_tier_of_those_after_it() -> None:
    story = Story(program(DOLLAR, GOLD, tiers=TIERS))
    story.buy("b", ("x", 1000), at=hours(9))
    assert story.points == 10
    story.buy("a", ("x", 5000), at=hours(5))
    assert story.points == 50 + 20
    assert story.member.tier == "gold"


def test_a_return_acts_from_its_own_time_and_what_was_earned_in_between_stands() -> None:
    story = Story(program(DOLLAR, GOLD, tiers=TIERS))
    story.buy("a", ("x", 5000), at=hours(2))
    story.buy("b", ("x", 1000), at=hours(4))
    story.buy("c", ("x", 1000), at=hours(8))
    assert story.points == 50 + 20 + 20
    story.bring_back("a", at=hours(6))
    assert story.points == 20 + 10, "b was bought as gold, c was not"
    assert story.member.tier == "club"


def test_a_refund_that_failed_is_as_if_it_never_was() -> None:
    story = Story(program(DOLLAR, FIRST))
    story.buy("a", ("x", 5000))
    story.tell("order.refunded", refund_id="r", order_id="a",
               lines=[{"line_id": "1", "quantity": 1}])  # fmt: skip
    assert story.points == 0
    story.tell("order.refund_failed", refund_id="r", order_id="a")
    assert story.points == 150


def test_an_amendment_is_judged_at_the_first_time() -> None:
    story = Story(program(DOLLAR, GOLD, tiers=TIERS))
    story.buy("a", ("x", 4000))
    story.buy("b", ("x", 1000))
    story.buy("a", ("x", 6000), order_version=2)
    assert story.points == 60 + 20
    assert story.buy("a", ("x", 7000), order_version=2) == CONFLICT
    story.buy("a", ("x", 100), order_version=1)
    assert story.points == 80, "overtaken"


def test_what_is_not_known_yet_is_waited_for() -> None:
    story = Story(program(DOLLAR))
    assert story.tell("order.cancelled", order_id="a") == PARKED
    assert story.tell("review.removed", review_id="r") == PARKED
    assert story.tell("membership.renewed", membership_id="m") == APPLIED, "and is nothing"
    assert story.tell("order.refund_failed", order_id="a", refund_id="r") == APPLIED


@pytest.mark.parametrize(("days", "points"), [(9, 10), (11, 0)])
def test_orders_of_shortly_before_enrolment_count_where_the_programme_says_so(
    days: int, points: int
) -> None:
    story = Story(program(DOLLAR, points={"before_joining_days": 10}))
    story.buy("a", ("x", 1000), at=START - timedelta(days=days))
    assert story.points == points


def test_birthdays_come_by_themselves_and_from_the_time_they_are_known() -> None:
    gift = {"id": "gift", "on": "birthday", "award": {"points": 25}}
    story = Story(program(gift))
    story.tell("member.updated", attributes={"birthday": "07-07"})
    story.wait(datetime(2020, 7, 7, 3, 59, 59, tzinfo=UTC))
    assert story.points == 0
    story.wait(datetime(2020, 7, 7, 4, tzinfo=UTC))
    assert story.points == 25
    story.wait(datetime(2022, 7, 8, tzinfo=UTC))
    assert story.points == 75
    story.tell_at(datetime(2021, 1, 1, tzinfo=UTC), "member.updated",
                  attributes={"birthday": "07-09"})  # fmt: skip
    assert story.points == 50, "that of 2022 is yet to come"
    story.tell_at(datetime(2021, 6, 1, tzinfo=UTC), "member.left")
    assert story.points == 25


def test_one_step_down_a_year_and_days_of_grace() -> None:
    levels = [{"id": id_, "from": start} for id_, start in (("a", 0), ("b", 1), ("c", 2), ("d", 3))]
    tiers = {"measure": "orders", "downgrade": "one_step", "grace_days": 10, "levels": levels}
    story = Story(program(tiers=tiers))
    for order in "xyz":
        story.buy(order, ("x", 100))
    seen = []
    for year, day in ((2020, 31), (2021, 10), (2021, 11), (2022, 1), (2023, 1), (2024, 1)):
        month = 12 if day == 31 else 1
        story.wait(datetime(year, month, day, 12, tzinfo=UTC))
        seen.append(story.member.tier)
    assert seen == ["d", "d", "c", "b", "a", "a"]


def test_next_period_entry_and_the_year_of_joining() -> None:
    levels = [{"id": "club", "from": "0"}, {"id": "gold", "from": "10.00"}]
    tiers = {"window": "membership_year", "entry": "next_period", "levels": levels}
    story = Story(program(DOLLAR, tiers=tiers))
    story.buy("a", ("x", 1000))
    seen = []
    for year, day in ((2021, 5), (2021, 6), (2022, 5), (2022, 6)):
        story.wait(datetime(year, 7, day, 12, tzinfo=UTC))
        seen.append(story.member.tier)
    assert seen == ["club", "gold", "gold", "club"]
