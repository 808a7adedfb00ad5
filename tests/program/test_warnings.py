"""What check warns of: legal, but hardly meant. Each case is told once, and nothing else is."""

import pytest

from headway.program.loading import check_program
from tests.program.making import BASE, HEAD, rule


def warned(*rules: str, more: str = "") -> list[str]:
    text = HEAD + more + "rules:\n" + "".join(f"  - {one}\n" for one in rules)
    return [f"{one.field}: {one.fix}" for one in check_program(text).warnings]


def capped(per: str, points: int = 100) -> str:
    return rule("r", "per_item: 1", rest=f"cap: {{points: {points}, per: {per}}}")


def reward(points: int) -> str:
    return f"rewards: [{{id: a, name: A, points: {points}, value: 5.00 USD}}]\n"


@pytest.mark.parametrize(
    ("when", "told"),
    [
        (
            "dates: {to: 2019-12-30}",
            "rules.0.when.dates: ends before this version starts (2019-12-31), so it never "
            "applies; remove the rule, or give a later day",
        ),
        (
            "weekday: sun, recurrence: FREQ=WEEKLY;BYDAY=MO",
            "rules.0.when: when.recurrence and when.weekday contradict each other: no day meets "
            "all; drop one of them",
        ),
        (
            "weekday: sun, dates: {from: 2026-05-04, to: 2026-05-08}",
            "rules.0.when: when.dates and when.weekday contradict each other: no day meets all; "
            "drop one of them",
        ),
        (
            "line_total: {min: 50}, order_total: {max: 40}",
            "rules.0.when.line_total: a line is never more than its order, and order_total allows "
            "less; lower it, or raise order_total.max",
        ),
    ],
)
def test_conditions_that_contradict_each_other(when: str, told: str) -> None:
    assert warned(rule("r", "points: 1", when)) == [told]


@pytest.mark.parametrize(
    "when",
    [
        "dates: {to: 2019-12-31}",  # the version starts on that day in New York
        "weekday: sun, dates: {from: 2026-05-04, to: 2026-05-10}",
        "weekday: fri, recurrence: FREQ=MONTHLY;BYMONTHDAY=13",
        "line_total: {min: 50}, order_total: {max: 50}",
    ],
)
def test_conditions_that_can_be_met(when: str) -> None:
    assert warned(rule("r", "points: 1", when)) == []


def test_a_step_that_no_order_reaches() -> None:
    steps = "per_money: {points: 1, every: 50, steps: full}"
    assert warned(rule("r", steps, "order_total: {max: 49}")) == [
        "rules.0.award.per_money.every: order_total never lets an order reach one full step; "
        "lower it, or raise the total"
    ]


def test_a_birthday_in_the_evening() -> None:
    evening = rule("r", "points: 1", "hours: {from: '17:00', to: '19:00'}", on="birthday")
    assert warned(evening) == [
        "rules.0.when.hours: birthdays are granted at midnight, so this never applies; remove it"
    ]
    night = rule("r", "points: 1", "hours: {from: '22:00', to: '02:00'}", on="birthday")
    assert warned(night) == []


def test_a_rule_that_never_wins_its_group() -> None:
    told = (
        "rules.1: can never win: {} of the same group ({}) applies whenever this does and gives "
        "no less; give it another group, or drop it"
    )
    two = rule("two", "multiply: 2")
    assert warned(BASE, rule("half", "multiply: '1.5'", "category: boots"), two) == [
        told.format("two", "multiplier")
    ]
    assert warned(BASE, rule("three", "multiply: 3", "category: boots"), two) == []
    assert warned(BASE, rule("same", "multiply: 2"), two) == [
        told.format("same", "multiplier").replace("rules.1", "rules.2")
    ]
    nine = rule("nine", "points: 9", "category: [boots, cups]", rest="group: g")
    assert warned(nine, rule("five", "points: 5", "category: boots", rest="group: g")) == [
        told.format("nine", "g")
    ]
    assert warned(nine, rule("five", "points: 5", "category: hats", rest="group: g")) == []
    assert warned(nine, rule("five", "points: 5", "category: boots")) == []


def test_a_multiplier_of_nothing() -> None:
    told = (
        "rules.1.award.multiply: no rule with per_money, per_item or percent applies together "
        "with this one, so there is nothing to multiply; add one"
    )
    double = rule("x", "multiply: 2", "category: boots")
    assert warned(rule("r", "points: 5"), double) == [told]
    assert warned(rule("r", "per_item: 5", "category: hats"), double) == [told]
    assert warned(rule("r", "per_item: 5", "category: [boots, hats]"), double) == []


def test_caps_that_cut_always_or_never() -> None:
    assert warned(rule("r", "points: 50", rest="cap: {points: 20, per: day}")) == [
        "rules.0.cap.0.points: always cuts the award of 50 points; raise the cap, or lower the "
        "award"
    ]
    both = "cap: [{points: 50, per: day}, {points: 50, per: month}]"
    assert warned(rule("r", "points: 10", rest=both)) == [
        "rules.0.cap.0.points: is never reached: the cap of a month is no higher; remove one"
    ]


@pytest.mark.parametrize(
    ("life", "told"),
    [
        ("pending_days: 60, expiry: {days: 30}", True),
        ("pending_days: 60, expiry: {months: 1}", True),
        ("pending_days: 60, expiry: {months: 2}", False),
        ("pending: {date: 2026-12-01}, expiry: {date: 2026-12-01}", True),
        ("pending: {date: 2026-12-01}, expiry: {date: 2026-12-02}", False),
        ("pending_days: 60, expiry: never", False),
    ],
)
def test_points_that_die_before_they_can_be_spent(life: str, told: bool) -> None:
    expected = (
        "points.expiry: points live for a shorter time than they are pending; lengthen the expiry"
    )
    assert warned(BASE, more=f"points: {{{life}}}\n") == [expected] * told


def test_a_rule_s_own_pending_may_be_too_long() -> None:
    late = rule("r", "points: 1", rest="pending_days: 60")
    assert warned(late, more="points: {expiry: {days: 30}}\n") == [
        "rules.0.pending_days: points live for a shorter time than they are pending; "
        "lengthen the expiry"
    ]


def test_points_that_are_dead_from_the_start() -> None:
    assert warned(BASE, more="points: {expiry: {date: 2019-01-01}}\n") == [
        "points.expiry: points are dead before this version starts; give a later date"
    ]


def test_notices_of_what_never_comes() -> None:
    assert warned(BASE, more="points: {notices: [30], reinstate_days: 3}\n") == [
        "points.notices: points never expire, so no notice is ever due; remove it",
        "points.reinstate_days: points never expire, so none come back; remove it",
    ]


def test_a_plan_that_nothing_comes_of() -> None:
    plans = "membership: {plans: [{id: prime, name: P, months: 12, price: 1.00 USD}]}\n"
    assert warned(BASE, more=plans) == [
        "membership.plans.0: no rule has when.membership prime: members pay for nothing; add such "
        "a rule"
    ]
    assert warned(rule("r", "per_item: 1", "membership: prime"), more=plans) == []


@pytest.mark.parametrize(
    ("rules", "points", "ever"),
    [
        ([capped("lifetime")], 101, 100),
        ([rule("j", "points: 50", on="member.joined"), capped("lifetime")], 151, 150),
        ([rule("t", "points: 10", rest="cap: {times: 3, per: lifetime}")], 31, 30),
        (
            [rule("f", "points: 25, to: friend", on="referral.completed"), capped("lifetime")],
            126,
            125,
        ),
    ],
)
def test_a_reward_that_nobody_can_ever_reach(rules: list[str], points: int, ever: int) -> None:
    told = (
        f"rewards.0.points: nobody can reach it: all rules together give at most {ever} points "
        "ever; lower the price, or raise their caps"
    )
    assert warned(*rules, more=reward(points)) == [told]
    assert warned(*rules, more=reward(points - 1)) == []


def test_a_reward_beyond_a_year_s_points_that_live_a_year() -> None:
    year = "points: {expiry: {months: 12, round_up: month}}\n"
    hardly = (
        "rewards.0.points: hardly anybody can reach it: all rules together give at most 100 "
        "points a year, and points live for about one; lower the price, raise the caps, or let "
        "points live longer"
    )
    nobody = (
        "rewards.0.points: nobody can reach it: all rules together give at most 100 points a "
        "year, and points expire before more come together; lower the price, raise the caps, or "
        "let points live longer"
    )
    assert warned(capped("year"), more=year + reward(100)) == []
    assert warned(capped("year"), more=year + reward(101)) == [hardly]
    assert warned(capped("year"), more=year + reward(301)) == [nobody]
    assert warned(capped("year"), more=reward(5000)) == [], "points never expire"
    monthly = capped("month", 10)
    assert "120 points a year" in warned(monthly, more=year + reward(121))[0]
    assert warned(monthly, BASE, more=year + reward(5000)) == [], "no cap at all on one of them"


def test_a_tier_that_nobody_can_reach() -> None:
    tiers = (
        "tiers: {{measure: points, window: {}, "
        "levels: [{{id: a, name: A, from: 0}}, {{id: b, name: B, from: 500}}]}}\n"
    )
    assert warned(capped("lifetime"), more=tiers.format("lifetime")) == [
        "tiers.levels.1.from: nobody can reach it: all rules together give at most 100 points "
        "ever; lower it, or raise their caps"
    ]
    assert warned(capped("year"), more=tiers.format("calendar_year")) == [
        "tiers.levels.1.from: nobody can reach it: all rules together give at most 100 points a "
        "year; lower it, or raise their caps"
    ]
    assert warned(capped("year"), more=tiers.format("lifetime")) == []


def test_warnings_come_with_their_lines() -> None:
    text = (
        HEAD
        + "rules:\n  - id: r\n    on: order.paid\n    award: {points: 50}\n"
        + ("    cap:\n      - {times: 3, per: month}\n      - {points: 20, per: day}\n")
    )
    assert [(one.file, one.line) for one in check_program(text, file="f").warnings] == [("f", 11)]
