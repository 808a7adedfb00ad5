"""When a rule applies: every condition, at its edges."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from headway.program.birthdays import birthday_in, birthday_of
from headway.program.conditions import Facts
from tests.program.making import event, line, order, points, program_of, rule

NEW_YORK = ZoneInfo("America/New_York")


def applies(when: str, facts: Facts | None = None) -> bool:
    """Whether a rule with that condition gives its points for an order of $25.50."""
    program = program_of(rule("r", "points: 1", when))
    return bool(points(program, facts or order(line(2550))))


def local(text: str) -> Facts:
    """An order at a local moment; `fold` by a trailing *."""
    moment = datetime.fromisoformat(text.rstrip("*")).replace(
        tzinfo=NEW_YORK, fold=text.endswith("*")
    )
    return order(line(2550), time=moment.astimezone(UTC))


@pytest.mark.parametrize("field", ["channel", "store", "partner", "currency"])
def test_words_of_the_event(field: str) -> None:
    fits = order(line(1), **{field: "USD"})
    assert applies(f"{field}: USD", fits)
    assert applies(f"{field}: [EUR, USD]", fits)
    assert not applies(f"{field}: [EUR, GBP]", fits)
    assert not applies(f"{field}: USD", order(line(1), **{field: ""}))


def test_tier_and_membership() -> None:
    gold = order(line(1), tier="gold", membership="prime")
    assert applies("tier: gold", gold)
    assert applies("membership: prime", gold)
    assert not applies("tier: [gold]", order(line(1), tier="club"))
    assert not applies("tier: gold", order(line(1)))
    assert not applies("membership: prime", order(line(1)))


@pytest.mark.parametrize("field", ["sku", "category", "brand"])
def test_words_of_a_line(field: str) -> None:
    assert applies(f"{field}: [x, y]", order(line(1, **{field: "y"})))  # type: ignore[arg-type]
    assert not applies(f"{field}: x", order(line(1, **{field: "y"})))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("total", "cents", "fits"),
    [
        ("{min: 25.50}", 2550, True),
        ("{min: 25.51}", 2550, False),
        ("{max: '25.50'}", 2550, True),
        ("{max: 25.49}", 2550, False),
        ("{min: 10, max: 30}", 999, False),
        ("{min: 10, max: 30}", 3000, True),
    ],
)
def test_totals_of_order_and_line_hold_at_both_ends(total: str, cents: int, fits: bool) -> None:
    assert applies(f"order_total: {total}", order(line(cents))) is fits
    assert applies(f"line_total: {total}", order(line(cents))) is fits


def test_an_order_total_is_of_all_lines_and_a_line_total_of_each() -> None:
    facts = order(line(1000), line(2000))
    assert applies("order_total: {min: 30}", facts)
    assert not applies("line_total: {min: 30}", facts)


@pytest.mark.parametrize(
    ("purchase", "numbers"),
    [
        ("first", [1]),
        ("{number: 3}", [3]),
        ("{every: 5}", [5, 10]),
        ("{every: 1}", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ],
)
def test_the_number_of_the_purchase(purchase: str, numbers: list[int]) -> None:
    assert [
        number
        for number in range(11)
        if applies(f"purchase: {purchase}", order(line(1), purchase=number))
    ] == numbers


@pytest.mark.parametrize(
    ("joined", "fits"),
    [
        ("2026-04-04T23:59", True),  # 30 local days before 4 May, though less than 30 x 24 hours
        ("2026-04-05T00:00", False),
        ("2026-03-05T00:00", True),
        ("2026-03-04T23:59", False),
    ],
)
def test_member_days_are_local_days(joined: str, fits: bool) -> None:
    at = datetime.fromisoformat(joined).replace(tzinfo=NEW_YORK).astimezone(UTC)
    facts = local("2026-05-04T00:10")._replace(joined_at=at)
    assert applies("member_days: {min: 30, max: 60}", facts) is fits
    assert not applies("member_days: {min: 0}", facts._replace(joined_at=None))


@pytest.mark.parametrize(
    ("span", "birthday", "day", "fits"),
    [
        ("day", "05-04", "2026-05-04T00:00", True),
        ("day", "05-04", "2026-05-04T23:59", True),
        ("day", "05-04", "2026-05-05T00:00", False),
        ("day", "02-29", "2026-02-28T12:00", True),
        ("day", "02-29", "2024-02-28T12:00", False),
        ("day", "02-29", "2024-02-29T12:00", True),
        ("week", "05-04", "2026-05-10T12:00", True),  # Monday to Sunday
        ("week", "05-04", "2026-05-03T12:00", False),
        ("week", "01-02", "2025-12-29T12:00", True),  # ISO week 1 of 2026
        ("week", "12-31", "2026-01-01T12:00", True),  # the birthday of 2025
        ("week", "01-02", "2026-01-05T12:00", False),
        ("month", "02-29", "2026-02-01T12:00", True),
        ("month", "02-29", "2026-03-01T12:00", False),
        ("day", "", "2026-05-04T00:00", False),
        ("month", "13-45", "2026-05-04T00:00", False),
        ("week", "02-30", "2026-02-28T00:00", False),
        ("day", "4 May", "2026-05-04T00:00", False),
        ("day", "\uff10\uff12-22", "2026-02-22T00:00", False),
    ],
)
def test_birthdays(span: str, birthday: str, day: str, fits: bool) -> None:
    assert applies(f"birthday: {span}", local(day)._replace(birthday=birthday)) is fits


def test_birthdays_of_a_leap_day() -> None:
    assert birthday_of("02-29") == (2, 29)
    assert birthday_of("2-29") is None
    assert [birthday_in("02-29", year).day for year in (2023, 2024, 2100)] == [28, 29, 28]


def test_weekdays_are_local() -> None:
    assert applies("weekday: sun", local("2026-05-03T23:59"))  # Monday in UTC
    assert not applies("weekday: [mon, tue]", local("2026-05-03T23:59"))
    assert applies("weekday: [mon, tue]", local("2026-05-04T00:00"))


@pytest.mark.parametrize(
    ("hours", "at", "fits"),
    [
        ("{from: '17:00', to: '19:00'}", "2026-05-04T17:00", True),
        ("{from: '17:00', to: '19:00'}", "2026-05-04T18:59:59.999999", True),
        ("{from: '17:00', to: '19:00'}", "2026-05-04T19:00", False),
        ("{from: '17:00', to: '19:00'}", "2026-05-04T16:59:59.999999", False),
        ("{from: '22:00', to: '02:00'}", "2026-05-04T22:00", True),
        ("{from: '22:00', to: '02:00'}", "2026-05-04T01:59", True),
        ("{from: '22:00', to: '02:00'}", "2026-05-04T02:00", False),
        ("{from: '22:00', to: '00:00'}", "2026-05-04T23:59", True),
        ("{from: '22:00', to: '00:00'}", "2026-05-05T00:00", False),
        # Clocks go back on 1 November: 01:30 comes twice, and counts twice.
        ("{from: '01:00', to: '02:00'}", "2026-11-01T01:30", True),
        ("{from: '01:00', to: '02:00'}", "2026-11-01T01:30*", True),
        # They go forward on 8 March: 02:30 does not come, its moment is 03:30.
        ("{from: '02:00', to: '03:00'}", "2026-03-08T02:30", False),
        ("{from: '03:00', to: '04:00'}", "2026-03-08T02:30", True),
    ],
)
def test_hours(hours: str, at: str, fits: bool) -> None:
    assert applies(f"hours: {hours}", local(at)) is fits


@pytest.mark.parametrize(
    ("dates", "at", "fits"),
    [
        ("{from: 2026-05-04, to: 2026-05-05}", "2026-05-04T00:00", True),
        ("{from: 2026-05-04, to: 2026-05-05}", "2026-05-05T23:59", True),
        ("{from: 2026-05-04, to: 2026-05-05}", "2026-05-03T23:59", False),
        ("{from: 2026-05-04, to: 2026-05-05}", "2026-05-06T00:00", False),
        ("{from: 2026-05-04}", "2099-01-01T00:00", True),
        ("{to: 2026-05-04}", "2026-05-04T23:59", True),
        ("{to: 2026-05-04}", "2026-05-05T00:00", False),
    ],
)
def test_dates_hold_on_both_days(dates: str, at: str, fits: bool) -> None:
    assert applies(f"dates: {dates}", local(at)) is fits


def test_a_recurrence_is_of_local_days() -> None:
    assert applies("recurrence: FREQ=MONTHLY;BYDAY=1SA", local("2026-05-02T23:59"))
    assert not applies("recurrence: FREQ=MONTHLY;BYDAY=1SA", local("2026-05-03T00:00"))
    biweekly = "recurrence: {rule: FREQ=WEEKLY;INTERVAL=2;BYDAY=MO, from: 2026-04-27}"
    assert not applies(biweekly, local("2026-05-04T12:00"))
    assert applies(biweekly, local("2026-05-11T12:00"))
    assert not applies(biweekly, local("2026-04-13T12:00")), "before it begins"


def test_reviews_and_activities() -> None:
    program = program_of(
        rule("p", "points: 1", "photo: true", on="review.published"),
        rule("v", "points: 2", "verified: true", on="review.published"),
        rule("a", "points: 3", "activity: [run, swim]", on="activity.recorded"),
    )
    assert points(program, event("review.published")) == {}
    assert points(program, event("review.published", photo=True)) == {"p": 1}
    assert points(program, event("review.published", verified=True)) == {"v": 2}
    assert points(program, event("activity.recorded", activity="swim")) == {"a": 3}
    assert points(program, event("activity.recorded", activity="ski")) == {}


def test_a_referral_rewards_what_it_says() -> None:
    program = program_of(
        *(
            rule(kind[:1], "points: 1, to: friend", f"referral: {kind}", on="referral.completed")
            for kind in ("signup", "every_purchase")
        ),
        rule("d", "points: 1, to: referrer", on="referral.completed"),
    )
    for kind, rules in (("signup", {"s"}), ("first_purchase", {"d"}), ("every_purchase", {"e"})):
        assert points(program, event("referral.completed", referral=kind)).keys() == rules


def test_all_conditions_have_to_hold() -> None:
    when = "purchase: first, order_total: {min: 20}, sku: a"
    assert applies(when)
    assert not applies(when, order(line(2550), purchase=2))
    assert not applies(when, order(line(1999)))
    assert not applies(when, order(line(2550, sku="b")))
