"""What rules give, worked by hand: kinds of award, groups, rounding, caps, pseudo lines."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.oracle.telling import DOLLAR, Story, program

POINT = 10**6


def rule(id_: str, award: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A rule on orders."""
    return {"id": id_, "on": "order.paid", "award": award} | more


def test_a_total_is_split_over_the_lines_without_losing_a_millionth() -> None:
    story = Story(program(rule("ten", {"points": 10})))
    story.buy("a", ("x", 100), ("y", 100), ("z", 100))
    told = [lot.standing for lot in story.member.lots]
    assert told == [3_333_333, 3_333_333, 3_333_334]
    assert story.points == 10


def test_full_steps_are_of_the_whole_order_and_parts_of_each_line() -> None:
    full = {"per_money": {"points": 5, "every": "10.00", "steps": "full"}}
    part = {"per_money": {"points": 5, "every": "10.00"}}
    story = Story(program(rule("full", full), rule("part", part)))
    story.buy("a", ("x", 1250), ("y", 1249))
    assert story.earned("full") == 10 * POINT
    assert story.earned("part") == 12_495_000


def test_items_and_percent() -> None:
    story = Story(
        program(
            rule("item", {"per_item": 3}, when={"category": ["x"]}),
            rule("percent", {"percent": "2.5"}),
        )
    )
    story.buy("a", ("x", 1000), ("y", 999), quantity=4)
    assert story.earned("item") == 12 * POINT
    assert story.earned("percent") == 25 * POINT + 24_975_000


@pytest.mark.parametrize(
    ("priorities", "winner"), [((0, 0), "first"), ((0, 1), "second"), ((2, 1), "first")]
)
def test_of_a_group_the_best_wins_then_priority_then_the_smaller_id(
    priorities: tuple[int, int], winner: str
) -> None:
    rules = [
        rule(id_, {"points": 8}, group="g", priority=priority)
        for id_, priority in zip(("first", "second"), priorities, strict=True)
    ]
    story = Story(program(*rules, rule("small", {"points": 7}, group="g", priority=9)))
    story.buy("a", ("x", 100))
    assert [lot.rule for lot in story.member.lots] == [winner]


def test_multipliers_contest_line_by_line_on_what_the_winners_of_their_groups_gave() -> None:
    rules = [
        DOLLAR | {"group": "base"},
        rule("lower", {"percent": "0.5"}, group="base"),
        rule("bonus", {"points": 100}),
        rule("double", {"multiply": "2"}, when={"category": ["x"]}),
        rule("more", {"multiply": "1.5"}),
    ]
    story = Story(program(*rules))
    story.buy("a", ("x", 1000), ("y", 1000))
    assert {id_: story.earned(id_) for id_ in ("base", "lower", "bonus", "double", "more")} == {
        "base": 20 * POINT,
        "lower": 0,
        "bonus": 100 * POINT,
        "double": 10 * POINT,
        "more": 5 * POINT,
    }


@pytest.mark.parametrize(
    ("how", "first", "second"), [("carry", 1, 2), ("down", 1, 2), ("nearest", 2, 3), ("up", 2, 4)]
)
def test_rounding_is_of_each_event(how: str, first: int, second: int) -> None:
    story = Story(program(DOLLAR | {"round": how}))
    story.buy("a", ("x", 50), ("y", 100))  # 1.5 points
    assert story.points == first
    story.buy("b", ("x", 149))  # 1.49 points
    assert story.points == second


def test_what_rounding_adds_is_split_by_what_was_there() -> None:
    story = Story(program(DOLLAR | {"round": "up"}))
    story.buy("a", ("x", 50), ("y", 100))
    assert [lot.standing for lot in story.member.lots] == [666_666, 1_333_334]
    story.bring_back("a", line=2)
    assert story.earned("base") == 666_666


def test_a_cap_cuts_the_event_from_its_end_and_a_return_makes_room() -> None:
    story = Story(program(DOLLAR | {"cap": {"points": 25, "per": "month"}}))
    story.buy("a", ("x", 1000), ("y", 2000))
    assert [lot.standing for lot in story.member.lots] == [10 * POINT, 15 * POINT]
    story.buy("b", ("x", 500))
    assert story.points == 25
    story.bring_back("a")
    story.buy("c", ("x", 1200))
    assert story.points == 25
    story.wait(datetime(2020, 8, 1, 4, tzinfo=UTC))
    story.buy("d", ("x", 1200))
    assert story.points == 37, "a new month there"


def test_a_return_in_another_period_frees_no_room() -> None:
    story = Story(program(DOLLAR | {"cap": {"points": 25, "per": "day"}}))
    story.buy("a", ("x", 2500))
    story.wait(datetime(2020, 7, 8, 12, tzinfo=UTC))
    story.buy("b", ("x", 2000))
    story.bring_back("a")
    story.buy("c", ("x", 2000))
    assert story.points == 25


def test_times_are_freed_when_all_of_the_event_is_gone() -> None:
    capped = rule("visit", {"points": 10}, cap={"times": 1, "per": "week"})
    story = Story(program(capped))
    story.buy("a", ("x", 1000), quantity=2)
    story.buy("b", ("x", 1000))
    story.bring_back("a")
    story.buy("c", ("x", 1000))
    assert story.points == 5
    story.bring_back("a")
    story.buy("d", ("x", 1000))
    assert story.points == 10


def test_tax_and_shipping_come_back_with_the_last_piece() -> None:
    settings = {"pending_days": 0, "earn_on": ["tax", "shipping"]}
    story = Story(program(DOLLAR, points=settings))
    story.buy("a", ("x", 1000), ("y", 1000), tax=160, shipping=500)
    assert story.points == 26
    story.bring_back("a")
    assert story.earned("base") == 16_600_000
    story.bring_back("a", line=2)
    assert story.points == 0


@pytest.mark.parametrize(("earn_on", "points"), [([], 6), (["paid_with_points"], 10)])
def test_the_part_paid_with_points(earn_on: list[str], points: int) -> None:
    line = {"line_id": "1", "sku": "s", "quantity": 1, "amount": 1000, "paid_with_points": 400}
    story = Story(program(DOLLAR, points={"pending_days": 0, "earn_on": earn_on}))
    story.buy("a", lines=[line])
    assert story.points == points


def test_activities_earn_by_their_money_and_quantity() -> None:
    fuel = {"on": "activity.recorded", "when": {"activity": ["fuel"], "partner": ["oil"]}}
    story = Story(
        program(
            fuel | {"id": "litre", "award": {"per_item": 2}},
            fuel | {"id": "money", "award": {"per_money": {"points": 1, "every": "1.00"}}},
            fuel | {"id": "double", "award": {"multiply": "2"}},
        )
    )
    story.tell("activity.recorded", activity="fuel", amount=4000, quantity=30)
    assert story.points == 0, "another partner's"
    story.tell("activity.recorded", activity="fuel", partner="oil", amount=4000, quantity=30)
    assert story.points == 2 * (60 + 40)
    story.tell("activity.recorded", activity="fuel", partner="oil", amount=4000, currency="EUR")
    assert story.points == 200 + 2 * 2, "money of another currency is not this rule's"
