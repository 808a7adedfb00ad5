"""Recurrences: what is taken, on which days, and that none can keep a decision busy."""

from datetime import date, timedelta
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.program.recurring import ever, readable, recurring
from headway.program.recurring_in_words import recurrence_in_words

START = date(2000, 1, 1)


def days(rule: str, year: int, start: date = START) -> list[str]:
    """The days of a year on which it recurs, as MM-DD."""
    recurs = recurring(readable(rule), start)
    first = date(year, 1, 1)
    year_days = [first + timedelta(days=n) for n in range(366)]
    return [f"{day:%m-%d}" for day in year_days if day.year == year and recurs(day)]


def test_days_of_common_rules() -> None:
    assert days("FREQ=MONTHLY;BYDAY=1SA", 2026)[:3] == ["01-03", "02-07", "03-07"]
    assert days("RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", 2026) == ["11-26"]
    assert days("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", 2026) == []
    assert days("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", 2028) == ["02-29"]
    assert days("FREQ=MONTHLY;BYMONTHDAY=-1;BYMONTH=2,4", 2028) == ["02-29", "04-30"]
    assert days("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", 2026) == ["02-13", "03-13", "11-13"]
    assert days("FREQ=DAILY;COUNT=3", 2026, date(2026, 2, 27)) == ["02-27", "02-28", "03-01"]
    assert days("FREQ=WEEKLY;UNTIL=20260120", 2026, date(2026, 1, 6)) == ["01-06", "01-13", "01-20"]
    assert days("FREQ=YEARLY;BYMONTHDAY=25;BYMONTH=12", 1999) == [], "before it begins"
    assert len(days("FREQ=DAILY", 2028)) == 366


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(0, 4000))
def test_every_so_many_days_is_counted_from_the_start(interval: int, later: int) -> None:
    recurs = recurring(f"FREQ=DAILY;INTERVAL={interval}", START)
    assert recurs(START + timedelta(days=later)) == (later % interval == 0)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("every Saturday", "should be a recurrence as in RFC 5545"),
        ("FREQ=HOURLY", "use when.hours for less"),
        ("FREQ=MINUTELY;INTERVAL=5", "use when.hours for less"),
        ("FREQ=SECONDLY", "use when.hours for less"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0 is not understood"),
        ("FREQ=DAILY;INTERVAL=1000", "INTERVAL=1000 is not understood"),
        ("FREQ=DAILY;COUNT=10000000", "COUNT=10000000 is not understood"),
        ("FREQ=DAILY;BYHOUR=1", "BYHOUR is not known here"),
        ("FREQ=DAILY;BYSECOND=1", "BYSECOND is not known here"),
        ("FREQ=DAILY;UNTIL=20261301", "should be a recurrence as in RFC 5545"),
        ("FREQ=DAILY;UNTIL=20261231T000000Z", "UNTIL=20261231T000000Z is not understood"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20261201", "give one of COUNT and UNTIL"),
        ("FREQ=DAILY;FREQ=DAILY", "should be a recurrence as in RFC 5545"),
        ("BYDAY=MO", "should be a recurrence as in RFC 5545"),
        ("FREQ=WEEKLY;BYDAY=1MO", "takes a number, as in 1SA, with FREQ=MONTHLY or YEARLY only"),
        ("FREQ=MONTHLY;BYDAY=6MO", "a number that no month or year reaches"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY does not go with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32 is not understood"),
        ("FREQ=MONTHLY;BYDAY=MO\nEXDATE:20260101", "is not understood"),
        ("DTSTART:20260101\nRRULE:FREQ=DAILY", "is not known here"),
    ],
)
def test_what_is_no_rule_of_days_is_refused(rule: str, told: str) -> None:
    with pytest.raises(ValueError, match=told.replace("(", r"\(")):
        readable(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYSETPOS=2",
    ],
)
def test_a_rule_that_never_comes_is_found_out_soon(rule: str) -> None:
    began = process_time()
    assert not ever(readable(rule), START)
    assert process_time() - began < 10


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=MONTHLY;BYDAY=1SA", "on the first Saturday of every month"),
        ("FREQ=WEEKLY;BYDAY=SA,SU", "on Saturdays and Sundays"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "on Mondays of every 2 weeks"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15,-1", "on the 1st, 15th and last day of every month"),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "on the fourth Thursday of November"),
        ("FREQ=DAILY;INTERVAL=3;COUNT=4", "on every 3 days, 4 times"),
        ("FREQ=WEEKLY;BYDAY=SU;UNTIL=20261231", "on Sundays until 2026-12-31"),
        ("FREQ=YEARLY;BYDAY=20MO", "on the days of FREQ=YEARLY;BYDAY=20MO"),
    ],
)  # fmt: skip
def test_recurrences_in_words(rule: str, words: str) -> None:
    assert recurrence_in_words(readable(rule)) == words
