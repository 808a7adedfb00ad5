"""A mistake in a programme file is told as file:line: field: what to do."""

import pytest

from headway.program.loading import ProgramFileError, load_program

GOOD = """\
name: Stride Shoes
zone: America/New_York
from: 2026-01-01T00:00:00Z
currency: USD
points: {pending_days: 14, expiry: {months: 12, round_up: month}, notices: [30], earn_on: [tax]}
rules:
  - id: base
    on: order.paid
    award: {per_money: {points: 1, every: "1.00"}}
  - {id: gold, on: order.paid, when: {tier: [gold]}, award: {multiply: "1.25"}}
  - {id: friend, on: referral.completed, award: {points: 25, to: friend}}
  - id: happy
    on: order.paid
    when: {hours: {from: "17:00", to: "19:00"}, weekday: [fri], order_total: {min: "20.00"}}
    award: {per_item: 3}
    cap: {points: 50, per: month}
  - {id: photo, on: review.published, when: {photo: true}, award: {points: 15}}
tiers:
  window: calendar_year
  levels:
    - {id: club, name: Club, from: "0"}
    - {id: gold, name: Gold, from: "200.00"}
membership:
  plans: [{id: prime, name: Prime, months: 12, price: "139.00 USD"}]
rewards:
  - {id: five, name: "$5 off", points: 100, value: "5.00 USD"}
"""

MISTAKES = {
    "a misspelt field": (
        ("every:", "evry:"),
        "shoes.yaml:9: rules.0.award.per_money.every: is missing; add it\n"
        "shoes.yaml:9: rules.0.award.per_money.evry: "
        "no such field here; write every, or remove it",
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
        "shoes.yaml:26: rewards.0.value: 500.50 is finer than the smallest unit of JPY; round it",
    ),
    "a reward without a currency": (
        ("5.00 USD", "5.00"),
        "shoes.yaml:26: rewards.0.value: should be an amount and its currency, such as 5.00 USD",
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
        "shoes.yaml:22: tiers.levels.1.from: "
        "levels rise: write more than 0, or put the levels in order",
    ),
    "a referral for nobody": (
        (", to: friend", ""),
        "shoes.yaml:11: rules.2.award: say to: friend or to: referrer, who gets the points",
    ),
    "two awards in one": (
        ('multiply: "1.25"', 'multiply: "1.25", points: 3'),
        "shoes.yaml:10: rules.1.award: "
        "give exactly one of per_money, per_item, percent, points, multiply",
    ),
    "an event that is none": (
        ("on: referral.completed", "on: referral.finished"),
        "shoes.yaml:11: rules.2.on: should be 'order.paid', 'member.joined', 'review.published', "
        "'referral.completed', 'activity.recorded' or 'birthday'",
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
        "shoes.yaml:21: yaml: U+0000 cannot be in a text file; remove it",
    ),
    "code": (
        ("name: Club", "name: !!python/name:os.system x"),
        "shoes.yaml:21: yaml: could not determine a constructor for the tag "
        "'tag:yaml.org,2002:python/name:os.system'",
    ),
    "a field nobody knows": (
        ("currency: USD", "currency: USD\ncolour: red"),
        "shoes.yaml:5: colour: no such field here; check its name, or remove it",
    ),
    "a multiplier where nothing can be multiplied": (
        ("on: order.paid, when: {tier: [gold]}", "on: member.joined, when: {tier: [gold]}"),
        "shoes.yaml:10: rules.1.award.multiply: "
        "multiply goes with order.paid or activity.recorded; use points here",
    ),
    "a friend where there is none": (
        ("on: referral.completed", "on: member.joined"),
        "shoes.yaml:11: rules.2.award.to: goes with referral.completed, and only there; remove it",
    ),
    "a photo of an order": (
        ("weekday: [fri]", "photo: true"),
        "shoes.yaml:14: rules.3.when.photo: goes with review.published, and only there; remove it",
    ),
    "lines of a review": (
        ("photo: true", "category: boots"),
        "shoes.yaml:17: rules.4.when.category: goes with order.paid, and only there; remove it",
    ),
    "no photo": (
        ("photo: true", "photo: false"),
        "shoes.yaml:17: rules.4.when.photo: should be true; leave it out where it does not matter",
    ),
    "an hour as a number": (
        ('from: "17:00"', "from: 17"),
        'shoes.yaml:14: rules.3.when.hours.from: should be an hour in quotes, such as "17:30"',
    ),
    "an hour that is none": (
        ('to: "19:00"', 'to: "25:00"'),
        'shoes.yaml:14: rules.3.when.hours.to: should be an hour in quotes, such as "17:30"',
    ),
    "no hours at all": (
        ('to: "19:00"', 'to: "17:00"'),
        "shoes.yaml:14: rules.3.when.hours: from and to should differ",
    ),
    "a day of the week in full": (
        ("[fri]", "friday"),
        "shoes.yaml:14: rules.3.when.weekday.0: "
        "should be 'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun'",
    ),
    "a total without its ends": (
        ('{min: "20.00"}', "20"),
        "shoes.yaml:14: rules.3.when.order_total: "
        "should be a mapping with fields of its own; `docs/programme.md` shows one",
    ),
    "a least above the most": (
        ('{min: "20.00"}', "{min: 20, max: 10}"),
        "shoes.yaml:14: rules.3.when.order_total: min should not be above max",
    ),
    "a least of less than a cent": (
        ('{min: "20.00"}', "{min: 20.001}"),
        "shoes.yaml:14: rules.3.when.order_total.min: "
        "20.001 is finer than the smallest unit of USD; round it",
    ),
    "every second": (
        ("weekday: [fri]", "recurrence: FREQ=SECONDLY"),
        "shoes.yaml:14: rules.3.when.recurrence.rule: "
        "FREQ should be DAILY, WEEKLY, MONTHLY or YEARLY; use when.hours for less",
    ),
    "a recurrence in words": (
        ("weekday: [fri]", "recurrence: every Friday"),
        "shoes.yaml:14: rules.3.when.recurrence.rule: "
        "should be a recurrence as in RFC 5545, such as FREQ=MONTHLY;BYDAY=1SA",
    ),
    "a recurrence that never comes": (
        ("weekday: [fri]", "recurrence: FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        "shoes.yaml:14: rules.3.when.recurrence: "
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30 never comes from 2000-01-01 on; mend it",
    ),
    "a day of the year 30000": (
        ("weekday: [fri]", "dates: {to: 30000-01-01}"),
        "shoes.yaml:14: rules.3.when.dates.to: "
        "should be a day from 1970 to 2999 that exists, such as 2026-12-31",
    ),
    "days the wrong way round": (
        ("weekday: [fri]", "dates: {from: 2026-05-02, to: 2026-05-01}"),
        "shoes.yaml:14: rules.3.when.dates: from should not be after to",
    ),
    "the second purchase in words": (
        ("weekday: [fri]", "purchase: second"),
        "shoes.yaml:14: rules.3.when.purchase: should be 'first', or a mapping of fields",
    ),
    "a plan that is none": (
        ("weekday: [fri]", "membership: plus"),
        "shoes.yaml:14: rules.3.when.membership: "
        "'plus' is no plan under membership; name one, or add it there",
    ),
    "a number for a word": (
        ("weekday: [fri]", "sku: 1234"),
        "shoes.yaml:14: rules.3.when.sku.0: should be a text; put it in quotes",
    ),
    "no words at all": (
        ("[fri]", "[]"),
        "shoes.yaml:14: rules.3.when.weekday: should have at least 1 item",
    ),
    "yen and dollars in one condition": (
        ("weekday: [fri]", "currency: [USD, JPY]"),
        "shoes.yaml:14: rules.3.when.currency: "
        "these currencies have different smallest units; write a rule for each",
    ),
    "a rate in one currency, for another": (
        ("    award: {per_money", "    when: {currency: EUR}\n    award: {per_money"),
        "shoes.yaml:10: rules.0.award.per_money.currency: "
        "counts USD, which is none of when.currency; name the same currency in both",
    ),
    "a cap of nothing": (
        ("cap: {points: 50, per: month}", "cap: {per: month}"),
        "shoes.yaml:16: rules.3.cap.0: give points, times or both",
    ),
    "a cap of a fortnight": (
        ("per: month}", "per: fortnight}"),
        "shoes.yaml:16: rules.3.cap.0.per: should be 'day', 'week', 'month', 'year' or 'lifetime'",
    ),
    "a rounding that is none": (
        ("cap: {points: 50, per: month}", "round: sideways"),
        "shoes.yaml:16: rules.3.round: should be 'carry', 'down', 'nearest' or 'up'",
    ),
    "a factor below one": (
        ('multiply: "1.25"', 'multiply: "0.5"'),
        "shoes.yaml:10: rules.1.award.multiply: should be greater than 1",
    ),
    "a factor finer than a thousandth": (
        ('multiply: "1.25"', 'multiply: "1.2345"'),
        "shoes.yaml:10: rules.1.award.multiply: should have no more than 3 decimal places",
    ),
    "a group of both kinds": (
        ("    award: {per_item: 3}", "    group: multiplier\n    award: {per_item: 3}"),
        "shoes.yaml:15: rules.3.group: 'multiplier' holds 'gold' too, and only one of the two "
        "multiplies; give multipliers a group of their own",
    ),
    "two pendings": (
        ("pending_days: 14,", "pending_days: 14, pending: {days: 3},"),
        "shoes.yaml:5: points: give one of pending_days and pending",
    ),
    "pending until there is an order": (
        ("{id: photo, ", "{id: photo, pending: {until: order.fulfilled}, "),
        "shoes.yaml:17: rules.4.pending.until: "
        "order.fulfilled goes with order.paid, and only there; give days",
    ),
    "an expiry in words": (
        ("{months: 12, round_up: month}", "forever"),
        "shoes.yaml:5: points.expiry: should be 'never', or a mapping of fields",
    ),
    "two expiries": (
        ("{months: 12, round_up: month}", "{months: 12, days: 3}"),
        "shoes.yaml:5: points.expiry: "
        "give exactly one of months, days, every_year_on, date, inactive_months",
    ),
    "the 30th of February": (
        ("{months: 12, round_up: month}", '{every_year_on: "02-30"}'),
        "shoes.yaml:5: points.expiry.every_year_on: "
        'should be a day of the year in quotes, such as "12-31"',
    ),
    "a notice on the day itself": (
        ("[30]", "[0]"),
        "shoes.yaml:5: points.notices.0: should be greater than or equal to 1",
    ),
    "earning on air": (
        ("[tax]", "[air]"),
        "shoes.yaml:5: points.earn_on.0: "
        "should be 'tax', 'shipping', 'gift_cards' or 'paid_with_points'",
    ),
    "tiers by the balance": (
        ("  window: calendar_year", "  measure: balance\n  window: calendar_year"),
        "shoes.yaml:19: tiers.measure: tiers by the spendable balance would cost members their "
        "tier whenever they spend; use spend (money) or points (all that was earned)",
    ),
    "tiers by what is available": (
        ("  window: calendar_year", "  measure: available\n  window: calendar_year"),
        "shoes.yaml:19: tiers.measure: tiers by the spendable balance would cost members their "
        "tier whenever they spend; use spend (money) or points (all that was earned)",
    ),
    "half an order": (
        ('"200.00"}', '"2.5"}\n  measure: orders'),
        "shoes.yaml:22: tiers.levels.1.from: 2.5 is no whole number; round it",
    ),
    "a first tier that has to be reached": (
        ('from: "0"', 'from: "10"'),
        "shoes.yaml:21: tiers.levels.0.from: the first level starts from 0; every member has it",
    ),
    "a window without a year, kept by years": (
        ("window: calendar_year", "window: {rolling_months: 6}\n  keep: end_of_period"),
        "shoes.yaml:20: tiers.keep: goes by periods; this window has none: "
        "write {months: 12}, or while_reached",
    ),
    "one step where there are no steps in time": (
        ("window: calendar_year", "window: lifetime\n  downgrade: one_step"),
        "shoes.yaml:20: tiers.downgrade: one_step goes with calendar_year or membership_year",
    ),
    "a plan without a price": (
        (', price: "139.00 USD"', ""),
        "shoes.yaml:24: membership.plans.0.price: is missing; add it",
    ),
    "a number beyond all bounds": (
        ("points: 25", "points: " + "9" * 5000),
        "shoes.yaml:11: yaml: a number has at most 100 digits; shorten it",
    ),
    "an amount beyond all precision": (
        ('every: "1.00"', 'every: "1e-999999999"'),
        "shoes.yaml:9: rules.0.award.per_money.every: should have no more than 4 decimal places",
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
        (9, "rules.0.award.per_money.every"), (26, "rewards.0.value"),
    ]  # fmt: skip
