"""What each kind of award gives, counted by hand."""

import pytest

from headway.program.caps import Used
from headway.program.judging import split
from headway.program.rules import MICRO
from tests.program.making import BASE, by_line, event, line, order, points, program_of, rule


def given(*rules: str, facts: object = None) -> dict[str, float]:
    return points(program_of(*rules), facts or order(line(2550)))  # type: ignore[arg-type]


def test_per_money_counts_parts_line_by_line() -> None:
    program = program_of(rule("r", "per_money: {points: 2, every: '3.00'}"))
    facts = order(line(100), line(250), line(0))
    assert by_line(program, facts, "r") == [0.666666, 1.666666, 0]


def test_full_steps_count_of_the_total_and_are_split_over_the_lines() -> None:
    # Square: a point for every $10; $105 give 10.
    program = program_of(rule("r", "per_money: {points: 1, every: 10, steps: full}"))
    assert points(program, order(line(10500))) == {"r": 10}
    assert by_line(program, order(line(650), line(400)), "r") == [0.619047, 0.380953]
    assert points(program, order(line(650), line(349))) == {}


def test_full_steps_are_of_the_matching_lines_only() -> None:
    award = "per_money: {points: 5, every: 10, steps: full}"
    program = program_of(rule("r", award, "category: boots"))
    facts = order(line(900, category="boots"), line(900), line(200, category="boots"))
    assert by_line(program, facts, "r") == [4.090909, 0, 0.909091]


def test_per_item_counts_pieces_and_units() -> None:
    facts = order(line(0, quantity=2), line(5, sku="c"), line(1, sku="b"))
    assert given(rule("r", "per_item: 3", "sku: [a, b]"), facts=facts) == {"r": 9}
    miles = program_of(rule("r", "per_item: 5", "activity: flight", on="activity.recorded"))
    assert points(miles, event("activity.recorded", activity="flight", quantity=7)) == {"r": 35}
    assert points(miles, event("activity.recorded", activity="bus", quantity=7)) == {}


def test_percent_makes_a_point_of_a_cent() -> None:
    assert given(rule("r", "percent: 5")) == {"r": 127.5}
    assert given(rule("r", "percent: '0.5'")) == {"r": 12.75}
    assert given(rule("r", "percent: 5"), facts=order(line(1000), currency="EUR")) == {}
    assert given(rule("r", "percent: 5", "currency: EUR"),
                 facts=order(line(1000), currency="EUR")) == {"r": 50}  # fmt: skip


def test_an_activity_earns_by_its_amount() -> None:
    program = program_of(
        rule("m", "per_money: {points: 2, every: 1}", on="activity.recorded"),
        rule("x", "multiply: 3", on="activity.recorded"),
    )
    facts = event("activity.recorded", activity="ride", amount=450, currency="USD")
    assert points(program, facts) == {"m": 9, "x": 18}
    assert points(program, facts._replace(currency="")) == {}


def test_points_come_once_and_are_split_over_the_matching_lines() -> None:
    program = program_of(rule("r", "points: 10", "category: boots"))
    facts = order(line(100, category="boots"), line(900), line(200, category="boots"))
    assert by_line(program, facts, "r") == [3.333333, 0, 6.666667]
    free = order(line(0), line(0, category="boots"), line(0, category="boots"))
    assert by_line(program, free, "r") == [0, 10, 0]
    assert points(program, order(line(100))) == {}


@pytest.mark.parametrize("name", ["member.joined", "review.published", "birthday"])
def test_points_for_what_has_no_lines(name: str) -> None:
    assert points(program_of(rule("r", "points: 20", on=name)), event(name)) == {"r": 20}


def test_what_is_left_of_an_order_earns_and_of_nothing_nothing() -> None:
    assert points(program_of(rule("r", "points: 20")), order()) == {}
    assert points(program_of(BASE), order()) == {}


def test_a_multiplier_adds_to_the_base_before_its_rounding_and_caps() -> None:
    # Square: 4 base points x 1.5 = 6.
    assert given(BASE, rule("x", "multiply: '1.5'"), facts=order(line(400))) == {"base": 4, "x": 2}
    capped = rule("base", "per_money: {points: 1, every: 1}", rest="cap: {points: 1, per: day}")
    assert given(capped, rule("x", "multiply: 2"), facts=order(line(450))) == {"base": 1, "x": 4.5}
    rounded = rule("base", "per_money: {points: 1, every: 1}", rest="round: up")
    assert given(rounded, rule("x", "multiply: 2"), facts=order(line(450))) == {
        "base": 5, "x": 4.5,
    }  # fmt: skip


def test_a_multiplier_takes_amounts_and_pieces_but_no_fixed_points() -> None:
    rules = (BASE, rule("p", "per_item: 2"), rule("c", "percent: 1"), rule("f", "points: 100"))
    assert given(*rules, rule("x", "multiply: 2"), facts=order(line(100))) == {
        "base": 1, "c": 1, "f": 100, "p": 2, "x": 4,
    }  # fmt: skip
    assert given(rule("f", "points: 100"), rule("x", "multiply: 2")) == {"f": 100}


def test_multipliers_of_two_groups_add_and_do_not_compound() -> None:
    two = (rule("a", "multiply: '1.5'", rest="group: a"), rule("b", "multiply: 2", rest="group: b"))
    assert given(BASE, *two, facts=order(line(1000))) == {"base": 10, "a": 5, "b": 10}


def test_of_one_group_the_best_multiplier_counts_on_each_line() -> None:
    program = program_of(
        BASE, rule("boots", "multiply: 3", "category: boots"), rule("all", "multiply: 2")
    )
    facts = order(line(100, category="boots"), line(100))
    assert by_line(program, facts, "boots") == [2, 0]
    assert by_line(program, facts, "all") == [0, 1]


def test_equal_multipliers_go_by_priority_and_then_by_id() -> None:
    facts = order(line(100))
    assert given(BASE, rule("b", "multiply: 2"), rule("a", "multiply: 2"), facts=facts) == {
        "base": 1, "a": 1,
    }  # fmt: skip
    prior = rule("b", "multiply: 2", rest="priority: 1")
    assert given(BASE, prior, rule("a", "multiply: 2"), facts=facts) == {"base": 1, "b": 1}


def test_of_a_group_the_largest_total_of_the_event_counts() -> None:
    rules = (
        rule("welcome", "points: 10", rest="group: g"),
        rule("spend", "per_money: {points: 1, every: 1}", rest="group: g"),
    )
    assert given(*rules, facts=order(line(300), line(600))) == {"welcome": 10}
    assert given(*rules, facts=order(line(300), line(800))) == {"spend": 11}
    assert given(*rules, facts=order(line(300), line(700))) == {"spend": 10}, "the smaller id"
    prior = rule("welcome", "points: 10", rest="group: g, priority: 1")
    assert given(prior, rules[1], facts=order(line(300), line(700))) == {"welcome": 10}


def test_friend_and_referrer_take_nothing_from_each_other() -> None:
    rules = (
        rule("f", "points: 5, to: friend", on="referral.completed", rest="group: g"),
        rule("r", "points: 9, to: referrer", on="referral.completed", rest="group: g"),
    )
    assert given(*rules, facts=event("referral.completed")) == {"f": 5, "r": 9}


def test_a_loser_before_its_cap_stays_a_loser() -> None:
    rules = (
        rule("best", "points: 50", rest="group: g, cap: {points: 10, per: day}"),
        rule("other", "points: 20", rest="group: g"),
    )
    assert given(*rules) == {"best": 10}


@pytest.mark.parametrize(
    ("rounding", "cents", "given_points"),
    [
        ("carry", 249, 2.49),
        ("down", 249, 2),
        ("down", 99, 0),
        ("nearest", 249, 2),
        ("nearest", 250, 3),
        ("nearest", 49, 0),
        ("up", 201, 3),
        ("up", 200, 2),
        ("up", 0, 0),
    ],
)
def test_rounding_makes_the_event_s_total_whole(
    rounding: str, cents: int, given_points: float
) -> None:
    ruled = rule("r", "per_money: {points: 1, every: 1}", rest=f"round: {rounding}")
    assert given(ruled, facts=order(line(cents))).get("r", 0) == given_points


def test_the_rounded_total_is_split_by_what_the_lines_had() -> None:
    ruled = program_of(rule("r", "per_money: {points: 1, every: 1}", rest="round: up"))
    assert by_line(ruled, order(line(100), line(230)), "r") == [1.212121, 2.787879]


def test_a_split_gives_every_share_and_all_of_it() -> None:
    assert split(10, [(0, 1), (1, 1), (2, 1)]) == [(0, 3), (1, 3), (2, 4)]
    assert split(7, [(3, 0), (5, 0)]) == [(3, 7), (5, 0)]
    assert split(MICRO, []) == []


def test_a_cap_cuts_to_the_room_from_the_first_lines_on() -> None:
    program = program_of(
        rule("r", "per_money: {points: 1, every: 1}", rest="cap: {points: 5, per: month}")
    )
    facts = order(line(300), line(400), line(100))
    assert by_line(program, facts, "r") == [3, 2, 0]
    used = {"r:month": Used("2026-05", 4_500_000, 1)}
    assert points(program, facts, used) == {"r": 0.5}
    assert points(program, facts, {"r:month": Used("2026-04", 4_500_000, 1)}) == {"r": 5}


def test_times_let_nothing_more_through() -> None:
    program = program_of(rule("r", "points: 5", rest="cap: {times: 2, per: week}"))
    assert points(program, order(line(1)), {"r:week": Used("2026-W19", 5, 1)}) == {"r": 5}
    assert points(program, order(line(1)), {"r:week": Used("2026-W19", 5, 2)}) == {}
    assert points(program, order(line(1)), {"r:week": Used("2026-W18", 5, 2)}) == {"r": 5}


def test_a_multiplier_may_be_capped() -> None:
    capped = rule("x", "multiply: 2", rest="cap: {points: 3, per: lifetime}")
    assert given(BASE, capped, facts=order(line(1000))) == {"base": 10, "x": 3}
    program = program_of(BASE, capped)
    used = {"x:lifetime": Used("", 3_000_000, 9)}
    assert points(program, order(line(1000)), used) == {"base": 10}


def test_a_condition_on_money_looks_at_one_currency() -> None:
    ruled = program_of(BASE, rule("x", "multiply: 2", "order_total: {min: 10}"))
    assert points(ruled, order(line(1000))) == {"base": 10, "x": 10}
    yen = program_of(
        rule("y", "points: 5", "currency: JPY, order_total: {min: 1000}"),
        rule("z", "multiply: 2", "line_total: {min: 10}"),
    )
    assert points(yen, order(line(1000), currency="JPY")) == {"y": 5}
    assert points(yen, order(line(999), currency="JPY")) == {}
    # In another currency an amount of dollars says nothing.
    plain = program_of(
        rule("e", "per_money: {points: 1, every: 1, currency: EUR}"),
        rule("x", "multiply: 2", "line_total: {min: 10}"),
    )
    assert points(plain, order(line(1000), currency="EUR")) == {"e": 10}
