"""The days of a recurrence rule."""

import re
from datetime import date, datetime, time
from functools import cache

from dateutil.rrule import rrulestr

_START = re.compile(r"DTSTART[^:=]*[:=](\d{8})(T\d{6}Z?)?[;\s]*")


class Occurrences:
    """The days of one rule, found as far as anybody asked."""

    def __init__(self, text: str, otherwise: date) -> None:
        start = _START.search(text)
        day = datetime.strptime(start[1], "%Y%m%d").date() if start else otherwise  # noqa: DTZ007
        rest = _START.sub("", text).strip().removeprefix("RRULE:").rstrip(";")
        self._coming = iter(rrulestr(rest, dtstart=datetime.combine(day, time())))
        self._found: set[date] = set()
        self._last = date.min

    def __contains__(self, day: date) -> bool:
        while self._last < day:
            following = next(self._coming, None)
            self._last = following.date() if following else date.max
            self._found.add(self._last)
        return day in self._found


@cache
def occurrences(text: str, otherwise: date) -> Occurrences:
    """The days of this rule; it begins on the day `otherwise` where it does not say when."""
    return Occurrences(text, otherwise)
