"""Which tier a member's measure reaches at a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tests.oracle.days import add_months
from tests.oracle.lives import Expiry

Measure = Mapping[date, int]


@dataclass(frozen=True)
class Level:
    """A tier: from how much on, and how long points earned in it live, if otherwise."""

    start: int
    id: str
    expiry: Expiry | None


@dataclass(frozen=True)
class Tiers:
    """All levels, lowest first, and how they are reached and kept."""

    levels: Sequence[Level]
    measure: str = "spend"
    window: str = "calendar_year"
    rolling_months: int = 12
    next_period: bool = False
    keep: str = "end_of_period"
    keep_months: int = 0
    grace_days: int = 0
    one_step: bool = False

    @property
    def by_years(self) -> bool:
        """Whether the measure starts again every year."""
        return self.window in ("calendar_year", "membership_year")

    def level(self, id_: str) -> Level | None:
        """The level of that name."""
        return next((level for level in self.levels if level.id == id_), None)

    def year(self, day: date, joined: date) -> int:
        """The number of the year that `day` is in."""
        number = day.year if self.window == "calendar_year" else day.year - joined.year
        return number if self.starts(number, joined) <= day else number - 1

    def starts(self, year: int, joined: date) -> date:
        """The first day of that year: in January, or the anniversary of joining."""
        if self.window == "calendar_year":
            return date(year, 1, 1)
        return add_months(joined, 12 * year)

    def reached(self, measured: Measure, today: date, joined: date) -> int:
        """The place of the highest level that holds today."""
        if self.by_years:
            best = self._in_years(measured, today, joined)
        elif self.keep == "months":
            best = self._kept_for_months(measured, today)
        else:
            best = self._rolling(measured, today)
        reached = [at for at, level in enumerate(self.levels) if level.start <= best]
        return max(reached, default=0)

    def _in_years(self, measured: Measure, today: date, joined: date) -> int:
        """The most that was measured in a year whose level holds today.

        A year's level holds in that year (or, entered next period, in the one after it), where
        so kept in the next one too, and then for the days of grace.
        """
        sums: dict[int, int] = {}
        for day, amount in measured.items():
            year = self.year(day, joined)
            sums[year] = sums.get(year, 0) + amount
        best = 0
        for year, amount in sums.items():
            first = year + self.next_period
            end = first + (2 if self.keep == "end_of_next_period" else 1)
            until = self.starts(end, joined) + timedelta(days=self.grace_days)
            if self.starts(first, joined) <= today < until:
                best = max(best, amount)
        return best

    def _rolling(self, measured: Measure, on: date) -> int:
        return sum(
            amount
            for day, amount in measured.items()
            if day <= on and (self.window == "lifetime" or self._out(day) > on)
        )

    def _out(self, day: date) -> date:
        return add_months(day, self.rolling_months)

    def _kept_for_months(self, measured: Measure, today: date) -> int:
        """The most that the window held on a day from which the level is still kept.

        The sum changes only where a day comes into the window or leaves it, so those are looked
        at: every day of the measure, the last day it was in the window, and today.
        """
        days = {today, *measured}
        if self.window != "lifetime":
            days |= {self._out(day) - timedelta(days=1) for day in measured}
        grace = timedelta(days=self.grace_days)
        return max(
            self._rolling(measured, day)
            for day in days
            if day <= today and (day == today or today < add_months(day, self.keep_months) + grace)
        )
