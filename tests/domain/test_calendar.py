"""Local days, months and quarters: gaps and folds of the clock, leap days, ends of months."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.program.calendar import (
    Round,
    add_months,
    end_of_day,
    end_of_validity,
    local_date,
    midnight,
)

ZONES = [
    "America/New_York", "Europe/London", "Asia/Kolkata", "Pacific/Auckland", "America/Sao_Paulo",
    "Africa/Cairo", "Asia/Beirut", "America/Havana", "Pacific/Apia", "Australia/Lord_Howe", "UTC",
]  # fmt: skip
zones = st.sampled_from([ZoneInfo(name) for name in ZONES])
dates = st.dates(date(1990, 1, 1), date(2037, 12, 31))
MICROSECOND = timedelta(microseconds=1)


BEGINNINGS = {
    "a gap later that day": ("America/New_York", "2024-03-10", "2024-03-10T05:00Z"),
    "the day after a fold": ("America/New_York", "2024-11-04", "2024-11-04T05:00Z"),
    "no midnight, it begins at 01:00": ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00Z"),
    "the hour before comes twice": ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00Z"),
    "midnight comes twice": ("America/Havana", "2024-11-03", "2024-11-03T04:00Z"),
    "Cairo begins at 01:00": ("Africa/Cairo", "2024-04-26", "2024-04-25T22:00Z"),
    "after a day that never was": ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00Z"),
    "half an hour, a leap day": ("Asia/Kolkata", "2024-02-29", "2024-02-28T18:30Z"),
}


@pytest.mark.parametrize(("zone", "day", "first"), BEGINNINGS.values(), ids=BEGINNINGS.keys())
def test_a_local_day_begins(zone: str, day: str, first: str) -> None:
    began = midnight(date.fromisoformat(day), ZoneInfo(zone))
    assert began == datetime.fromisoformat(first)
    assert local_date(began, ZoneInfo(zone)) == date.fromisoformat(day)
    assert local_date(began - MICROSECOND, ZoneInfo(zone)) < date.fromisoformat(day)


@given(day=dates, zone=zones)
def test_a_day_begins_at_its_first_instant(day: date, zone: ZoneInfo) -> None:
    began = midnight(day, zone)
    assert began.tzinfo is UTC
    assert local_date(began - MICROSECOND, zone) < day
    if local_date(began, zone) != day:  # a day that was skipped
        assert (zone.key, day) == ("Pacific/Apia", date(2011, 12, 30))
    assert end_of_day(day, zone) == midnight(day + timedelta(days=1), zone)
    assert end_of_day(day, zone) - began <= timedelta(hours=25)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2024-08-31", 1, "2024-09-30"),
        ("2024-12-15", 1, "2025-01-15"),
        ("2024-11-30", 3, "2025-02-28"),
        ("2024-01-31", 0, "2024-01-31"),
    ],
)
def test_months_end_where_they_end(day: str, months: int, later: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(later)


@given(day=dates, months=st.integers(0, 1200))
def test_months_are_counted_on_the_calendar(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1
    assert later.day <= day.day


@pytest.mark.parametrize(
    ("day", "months", "rounding", "dead"),
    [
        ("2020-07-06", 12, "month", "2021-08-01"),
        ("2020-07-06", 12, "day", "2021-07-07"),
        ("2020-07-06", 12, "quarter", "2021-10-01"),
        ("2020-07-06", 12, "year", "2022-01-01"),
        ("2020-12-15", 6, "month", "2021-07-01"),
        ("2024-01-31", 1, "day", "2024-03-01"),
        ("2024-02-29", 12, "day", "2025-03-01"),
        ("2024-09-30", 3, "quarter", "2025-01-01"),
        ("2024-10-01", 3, "quarter", "2025-04-01"),
        ("2024-12-31", 12, "year", "2026-01-01"),
        ("2024-03-31", 1, "month", "2024-05-01"),
    ],
)
def test_validity_is_rounded_up(day: str, months: int, rounding: Round, dead: str) -> None:
    zone = ZoneInfo("UTC")
    ended = end_of_validity(date.fromisoformat(day), months, rounding, zone)
    assert ended == datetime.fromisoformat(f"{dead}T00:00Z")


@given(day=dates, months=st.integers(1, 60), zone=zones)
def test_rounding_only_ever_lengthens(day: date, months: int, zone: ZoneInfo) -> None:
    rounds: list[Round] = ["day", "month", "quarter", "year"]
    ends = [end_of_validity(day, months, rounding, zone) for rounding in rounds]
    assert ends == sorted(ends)
    assert local_date(ends[0] - MICROSECOND, zone) >= add_months(day, months)
    assert local_date(ends[0] - MICROSECOND - timedelta(hours=25), zone) < add_months(day, months)
    assert [local_date(end, zone).day for end in ends[1:]] == [1, 1, 1]
    assert local_date(ends[2], zone).month in (1, 4, 7, 10)
    assert local_date(ends[3], zone).month == 1
