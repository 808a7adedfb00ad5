"""What tiers go by: spend, points earned, orders or a counted activity, by local day."""

from bisect import bisect_left, bisect_right
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate

from headway.domain.book import Book
from headway.program.calendar import add_months
from headway.program.program import Program
from headway.program.rules import Tiers

CALENDAR = date(1900, 1, 1)
"""From where calendar years are counted."""


class Days(dict[str, int]):
    """By local day, 'YYYY-MM-DD', or under '' for all of a life. Not written in once it is made.

    Years of days are asked for their sums with every order: they are kept in order, with running
    sums, and what is added to the last day is added to those.
    """

    __slots__ = ("_order", "_rising", "_sums", "peaks")

    def __init__(self, days: "Days | dict[str, int] | None" = None) -> None:
        super().__init__(days or ())
        self._order: list[str] | None = None
        self._sums: list[int] = []
        self._rising: bool | None = None
        self.peaks: dict[int, int] = {}
        """By months of a window: no sum of one that ends up to the last day is above this."""

    @property
    def order(self) -> list[str]:
        """The days, rising."""
        return self._in_order()[0]

    @property
    def sums(self) -> list[int]:
        """A sum for each day, of the days before it, and one more; only differences count."""
        return self._in_order()[1]

    def _in_order(self) -> tuple[list[str], list[int]]:
        order = self._order
        if order is None:
            order = self._order = sorted(self)
            self._sums = [0, *accumulate(map(self.__getitem__, order))]
        return order, self._sums

    @property
    def rising(self) -> bool:
        """Whether no day is below zero: what was returned of a forgotten day's orders may be."""
        if self._rising is None:
            self._rising = not self or min(self.values()) >= 0
        return self._rising

    def added(self, day: str, amount: int) -> "Days":
        """These days with so much more, or less, on one."""
        after = Days(self)
        after[day] = self.get(day, 0) + amount
        if self._rising:
            after._rising = after[day] >= 0
        order = self._order
        if order and day >= order[-1]:
            after._order = order if day == order[-1] else [*order, day]
            after._sums = [*self._sums] if day == order[-1] else [*self._sums, self._sums[-1]]
            after._sums[-1] += amount
            for months, peak in self.peaks.items() if amount > 0 else ():
                gone = last_gone(date.fromisoformat(day), months)
                after.peaks[months] = max(peak, after.later_than(gone))
        return after

    def since(self, oldest: str) -> "Days":
        """These days without those before one."""
        order, first = self.order, bisect_left(self.order, oldest)
        after = Days(self)
        after._rising = self._rising or None
        for day in order[:first]:
            del after[day]
        after._order, after._sums, after.peaks = order[first:], self._sums[first:], dict(self.peaks)
        return after

    def later_than(self, day: str) -> int:
        """The sum of the days after one."""
        order, sums = self._in_order()
        return sums[-1] - sums[bisect_right(order, day)]

    def between(self, first: str, end: str) -> int:
        """The sum of the days from `first` up to but without `end`."""
        order, sums = self._in_order()
        return sums[bisect_left(order, end)] - sums[bisect_left(order, first)]


_NONE = Days()


def days_of(book: Book, name: str) -> Days:
    """What a member's measure is, by day."""
    days = book.measures.get(name)
    if days is None:
        return _NONE
    if type(days) is not Days:
        days = Days(dict(days.items()))
        book.measures = {**book.measures, name: days}
    return days


@lru_cache(maxsize=4096)
def last_gone(today: date, months: int) -> str:
    """The last day whose measure no longer counts today (several days of one month may leave
    together, on the last day of a shorter one)."""
    day = add_months(today, -months)
    while add_months(day + timedelta(days=1), months) <= today:
        day += timedelta(days=1)
    return day.isoformat()


def count(book: Book, program: Program, measure: str, moment: datetime, amount: int) -> None:
    """Count so much more (or less) on the day of `moment`, where the programme's tiers ask."""
    tiers = program.tiers
    if measure == tiers.measured_as and amount:
        day = "" if tiers.window == "lifetime" else program.day(moment).isoformat()
        book.measures = {**book.measures, measure: days_of(book, measure).added(day, amount)}


def between(days: Days, first: date, end: date) -> int:
    """The measure of the days from `first` up to but without `end`."""
    return days.between(first.isoformat(), end.isoformat())


def period(tiers: Tiers, joined: date, today: date, back: int = 0) -> tuple[date, date]:
    """The year around `today`, or `back` years earlier: its first day, and the day after it."""
    return year_around(CALENDAR if tiers.window == "calendar_year" else joined, today, back)


@lru_cache(maxsize=65536)
def year_around(start: date, today: date, back: int) -> tuple[date, date]:
    """The same, of years that begin on the day of `start`."""
    years = today.year - start.year
    if _anniversary(start, years) > today:
        years -= 1
    return _anniversary(start, years - back), _anniversary(start, years - back + 1)


def _anniversary(day: date, years: int) -> date:
    return add_months(day, 12 * years)


def remembered_from(tiers: Tiers, joined: date, today: date) -> date:
    """The first day that may still count: for what is reached, kept, or kept in grace."""
    if tiers.window == "lifetime":
        return date.min
    if tiers.window == "rolling":
        return _before(today, tiers.rolling_months + tiers.keep_months, tiers.grace_days + 1)
    return period(tiers, joined, today, 3)[0]


@lru_cache(maxsize=4096)
def _before(today: date, months: int, days: int) -> date:
    return add_months(today, -months) - timedelta(days=days)
