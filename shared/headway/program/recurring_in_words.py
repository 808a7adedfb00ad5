"""RFC 5545 recurrences as people say them: `on the first Saturday of every month`."""

from collections.abc import Iterable

from headway.program.numbers_in_words import count, ordinal

_DAYS = {
    "MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday",
    "SA": "Saturday", "SU": "Sunday",
}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_ORDINALS = {"1": "first", "2": "second", "3": "third", "4": "fourth", "5": "fifth", "-1": "last"}
_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_SIMPLE = frozenset(
    ("FREQ", "INTERVAL", "BYDAY", "BYMONTH", "BYMONTHDAY", "UNTIL", "COUNT", "WKST")
)


def recurrence_in_words(rule: str) -> str:
    """A rule that is out of the ordinary is given as it is written."""
    parts = dict(part.split("=") for part in rule.removeprefix("RRULE:").split(";"))
    days = _days(parts)
    if days is None or not parts.keys() <= _SIMPLE:
        return f"on the days of {rule}"
    return f"on {days}{_months(parts)}{_end(parts)}"


def _days(parts: dict[str, str]) -> str | None:
    every = _every(parts)
    if "BYDAY" in parts and "BYMONTHDAY" in parts:
        return None
    if _of_months(parts) and parts.get("INTERVAL", "1") != "1":
        return None
    if parts["FREQ"] == "YEARLY" and "BYMONTHDAY" in parts and "BYMONTH" not in parts:
        return None
    if "BYMONTHDAY" in parts:
        numbers = [_month_day(one) for one in parts["BYMONTHDAY"].split(",")]
        known = [number for number in numbers if number is not None]
        return f"the {_and(known)} of {every}" if len(known) == len(numbers) else None
    if "BYDAY" not in parts:
        return every if parts["FREQ"] == "DAILY" else None
    named = [(one[:-2].removeprefix("+"), _DAYS[one[-2:]]) for one in parts["BYDAY"].split(",")]
    if all(number in _ORDINALS for number, _ in named):
        return f"the {_and(f'{_ORDINALS[n]} {day}' for n, day in named)} of {every}"
    if any(number for number, _ in named) or parts["FREQ"] not in ("DAILY", "WEEKLY"):
        return None
    days = _and(f"{day}s" for _, day in named)
    return days if parts.get("INTERVAL", "1") == "1" else f"{days} of {every}"


def _every(parts: dict[str, str]) -> str:
    unit, interval = _UNITS[parts["FREQ"]], int(parts.get("INTERVAL", "1"))
    if _of_months(parts):
        return _month_names(parts)
    return f"every {unit}" if interval == 1 else f"every {count(interval, unit)}"


def _month_day(number: str) -> str | None:
    if number == "-1":
        return "last day"
    return None if number.startswith("-") else ordinal(int(number))


def _months(parts: dict[str, str]) -> str:
    if "BYMONTH" not in parts or _of_months(parts):
        return ""
    return f" in {_month_names(parts)}"


def _of_months(parts: dict[str, str]) -> bool:
    return "BYMONTH" in parts and parts["FREQ"] in ("MONTHLY", "YEARLY")


def _month_names(parts: dict[str, str]) -> str:
    return _and(_MONTHS[int(month) - 1] for month in parts["BYMONTH"].split(","))


def _end(parts: dict[str, str]) -> str:
    if "UNTIL" in parts:
        until = parts["UNTIL"]
        return f" until {until[:4]}-{until[4:6]}-{until[6:]}"
    return f", {count(int(parts['COUNT']), 'time')}" if "COUNT" in parts else ""


def _and(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
