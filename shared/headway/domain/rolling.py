"""Sums over the last months, day by day: what they are, when they fall, when they were last
enough. Of the days alone, not of any account.
"""

from bisect import bisect_right
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate

from headway.domain.measure import Days, last_gone
from headway.program.calendar import add_months


def rolling_sum(days: Days, months: int, today: date) -> int:
    """The measure of the last months, today included."""
    return days.later_than(last_gone(today, months))


@lru_cache(maxsize=65536)
def _leaves(day: str, months: int) -> date:
    """The first local day on which a day's measure no longer counts."""
    return add_months(date.fromisoformat(day), months)


def falls_below(days: Days, months: int, start: int, today: date) -> date | None:
    """The first day after today on which the sum of what has not left is below `start`."""
    order, sums = days.order, days.sums
    first = bisect_right(order, last_gone(today, months))
    if first == len(order):
        return None
    below = sums[-1] - start  # what may have left at most
    if days.rising:
        place = bisect_right(sums, below, first + 1)
        return _leaves(order[place - 1], months) if place < len(sums) else None
    for place in range(first + 1, len(sums)):
        day = order[place - 1]
        together = place < len(order) and _leaves(order[place], months) == _leaves(day, months)
        if not together and sums[place] > below:
            return _leaves(day, months)
    return None


def last_day_of(days: Days, months: int, start: int, today: date) -> date | None:
    """The last day, by what is known today, on which the window's sum is at least `start`."""
    order = days.order
    if not order or start <= 0 or not days.rising or order[-1] > today.isoformat():
        return _last_day_of_any(days, months, start, today)
    if rolling_sum(days, months, today) >= start:
        falls = falls_below(days, months, start, today)
        return None if falls is None else falls - timedelta(days=1)
    if days.peaks.get(months, start) < start:
        return None
    return _last_day_before(days, months, start, today)


def _last_day_before(days: Days, months: int, start: int, today: date) -> date | None:
    """The same, when it has passed: back from today, day by day on which something changed."""
    order, sums = days.order, days.sums
    entered, left = len(order), bisect_right(order, last_gone(today, months))
    peak = sums[entered] - sums[left]
    while entered:
        came = date.fromisoformat(order[entered - 1])
        changed = max(came, _leaves(order[left - 1], months)) if left else came
        while entered and order[entered - 1] == changed.isoformat():
            entered -= 1
        while left and _leaves(order[left - 1], months) == changed:
            left -= 1
        total = sums[entered] - sums[left]
        if total >= start:
            return changed - timedelta(days=1)
        peak = max(peak, total)
    days.peaks[months] = peak
    return None


def _last_day_of_any(days: Days, months: int, start: int, today: date) -> date | None:
    """The same for days in the future, or below zero: every day on which something changes."""
    entered = sorted((date.fromisoformat(day), amount) for day, amount in days.items())
    left = [add_months(day, months) for day, _ in entered]
    order = sorted(left)
    arrivals = [day for day, _ in entered]
    in_sums = [0, *accumulate(amount for _, amount in entered)]
    out_sums = [
        0,
        *accumulate(amount for _, (_, amount) in sorted(zip(left, entered, strict=True))),
    ]
    marks = sorted({*arrivals, *left, today}, reverse=True)
    end: date | None = None
    for mark in marks:
        total = in_sums[bisect_right(arrivals, mark)] - out_sums[bisect_right(order, mark)]
        if total >= start:
            return None if end is None else end - timedelta(days=1)
        end = mark
    return None
