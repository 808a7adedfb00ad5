"""One cell of a file at a time: what it means, or that it will not do."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from headway.contracts.opening import MOST_POINTS
from headway.program.calendar import end_of_day, midnight

Value = TypeVar("Value")
_LONGEST = 128
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
# Beyond it stands what some systems write for "never".
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)


class Problem(NamedTuple):
    """One thing that is wrong: line of the file, column, what, and what to do about it."""

    line: int
    column: str
    what: str
    fix: str


class Row:
    """One row of a file. Problems of its cells are collected, and read as None."""

    def __init__(self, line: int, cells: dict[str, str], problems: list[Problem]) -> None:
        self.line = line
        self._cells = cells
        self._problems = problems

    def text(self, column: str) -> str:
        """The cell without blanks around it; '' where there is no such column."""
        return (self._cells.get(column) or "").strip()

    def read(self, column: str, parse: Callable[[str], Value], fix: str) -> Value | None:
        """What the cell says, or None and one problem more."""
        text = self.text(column)
        try:
            return parse(text)
        except (ValueError, InvalidOperation, OverflowError):
            self.wrong(column, f"{text!r} will not do" if text else "is empty", f"write {fix}")
            return None

    def wrong(self, column: str, what: str, fix: str) -> None:
        """Note a problem of this row."""
        self._problems.append(Problem(self.line, column, what, fix))


def name(text: str) -> str:
    """1 to 128 characters; ValueError otherwise, as for all of these."""
    if not 0 < len(text) <= _LONGEST or "\x00" in text:
        raise ValueError
    return text


def points(text: str) -> int:
    """Whole points of one lot."""
    return _between(text, 0, MOST_POINTS)


def counter(text: str) -> int:
    """A count; nothing said is none."""
    return _between(text or "0", 0, 10**9)


def amount(text: str) -> Decimal:
    """A decimal above zero."""
    number = Decimal(text)
    if not number.is_finite() or not 0 < number <= 10**9:
        raise ValueError
    return number


def past(zone: ZoneInfo, now: datetime) -> Callable[[str], datetime]:
    """A moment before `now`; a day alone is its beginning in `zone`."""

    def parse(text: str) -> datetime:
        day = _day(text)
        moment = _moment(text, zone) if day is None else midnight(day, zone)
        if not _EARLIEST <= moment < now:
            raise ValueError
        return moment

    return parse


def end(zone: ZoneInfo) -> Callable[[str], datetime | None]:
    """The first moment at which points are gone, None for never; a day alone is its end."""

    def parse(text: str) -> datetime | None:
        if not text:
            return None
        day = _day(text)
        moment = _moment(text, zone) if day is None else end_of_day(day, zone)
        if not _EARLIEST <= moment < _LATEST:
            raise ValueError
        return moment

    return parse


def past_day(zone: ZoneInfo, now: datetime) -> Callable[[str], date]:
    """A local day, today at the latest."""
    begun = past(zone, now)

    def parse(text: str) -> date:
        day = _day(text)
        if day is None:
            raise ValueError
        begun(text)
        return day

    return parse


def _between(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError
    number = int(text[:20])
    if not least <= number <= most:
        raise ValueError
    return number


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if len(text) == 10 else None


def _moment(text: str, zone: ZoneInfo) -> datetime:
    if len(text) < 16:
        raise ValueError
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
