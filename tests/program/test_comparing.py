"""What changes from one programme to another, in words; and that nothing else does."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.program.comparing import compare
from headway.program.loading import load_program
from tests.program.making import program_of
from tests.program.random_programs import rules

SHOES = (Path(__file__).parents[2] / "examples" / "programs" / "shoes.yaml").read_text("utf-8")


def changed(before: str, after: str) -> list[str]:
    """What changes in the shoe shop's programme by that edit."""
    assert SHOES.count(before) >= 1
    new = load_program(SHOES.replace(before, after, 1))
    return [change.words for change in compare(load_program(SHOES), new)]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('multiply: "1.5"', 'multiply: "2"',
         "rule boots now gives 2 x the base (1 on top), was 1.5 x the base (0.5 on top)"),
        ("category: [boots]", "category: [boots, hats]",
         "rule boots now only category boots or hats, was category boots"),
        (", when: {category: [boots]}", "", "rule boots no longer only category boots"),
        ("id: welcome, on: member.joined", "id: welcome, on: member.joined, when: {weekday: sun}",
         "rule welcome now only on Sundays"),
        ("{id: review, on", "{id: review, cap: {times: 3, per: month}, on",
         "rule review is now capped: at most 3 times a month, was: no cap"),
        ("{id: base, on", "{id: base, round: nearest, on",
         "rule base now rounds by nearest, was carry"),
        ("on: review.published, pending_days: 0", "on: review.published, pending_days: 3",
         "rule review can now be spent after 3 days, was at once"),
        ("group: category", "group: tier",
         "rule boots now contests in the group tier, was category"),
        ("{id: base, on", "{id: base, priority: 2, on", "rule base now has priority 2, was 0"),
        ("{id: base, on", "{id: base, funder: acme, on",
         "rule base is now paid for by acme, was brand"),
        ("pending_days: 14", "pending_days: 7",
         "pending: now points can be spent after 7 days; was points can be spent after 14 days"),
        ("{months: 12, round_up: month}", "never",
         "expiry: now points never expire; was points are valid for 12 months from the day they "
         "can be spent, to the end of that month"),
        ("allow_negative", "only_pending",
         "clawback: now a return takes back what is still pending; the rest is waived; was a "
         "return takes its points back; what is already spent is owed"),
        ("allow_negative", "allow_negative, attribution: by_money",
         "attribution: now a return takes back of each award as much as of the order's money came "
         "back; was a return takes back what the returned lines were given"),
        ("allow_negative", "allow_negative, notices: [30, 7]",
         "notices: now 30 and 7 days before points expire; was none"),
        ("rules:\n", "pools: {members: 7}\nrules:\n",
         "pools: now households of up to 7 members spend together; was there are no households"),
        ("rules:\n", "transfers: {minimum: 5, maximum: {points: 1000, per: year}}\nrules:\n",
         "transfers: now members may send each other points, at least 5 at once, at most 1,000 a "
         "year; was members cannot send each other points"),
        ("allow_negative", "allow_negative, reinstate_days: 1",
         "reinstatement: now within 1 day; was never"),
        ("allow_negative", "allow_negative, before_joining_days: 3",
         "before joining: now orders of 3 days before joining count; was no order before joining "
         "counts"),
        ("rewards:", "referrals: {minimum_order: 75}\nrewards:",
         "referrals: now a purchase completes a referral from 75.00 USD on; was any purchase "
         "completes a referral"),
        ("measure: spend", "measure: spend\n  keep: end_of_next_period",
         "tiers: now a tier is entered as soon as it is reached and kept to the end of the "
         "following year; was a tier is entered as soon as it is reached and kept to the end of "
         "that year"),
        ('from: "500.00"', 'from: "600.00"',
         "tier elite: now Elite, from 600.00 USD spent in a calendar year (America/New_York); was "
         "Elite, from 500.00 USD spent in a calendar year (America/New_York)"),
        ("points: 400, value", "points: 500, value",
         "reward twenty: now $20 off worth 20.00 USD for 500 points; was $20 off worth 20.00 USD "
         "for 400 points"),
        ("name: Stride Shoes", "name: Stride", "name: now Stride; was Stride Shoes"),
        ("zone: America/New_York", "zone: America/Boise", None),
    ],
)  # fmt: skip
def test_one_edit_is_one_change(before: str, after: str, words: str | None) -> None:
    if words is None:
        assert changed(before, after)[0] == "zone: now America/Boise; was America/New_York"
    else:
        assert changed(before, after) == [words]


def test_what_is_new_and_what_is_gone() -> None:
    old = "  - {id: review, on: review.published, pending_days: 0, award: {points: 10}}\n"
    new = "  - {id: own-cup, on: activity.recorded, award: {points: 5}}\n"
    assert changed(old, new) == [
        "rule review is gone; it gave 10 points for a review",
        "rule own-cup is new: 5 points for an activity",
    ]
    plans = 'membership: {plans: [{id: p, name: P, months: 12, price: "9.00 USD"}]}\nrewards:'
    assert changed("rewards:", plans) == ["membership p is new: P: 9.00 USD for 12 months"]
    five = '  - {id: five, name: "$5 off", points: 100, value: "5.00 USD"}\n'
    assert changed(five, "") == ["reward five is gone; it was $5 off worth 5.00 USD for 100 points"]


def test_when_it_starts_is_no_change() -> None:
    assert changed("from: 1990-01-01", "from: 2026-01-01") == []


@settings(deadline=None)
@given(st.data(), rules())
def test_order_in_the_file_is_no_change(data: st.DataObject, made: list[str]) -> None:
    other = program_of(*data.draw(st.permutations(made)))
    assert compare(program_of(*made), other) == []


@settings(deadline=None)
@given(rules(), rules())
def test_all_that_differs_is_named(made: list[str], more: list[str]) -> None:
    old, new = program_of(*made), program_of(*more)
    named = {change.about.removeprefix("rule ") for change in compare(old, new)}
    assert named >= old.rules.keys() ^ new.rules.keys()
    assert {change.about for change in compare(new, old)} == {f"rule {name}" for name in named}
