"""A programme in words, rule by rule and life by life."""

import pytest

from headway.program.words import (
    life_in_words,
    membership_in_words,
    rule_in_words,
    rules_in_words,
    tier_rules_in_words,
    tiers_in_words,
)
from tests.program.making import BASE, TIERS, program_of, rule


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (BASE, "1 point for every 1.00 USD"),
        (
            rule("r", "per_money: {points: 2, every: 10, currency: JPY, steps: full}"),
            "2 points for every full 10 JPY",
        ),
        (rule("r", "per_item: 3", "sku: [b, a]"), "3 points for every piece, sku a or b"),
        (
            rule("r", "per_item: 5", "activity: flight", on="activity.recorded"),
            "5 points for every unit, activity flight",
        ),
        (rule("r", "percent: '2.50'"), "2.5% of the amount in points"),
        (rule("r", "points: 1000"), "1,000 points for each order"),
        (rule("r", "points: 5", on="member.joined"), "5 points for joining"),
        (rule("r", "points: 5", on="birthday"), "5 points on every birthday"),
        (
            rule("r", "points: 5", "photo: true, verified: true", on="review.published"),
            "5 points for a review, with a photo, of a verified purchase",
        ),
        (rule("r", "points: 5", on="activity.recorded"), "5 points for an activity"),
        (
            rule("r", "points: 5", "activity: [run, swim], weekday: sun", on="activity.recorded"),
            "5 points for the activity run or swim, on Sundays",
        ),
        (
            rule("r", "points: 5", "weekday: sun", on="activity.recorded"),
            "5 points for an activity, on Sundays",
        ),
        (
            rule("r", "points: 5, to: friend", "referral: signup", on="referral.completed"),
            "5 points to the friend when a referred friend signs up",
        ),
        (
            rule("r", "points: 5, to: referrer", on="referral.completed"),
            "5 points to the referrer when a referred friend buys for the first time",
        ),
        (
            rule("r", "multiply: '1.50'", "tier: [gold, club], membership: prime"),
            "1.5 x the base (0.5 on top), tier Club or Gold, membership Prime",
        ),
        (
            rule("r", "points: 5", "purchase: {number: 2}, member_days: {max: 30}"),
            "5 points for each order, on the 2nd purchase, members for at most 30 days",
        ),
        (
            rule("r", "points: 5", "purchase: {every: 11}, member_days: {min: 7, max: 30}"),
            "5 points for each order, on every 11th purchase, members for 7 to 30 days",
        ),
        (
            rule("r", "points: 5", "order_total: {min: 10, max: 20}, dates: {from: 2026-05-01}"),
            "5 points for each order, orders between 10.00 USD and 20.00 USD, from 2026-05-01 on",
        ),
        (
            rule("r", "points: 5", "hours: {from: '17:00', to: '19:00'}, weekday: [sun, fri]"),
            "5 points for each order, on Fridays or Sundays, between 17:00 and 19:00",
        ),
        (
            rule("r", "points: 5", rest="cap: [{points: 9, per: day}, {times: 1, per: lifetime}]"),
            "5 points for each order; at most 9 points a day, at most once ever",
        ),
        (
            rule("r", "points: 5", rest="cap: {points: 9, times: 2, per: week}, round: up"),
            "5 points for each order; at most 9 points and 2 times a week; rounded up each time",
        ),
        (
            rule("r", "points: 5", rest="funder: acme"),
            "5 points for each order; paid for by acme",
        ),
    ],
)
def test_a_rule_in_words(written: str, words: str) -> None:
    program = program_of(written)
    (rule_id,) = program.rules
    assert rule_in_words(program, rule_id) == words


def test_no_such_rule_has_no_words() -> None:
    assert rule_in_words(program_of(BASE), "gone") == ""


def test_rules_come_by_event_with_what_they_contest_with() -> None:
    program = program_of(
        rule("hello", "points: 5", on="member.joined", rest="pending_days: 0"),
        rule("b", "multiply: 3"), rule("a", "multiply: 2"), BASE,
        more=TIERS + "points: {pending: {until: order.fulfilled, days: 1}}\n",
    )  # fmt: skip
    assert rules_in_words(program) == [
        ("base", "1 point for every 1.00 USD", "1 day after order.fulfilled"),
        ("a", "2 x the base (1 on top); the best of this and b counts",
         "1 day after order.fulfilled"),
        ("b", "3 x the base (2 on top); the best of this and a counts",
         "1 day after order.fulfilled"),
        ("hello", "5 points for joining", "at once"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("expiry", "words"),
    [
        ("never", "points never expire"),
        (
            "{months: 1}",
            "points are valid for 1 month from the day they can be spent, to the end of that "
            "month in America/New_York",
        ),
        (
            "{days: 90, round_up: quarter}",
            "points are valid for 90 days from the day they can be spent, to the end of that "
            "quarter in America/New_York",
        ),
        (
            '{every_year_on: "12-31"}',
            "points expire at the end of the next 31 December in America/New_York",
        ),
        (
            "{date: 2027-06-30}",
            "points expire at the end of 2027-06-30 in America/New_York",
        ),
        (
            "{inactive_months: 12, round_up: month, qualifying: [review.published, order.paid]}",
            "points expire when a member has had no order.paid, review.published for 12 months, "
            "at the end of that month in America/New_York",
        ),
    ],
)
def test_an_expiry_in_words(expiry: str, words: str) -> None:
    assert life_in_words(program_of(BASE, more=f"points: {{expiry: {expiry}}}\n"))[0] == words


def test_the_rest_of_a_life_in_words() -> None:
    life = (
        "points: {expiry: {months: 12}, notices: [7, 60], reinstate_days: 30, earn_on: shipping, "
        "before_joining_days: 1, clawback: only_pending, attribution: recompute}\n"
    )
    assert life_in_words(program_of(BASE, more=life))[1:] == [
        "a return takes back what is still pending; the rest is waived",
        "after a return the order is judged again on what was kept",
        "members are told 60 and 7 days before points expire",
        "expired points come back with a purchase within 30 days",
        "points are earned on shipping too; "
        "nothing is earned on tax, gift cards, what is paid with points",
        "orders paid up to 1 day before joining count",
    ]


def test_tiers_in_words() -> None:
    tiers = (
        "tiers: {measure: points, window: membership_year, entry: next_period, "
        "keep: end_of_next_period, grace_days: 1, downgrade: one_step, at_risk_days: [30], "
        "levels: [{id: a, name: A, from: 0}, {id: b, name: B, from: 1500, expiry: {days: 9}}]}\n"
    )
    program = program_of(BASE, more=tiers)
    assert tiers_in_words(program) == [
        ("A", "from the start"),
        ("B", "from 1,500 points earned in a year from the day of joining; points earned in it "
         "are valid for 9 days from the day they can be spent, to the end of that day"),
    ]  # fmt: skip
    assert tier_rules_in_words(program) == [
        "a tier is entered in the year after the one in which it is reached and kept to the end "
        "of the following year, and for 1 day of grace after that",
        "a member falls by one tier at a time",
        "members are told 30 days before they lose a tier",
    ]
    assert tier_rules_in_words(program_of(BASE, more="")) == []


@pytest.mark.parametrize(
    ("tiers", "reached", "kept"),
    [
        ("measure: orders, window: lifetime", "from 9 orders ever", "while it is reached"),
        (
            "measure: {activity: nights}, window: {rolling_months: 6}, keep: {months: 12}",
            "from 9 nights in the last 6 months",
            "for 12 months",
        ),
        (
            "window: rolling_12_months",
            "from 9.00 USD spent in the last twelve months",
            "while it is reached",
        ),
        (
            "window: calendar_year",
            "from 9.00 USD spent in a calendar year (America/New_York)",
            "to the end of that year",
        ),
    ],
)
def test_measures_and_windows_in_words(tiers: str, reached: str, kept: str) -> None:
    levels = "levels: [{id: a, name: A, from: 0}, {id: b, name: B, from: 9}]"
    program = program_of(BASE, more=f"tiers: {{{tiers}, {levels}}}\n")
    assert tiers_in_words(program)[1] == ("B", reached)
    assert tier_rules_in_words(program) == [
        f"a tier is entered as soon as it is reached and kept {kept}"
    ]


def test_membership_in_words() -> None:
    assert membership_in_words(program_of(BASE)) == [
        "Prime: 139.00 USD for 12 months",
        "on cancelling, the whole price comes back if no benefit was used, else nothing comes back",
    ]
    assert membership_in_words(program_of(BASE, more="")) == []
