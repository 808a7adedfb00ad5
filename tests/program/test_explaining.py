"""Explanations: the verdict and the words for every way a rule can come out."""

import pytest

from headway.program.caps import Used
from headway.program.conditions import Facts
from headway.program.explaining import explain, in_points
from headway.program.explaining_facts import SAID
from headway.program.program import Program
from headway.program.rule_document import Conditions
from tests.program.making import BASE, NOON, event, line, order, program_of, rule

LINE_CONDITIONS = {"sku", "category", "brand", "line_total"}


def told(
    program: Program, facts: Facts, used: dict[str, Used] | None = None
) -> dict[str, tuple[str, str, int]]:
    return {
        one.rule.id: (one.verdict, one.why, one.points)
        for one in explain(program, facts, used or {}, program.day(facts.time))
    }


def test_every_condition_has_its_words() -> None:
    assert SAID.keys() == Conditions.model_fields.keys() - LINE_CONDITIONS


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("tier: gold", "only tier Gold; the member is in Club"),
        ("membership: prime", "only membership Prime; the member has none"),
        ("channel: [app, web]", "only channel app or web; the channel is till"),
        ("store: s1", "only store s1; no store is named"),
        ("order_total: {min: 50}", "only orders of at least 50.00 USD; this is 25.50 USD"),
        ("purchase: first", "only on the first purchase; this is the 2nd"),
        ("purchase: {every: 3}", "only on every 3rd purchase; this is the 2nd"),
        (
            "member_days: {min: 30}",
            "only members for at least 30 days; the member joined 3 days before",
        ),
        ("birthday: month", "only in the month of the birthday; no birthday is known"),
        ("weekday: [sat, sun]", "only on Saturdays or Sundays; this is Monday 2026-05-04 12:00"),
        (
            "hours: {from: '17:00', to: '19:00'}",
            "only between 17:00 and 19:00; this is Monday 2026-05-04 12:00",
        ),
        ("dates: {to: 2026-05-03}", "only until 2026-05-03; this is Monday 2026-05-04 12:00"),
        (
            "recurrence: FREQ=MONTHLY;BYDAY=1SA",
            "only on the first Saturday of every month; this is Monday 2026-05-04 12:00",
        ),
        ("category: boots", "only category boots; no line is"),
        ("line_total: {min: 50}", "only lines of at least 50.00 USD; no line is"),
        ("currency: EUR", "only currency EUR; the currency is USD"),
        (
            "tier: gold, purchase: first",
            "only tier Gold; the member is in Club. "
            "Also only on the first purchase; this is the 2nd",
        ),
    ],
)
def test_a_rule_that_does_not_apply_says_why(when: str, why: str) -> None:
    facts = order(
        line(2550), tier="club", purchase=2, channel="till", joined_at=NOON.replace(day=1)
    )
    assert told(program_of(rule("r", "points: 1", when)), facts) == {"r": ("no", why, 0)}


def test_reviews_activities_and_referrals() -> None:
    program = program_of(
        rule("p", "points: 1", "photo: true", on="review.published"),
        rule("a", "points: 1", "activity: run", on="activity.recorded"),
        rule("f", "points: 1, to: friend", on="referral.completed"),
    )
    assert told(program, event("review.published"))["p"][1] == "only with a photo; there is none"
    assert told(program, event("activity.recorded", activity="swim"))["a"][1] == (
        "only activity run; the activity is swim"
    )
    assert told(program, event("referral.completed", referral="signup"))["f"][1] == (
        "only for the friend's first purchase; this is for signing up"
    )
    assert told(program, event("member.joined")) == {}


def test_a_loser_names_the_winner() -> None:
    program = program_of(
        rule("five", "points: 5", rest="group: g"), rule("nine", "points: 9", rest="group: g"),
        BASE, rule("double", "multiply: 2"), rule("triple", "multiply: 3", "category: boots"),
    )  # fmt: skip
    said = told(program, order(line(100, category="boots")))
    assert said["five"] == ("lost", "nine of the same group counts instead", 0)
    assert said["nine"] == ("gives", "", 9)
    assert said["double"] == ("lost", "triple of the same group counts instead", 0)
    said = told(program, order(line(100, category="boots"), line(100)))
    assert said["double"] == (
        "gives", "on 1 line another one of the group multiplier counts instead", 1,
    )  # fmt: skip


def test_a_cap_says_what_is_left_of_it() -> None:
    program = program_of(
        rule("month", "points: 30", rest="cap: {points: 500, per: month}"),
        rule("once", "points: 5", rest="cap: {times: 1, per: day}"),
    )
    used = {"month:month": Used("2026-05", 480_000_000, 3), "once:day": Used("2026-05-04", 5, 1)}
    assert told(program, order(line(100)), used) == {
        "month": ("capped", "at most 500 points a month: 480 points so far; it would be 30 points",
                  20),
        "once": ("capped", "at most once a day: 0.000005 points so far, 1 time; "
                 "it would be 5 points", 0),
    }  # fmt: skip


def test_what_gives_nothing_although_it_applies() -> None:
    rounded = rule("r", "per_money: {points: 1, every: 1}", rest="round: down")
    program = program_of(rounded, rule("x", "multiply: 2"), rule("p", "points: 1"))
    assert told(program, order(line(99))) == {
        "p": ("gives", "", 1),
        "r": ("no", "less than a whole point, which is rounded down", 0),
        "x": ("gives", "", 0),
    }
    said = told(program, order(line(0)))
    assert said["r"] == ("no", "there is nothing to earn on", 0)
    assert said["x"] == ("no", "there is no base to multiply", 0)
    assert told(program, order())["r"] == ("no", "no line has anything to earn on", 0)
    assert told(program, order(line(99), currency="EUR"))["r"] == (
        "no", "only USD; this is in EUR", 0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("exact", "words"),
    [
        (1_000_000, "1 point"),
        (1_234_000_000, "1,234 points"),
        (250_000, "0.25 points"),
        (1, "0.000001 points"),
    ],
)
def test_points_have_the_digits_it_takes(exact: int, words: str) -> None:
    assert in_points(exact) == words
