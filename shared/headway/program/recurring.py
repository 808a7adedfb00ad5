"""Local days on which an RFC 5545 rule recurs (`FREQ=MONTHLY;BYDAY=1SA`), by dateutil's engine.

Only what goes by days is taken, and only what ends: a rule is a file's author's, and must not be
able to keep a decision busy.
"""

import re
from collections.abc import Callable
from datetime import MAXYEAR, date, datetime
from functools import lru_cache

from dateutil.rrule import rrule, rrulestr

_PARTS = {
    "FREQ": "DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": "[1-9][0-9]{0,2}",
    "COUNT": "[1-9][0-9]{0,3}",
    "UNTIL": "[0-9]{8}",
    "WKST": "MO|TU|WE|TH|FR|SA|SU",
    "BYDAY": "([-+]?[1-9][0-9]?)?(MO|TU|WE|TH|FR|SA|SU)",
    "BYMONTH": "[1-9]|1[0-2]",
    "BYMONTHDAY": "-?([1-9]|[12][0-9]|3[01])",
    "BYYEARDAY": "-?([1-9]|[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6])",
    "BYWEEKNO": "-?([1-9]|[1-4][0-9]|5[0-3])",
    "BYSETPOS": "-?([1-9]|[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6])",
}
_LISTS = frozenset(("BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"))
_NOT_WITH = {  # RFC 5545, 3.3.10
    "DAILY": frozenset(("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS")),
    "WEEKLY": frozenset(("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO")),
    "MONTHLY": frozenset(("BYYEARDAY", "BYWEEKNO")),
    "YEARLY": frozenset[str](),
}
_LAST_START = 9700
_FORM = "should be a recurrence as in RFC 5545, such as FREQ=MONTHLY;BYDAY=1SA"


def readable(text: str) -> str:
    """The rule as it is; ValueError with what to write when it is none that goes by days."""
    given: dict[str, str] = {}
    for part in text.removeprefix("RRULE:").split(";"):
        name, equals, value = part.partition("=")
        if not equals or name in given:
            raise ValueError(_FORM)
        given[name] = value
    if given.get("FREQ") in ("HOURLY", "MINUTELY", "SECONDLY"):
        raise ValueError("FREQ should be DAILY, WEEKLY, MONTHLY or YEARLY; use when.hours for less")
    for name, value in given.items():
        _readable_part(name, value)
    if "FREQ" not in given:
        raise ValueError(_FORM)
    for name in sorted(_NOT_WITH[given["FREQ"]] & given.keys()):
        raise ValueError(f"{name} does not go with FREQ={given['FREQ']}; use MONTHLY or YEARLY")
    _ordinals_fit(given)
    if "COUNT" in given and "UNTIL" in given:
        raise ValueError("give one of COUNT and UNTIL")
    try:
        _rule(text, date(2000, 1, 1))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(_FORM) from None
    return text


def _readable_part(name: str, value: str) -> None:
    pattern = _PARTS.get(name)
    if pattern is None:
        raise ValueError(f"{name} is not known here; use {', '.join(_PARTS)}")
    values = value.split(",") if name in _LISTS else [value]
    if not all(re.fullmatch(pattern, one) for one in values):
        raise ValueError(f"{name}={value} is not understood; {_FORM}")


def _ordinals_fit(given: dict[str, str]) -> None:
    """The second Monday of a month or a year; a week has but one."""
    ordinals = [int(one[:-2]) for one in given.get("BYDAY", "").split(",") if one[:-2]]
    by_month = given["FREQ"] == "MONTHLY" or "BYMONTH" in given
    if ordinals and given["FREQ"] in ("DAILY", "WEEKLY"):
        raise ValueError("BYDAY takes a number, as in 1SA, with FREQ=MONTHLY or YEARLY only")
    if any(abs(number) > (5 if by_month else 53) for number in ordinals):
        raise ValueError("BYDAY has a number that no month or year reaches; use 1 to 5, or -1")


@lru_cache(maxsize=1024)
def ever(text: str, start: date) -> bool:
    """Whether there is any such day from `start` on. Up to a second for one that never comes."""
    return next(iter(_rule(text, start)[0]), None) is not None


def recurring(text: str, start: date) -> Callable[[date], bool]:
    """Whether a day is one of those on which the rule recurs, counted from `start`."""
    rule, ahead = _rule(text, start)

    @lru_cache(maxsize=64)
    def days_of(year: int) -> frozenset[date]:
        if year + ahead > MAXYEAR:
            return frozenset()
        found = rule.between(_moment(year + ahead, 1, 1), _moment(year + ahead, 12, 31), inc=True)
        return frozenset(date(year, one.month, one.day) for one in found)

    return lambda day: day >= start and day in days_of(day.year)


def _rule(text: str, start: date) -> tuple[rrule, int]:
    """The rule, moved by so many years.

    The engine looks for the next day until the year 9999, however long that takes when there is
    none. Days repeat every 400 years to the weekday, so it is told to count close to the end.
    """
    ahead = (_LAST_START - start.year) // 400 * 400
    until = re.search("UNTIL=([0-9]{4})", text)
    if until is not None:
        year = min(int(until[1]) + ahead, MAXYEAR)
        text = f"{text[: until.start()]}UNTIL={year}{text[until.end() :]}"
    found = rrulestr(text, dtstart=_moment(start.year + ahead, start.month, start.day))
    if not isinstance(found, rrule):
        raise ValueError(_FORM)
    return found, ahead


def _moment(year: int, month: int, day: int) -> datetime:
    """Days have no zone: the engine counts in moments without one."""
    return datetime(year, month, day)  # noqa: DTZ001
