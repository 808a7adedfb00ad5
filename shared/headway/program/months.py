"""Calendar months in the programme's zone, cut so that a month that is over stays as it is."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from headway.errors import UserError
from headway.program.calendar import add_months, midnight
from headway.program.program import Program

_WRITTEN = re.compile(r"(19[7-9]\d|[2-9]\d{3})-(0[1-9]|1[0-2])", re.ASCII)
_EARLIEST_MIDNIGHT = timedelta(hours=14)
"""How far before UTC a day begins where it begins first."""


class Published(NamedTuple):
    """A version of the programme, and when it was published."""

    program: Program
    recorded_at: datetime


class Month(NamedTuple):
    """From `start` up to, not including, `end`; `program` is the version that it begins under."""

    first: date
    start: datetime
    end: datetime
    program: Program

    @property
    def zone(self) -> ZoneInfo:
        """Where its first day begins."""
        return self.program.zone

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


def month(first: date, versions: Sequence[Published]) -> Month:
    """The month of that first day. Each month begins where the one before ends."""
    program, following = _in_force(first, versions), add_months(first, 1)
    end = midnight(following, _in_force(following, versions).zone)
    return Month(first, midnight(first, program.zone), end, program)


def _in_force(day: date, versions: Sequence[Published]) -> Program:
    """The version in force when a day begins, as was known then; before the first, the first.

    One published later with an earlier start must not change a month that is over.
    """
    moment = datetime.combine(day, time(), UTC) - _EARLIEST_MIDNIGHT
    known = [
        version.program
        for version in versions
        if version.recorded_at <= moment and version.program.from_at <= moment
    ]
    return known[-1] if known else versions[0].program


def last_over(now: datetime, versions: Sequence[Published]) -> Month:
    """The latest month that has ended by `now`."""
    # Somewhere the next month may have begun already.
    latest = month(add_months(now.date().replace(day=1), 1), versions)
    while latest.end > now:
        latest = month(add_months(latest.first, -1), versions)
    return latest


def first_day(written: str) -> date:
    """The first day of a month written as 2024-03; UserError if it is no month."""
    found = _WRITTEN.fullmatch(written)
    if found is None or written > "9998-12":
        raise UserError(f"{written!r} is no month", "write it with year and month, as in 2024-03")
    return date(int(found[1]), int(found[2]), 1)
