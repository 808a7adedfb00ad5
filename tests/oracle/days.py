"""Local days: when points die, which day a purchase counts on."""

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The date on the wall there."""
    return moment.astimezone(zone).date()


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """00:00 there, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """00:00 of the next day there, in UTC."""
    return start_of(day + timedelta(days=1), zone)


def midnights(after: datetime, to: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Every local midnight after one moment up to another."""
    day = local_day(after, zone)
    while (midnight := end_of(day, zone)) <= to:
        yield midnight
        day += timedelta(days=1)


def add_months(day: date, months: int) -> date:
    """The same day of the month later, or that month's last day when it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def rounded_up(day: date, to: str) -> date:
    """The first day of the day, month, quarter or year after `day`."""
    if to == "day":
        return day + timedelta(days=1)
    if to == "month":
        return add_months(day.replace(day=1), 1)
    if to == "quarter":
        return add_months(day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1), 3)
    if to == "year":
        return date(day.year + 1, 1, 1)
    raise ValueError(f"round_up: {to}")


def expiry(activates_at: datetime, months: int, round_up: str, zone: ZoneInfo) -> datetime:
    """When points that become spendable then are dead (at that moment, not after it)."""
    last = add_months(local_day(activates_at, zone), months)
    return start_of(rounded_up(last, round_up), zone)


def yearly(month_day: str, year: int) -> date:
    """A day like 12-31 in that year; 29 February is the 28th where there is none."""
    month, day = map(int, month_day.split("-"))
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def next_yearly(month_day: str, day: date) -> date:
    """The first such day on or after `day`."""
    found = yearly(month_day, day.year)
    return found if found >= day else yearly(month_day, day.year + 1)


def same_time(moment: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The same hour on the wall, that many months later."""
    there = moment.astimezone(zone)
    day = add_months(there.date(), months)
    return datetime.combine(day, there.time(), zone).astimezone(UTC)


def as_day(told: object) -> date:
    """A day as YAML gives it: read already, or as a text."""
    if isinstance(told, datetime):
        return told.date()
    return told if isinstance(told, date) else date.fromisoformat(str(told))
