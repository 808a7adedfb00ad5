"""When points are dead, by each of the ways a programme may say it."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from headway.program.calendar import end_of_day, end_of_days, end_of_validity, local_date
from headway.program.rules import Expiry


def end_of(expiry: Expiry, activates_at: datetime, zone: ZoneInfo) -> datetime | None:
    """The first instant at which points active from `activates_at` are dead; None: never, or
    not before the member has been inactive."""
    if expiry.months:
        day = local_date(activates_at, zone)
        return end_of_validity(day, expiry.months, expiry.round_up, zone)
    if expiry.days:
        return end_of_days(local_date(activates_at, zone), expiry.days, expiry.round_up, zone)
    if expiry.on is not None:
        return end_of_day(expiry.on, zone)
    if expiry.yearly is not None:
        return end_of_day(_next_such_day(local_date(activates_at, zone), *expiry.yearly), zone)
    return None


def inactive_at(expiry: Expiry, active_at: datetime, zone: ZoneInfo) -> datetime | None:
    """When a member last active at `active_at` has been inactive for too long; None: never."""
    if not expiry.inactive_months:
        return None
    day = local_date(active_at, zone)
    return end_of_validity(day, expiry.inactive_months, expiry.round_up, zone)


def _next_such_day(day: date, month: int, number: int) -> date:
    for year in range(day.year, day.year + 9):  # a 29 February may be eight years away
        try:
            found = date(year, month, number)
        except ValueError:
            continue
        if found >= day:
            return found
    raise AssertionError("every day of the year comes within eight years")
