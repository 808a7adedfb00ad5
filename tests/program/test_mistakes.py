"""A mistake in a programme file is told as file:line: field: what to do."""

import pytest

from headway.program.loading import ProgramFileError, load_program

GOOD = """\
name: Stride Shoes
zone: America/New_York
from: 2026-01-01T00:00:00Z
currency: USD
points: {pending_days: 14, expiry: {months: 12, round_up: month}}
rules:
  - id: base
    on: order.paid
    award: {per_money: {points: 1, every: "1.00"}}
  - {id: gold, on: order.paid, when: {tier: [gold]}, award: {multiply: "1.25"}}
  - {id: friend, on: referral.completed, award: {points: 25, to: friend}}
tiers:
  window: calendar_year
  levels:
    - {id: club, name: Club, from: "0"}
    - {id: gold, name: Gold, from: "200.00"}
rewards:
  - {id: five, name: "$5 off", points: 100, value: "5.00 USD"}
"""

MISTAKES = {
    "a misspelt field": (
        ("every:", "evry:"),
        "shoes.yaml:9: rules.0.award.per_money.every: is missing; add it\n"
        "shoes.yaml:9: rules.0.award.per_money.evry: "
        "no such field here; check how it is spelt, or remove it",
    ),
    "a field left out": (
        ("zone: America/New_York\n", ""),
        "shoes.yaml:1: zone: is missing; add it",
    ),
    "no such zone": (
        ("America/New_York", "America/Boston"),
        "shoes.yaml:2: zone: not an IANA time zone; write one such as America/New_York",
    ),
    "part of a zone": (
        ("America/New_York", "America"),
        "shoes.yaml:2: zone: not an IANA time zone; write one such as America/New_York",
    ),
    "a moment without its offset": (
        ("00:00:00Z", "00:00:00"),
        "shoes.yaml:3: from: should be RFC 3339 with an offset, like 2026-05-01T12:30:00Z",
    ),
    "a year for a moment": (
        ("2026-01-01T00:00:00Z", "2026"),
        "shoes.yaml:3: from: "
        "should be a text in RFC 3339 with an offset, like 2026-05-01T12:30:00Z",
    ),
    "a day that never was": (
        ("2026-01-01", "2026-13-45"),
        "shoes.yaml:3: from: should be a date and time that exist",
    ),
    "no currency": (
        ("currency: USD", "currency: dollars"),
        "shoes.yaml:4: currency: should be three capital letters, such as USD",
    ),
    "less than a cent": (
        ('every: "1.00"', 'every: "0.005"'),
        "shoes.yaml:9: rules.0.award.per_money.every: "
        "0.005 is finer than the smallest unit of USD; round it",
    ),
    "less than a yen": (
        ("5.00 USD", "500.50 JPY"),
        "shoes.yaml:18: rewards.0.value: 500.50 is finer than the smallest unit of JPY; round it",
    ),
    "a reward without a currency": (
        ("5.00 USD", "5.00"),
        "shoes.yaml:18: rewards.0.value: should be an amount and its currency, such as 5.00 USD",
    ),
    "an id used twice": (
        ("id: gold, on", "id: base, on"),
        "shoes.yaml:10: rules.1.id: 'base' is used twice; an id names one thing",
    ),
    "an id nobody can type": (
        ("id: base\n", "id: Base Rate\n"),
        "shoes.yaml:7: rules.0.id: "
        "should be up to 64 small letters, digits, - and _, the first one a letter",
    ),
    "a tier that is none": (
        ("tier: [gold]", "tier: [platinum]"),
        "shoes.yaml:10: rules.1.when.tier: "
        "'platinum' is no level under tiers; name one, or add it there",
    ),
    "levels that do not rise": (
        ('"200.00"', '"0"'),
        "shoes.yaml:12: tiers: levels rise, and the first one starts from 0",
    ),
    "a base rule by tier": (
        ("on: order.paid\n", "on: order.paid\n    when: {tier: [gold]}\n"),
        "shoes.yaml:7: rules.0: "
        "a base rule cannot depend on the tier; use a multiplier with when.tier",
    ),
    "a referral for nobody": (
        (", to: friend", ""),
        "shoes.yaml:11: rules.2: "
        "award.to (friend or referrer) goes with referral.completed, and only there",
    ),
    "two awards in one": (
        ('multiply: "1.25"', 'multiply: "1.25", points: 3'),
        "shoes.yaml:10: rules.1.award: give exactly one of per_money, points, multiply",
    ),
    "an event that is none": (
        ("on: referral.completed", "on: referral.finished"),
        "shoes.yaml:11: rules.2.on: should be 'order.paid', 'member.joined', 'review.published', "
        "'referral.completed' or 'activity.recorded'",
    ),
    "a truth value for a number": (
        ("points: 25", "points: yes"),
        "shoes.yaml:11: rules.2.award.points: "
        "should be a valid integer, unable to parse string as an integer",
    ),
    "true for a number": (
        ("points: 25", "points: true"),
        "shoes.yaml:11: rules.2.award.points: should be a number",
    ),
    "minutes for money": (
        ('every: "1.00"', "every: 1:30"),
        "shoes.yaml:9: rules.0.award.per_money.every: should be a valid decimal",
    ),
    "a key that comes twice": (
        ("currency: USD", "currency: USD\nname: Other"),
        "shoes.yaml:5: yaml: name comes twice; keep one of the two",
    ),
    "a bracket left open": (
        ("[gold]}", "[gold}"),
        "shoes.yaml:10: yaml: expected ',' or ']', but got '}'",
    ),
    "an invisible character": (
        ("Club", "Cl\x00ub"),
        "shoes.yaml:15: yaml: U+0000 cannot be in a text file; remove it",
    ),
    "code": (
        ("name: Club", "name: !!python/name:os.system x"),
        "shoes.yaml:15: yaml: could not determine a constructor for the tag "
        "'tag:yaml.org,2002:python/name:os.system'",
    ),
}


def test_the_file_is_right_before_a_mistake_is_made() -> None:
    assert load_program(GOOD).name == "Stride Shoes"


@pytest.mark.parametrize(("change", "told"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_where_it_is(change: tuple[str, str], told: str) -> None:
    before, after = change
    assert GOOD.count(before) >= 1, "the test changes something"
    with pytest.raises(ProgramFileError) as raised:
        load_program(GOOD.replace(before, after, 1), file="shoes.yaml")
    assert raised.value.message == told
    assert str(raised.value).endswith("then run `headway program check` again")


@pytest.mark.parametrize("text", ["", "- a list", "just words", "---\n"])
def test_a_file_that_is_no_programme(text: str) -> None:
    with pytest.raises(ProgramFileError) as raised:
        load_program(text, file="x.yaml")
    assert raised.value.message == "x.yaml:1: file: write a mapping with name, zone, rules, ..."


def test_a_file_nested_beyond_reason() -> None:
    with pytest.raises(ProgramFileError) as raised:
        load_program("a: " + "[" * 100_000, file="x.yaml")
    assert raised.value.message == "x.yaml:1: yaml: nest less deeply"


def test_all_mistakes_are_told_at_once() -> None:
    text = GOOD.replace('every: "1.00"', 'every: "0.005"').replace("5.00 USD", "5.005 USD")
    with pytest.raises(ProgramFileError) as raised:
        load_program(text, file="shoes.yaml")
    assert [(problem.line, problem.field) for problem in raised.value.problems] == [
        (9, "rules.0.award.per_money.every"), (18, "rewards.0.value"),
    ]  # fmt: skip
