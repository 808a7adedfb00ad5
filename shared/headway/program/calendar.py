"""Local days and months in the programme's zone. All moments are aware UTC datetimes."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

Round = Literal["day", "month", "quarter", "year"]
Per = Literal["day", "week", "month", "year", "lifetime"]


@lru_cache(maxsize=4096)  # a decision asks some five times for the day of one moment
def local_date(moment: datetime, zone: ZoneInfo) -> date:
    """The day on the wall at `moment`."""
    return moment.astimezone(zone).date()


@lru_cache(maxsize=65536)
def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC (after a gap: the first instant that exists)."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant after a local day."""
    return midnight(day + timedelta(days=1), zone)


def add_months(day: date, months: int) -> date:
    """The same day of the month later on; the month's last day where there is no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _day_after(day: date, rounding: Round) -> date:
    if rounding == "day":
        return day + timedelta(days=1)
    if rounding == "month":
        return add_months(day.replace(day=1), 1)
    if rounding == "quarter":
        return add_months(date(day.year, (day.month - 1) // 3 * 3 + 1, 1), 3)
    return date(day.year + 1, 1, 1)


@lru_cache(maxsize=65536)
def end_of_validity(day: date, months: int, rounding: Round, zone: ZoneInfo) -> datetime:
    """When points that became valid on `day` are dead: months later, rounded up.

    Square's published example (P12M): earned 2020-07-06, gone on 2021-08-01.
    """
    return midnight(_day_after(add_months(day, months), rounding), zone)


@lru_cache(maxsize=65536)
def end_of_days(day: date, days: int, rounding: Round, zone: ZoneInfo) -> datetime:
    """When points that became valid on `day` are dead: days later, rounded up."""
    return midnight(_day_after(day + timedelta(days=days), rounding), zone)


def period_start(per: Per, day: date, zone: ZoneInfo) -> datetime:
    """The first instant of the local period that a day lies in; weeks begin on Monday."""
    if per == "lifetime":
        return datetime.min.replace(tzinfo=UTC)
    first = {
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "year": day.replace(month=1, day=1),
    }[per]
    return midnight(first, zone)


def add_months_to(moment: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The same local time of day, months later."""
    local = moment.astimezone(zone)
    day = add_months(local.date(), months)
    return datetime.combine(day, local.timetz()).astimezone(UTC)
