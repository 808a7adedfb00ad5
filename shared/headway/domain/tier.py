"""Which tier a member is in, and when it changes. Spending points never lowers it; returns do.

A level holds while its measure is reached in the window, and as long after as the programme keeps
it; the tier is the highest level that holds.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate

from headway.domain.book import Book
from headway.domain.measure import (
    Days,
    between,
    days_of,
    last_gone,
    measure_name,
    period,
    remembered_from,
)
from headway.domain.points import TierEvent
from headway.program.calendar import add_months, midnight
from headway.program.program import Program, Programs


def next_change(book: Book, programs: Programs, instant: datetime) -> datetime | None:
    """When, from `instant` on, the tier will change if nothing else happens.

    A new version of the programme judges by its own levels and window from its start.
    """
    if book.joined_at is None:
        return None
    if not programs.several:
        return next_under(book, programs.at(instant), instant)
    while True:
        program = programs.at(instant)
        if book.tier != reached(book, program, program.day(instant)):
            return instant
        change = next_under(book, program, instant)
        following = programs.next_start(instant)
        if following is None or (change is not None and change < following):
            return change
        instant = following


def judge_tier(book: Book, programs: Programs, at: datetime) -> None:
    """Set the tier to what holds now; forget days that never count again."""
    program = programs.at(at)
    if not program.levels:
        _set(book, "", program, at)
        return
    today = program.day(at)
    _forget(book, programs, program, today)
    _carry(book, program, today)
    _set(book, reached(book, program, today), program, at)


def reached(book: Book, program: Program, today: date) -> str:
    """The highest level that holds on a local day."""
    tiers = program.tiers
    if not tiers.levels or book.joined_at is None:
        return ""
    days = _days(book, program)
    if tiers.window == "lifetime":
        return program.level_for(days.get("", 0))
    if tiers.window == "rolling":
        return _rolling(program, days, today)
    joined = program.day(book.joined_at)
    level = _by_year(program, days, joined, today)
    if tiers.one_step:
        begun, before = book.carried
        started = period(tiers, joined, today)[0].isoformat()
        level = _no_lower_than_one_below(program, level, before if begun == started else book.tier)
    return level


def _days(book: Book, program: Program) -> Days:
    return days_of(book, measure_name(program.tiers))


def _set(book: Book, level: str, program: Program, at: datetime) -> None:
    if level == book.tier:
        return
    number = book.account.tier_seq + len(book.tier_events) + 1
    book.tier_events.append(
        TierEvent(
            book.account.account_id, number, book.tier, level, book.cause, program.version, at
        )
    )
    book.tier = level


def _forget(book: Book, programs: Programs, program: Program, today: date) -> None:
    name = measure_name(program.tiers)
    days = days_of(book, name)
    if len(days) < 2 or book.joined_at is None:
        return
    # By the longest memory of all versions: one to come may look further back than this one.
    joined = program.day(book.joined_at)
    oldest = min(
        remembered_from(version.tiers, joined, today) for version in programs.all if version.levels
    ).isoformat()
    if "" < days.order[0] < oldest:
        book.measures = {**book.measures, name: days.since(oldest)}


# -- years ---------------------------------------------------------------------------------------


def _by_year(program: Program, days: Days, joined: date, today: date) -> str:
    best = 0
    for first, end in _counting(program, joined, today):
        best = max(best, between(days, first, end))
    return program.level_for(best)


def _counting(program: Program, joined: date, today: date) -> Iterator[tuple[date, date]]:
    """The years of which any one that reaches a level makes it hold today."""
    tiers = program.tiers
    latest = 1 if tiers.entry == "next_period" else 0
    oldest = latest + (1 if tiers.keep == "end_of_next_period" else 0)
    start, _ = period(tiers, joined, today)
    if (today - start).days < tiers.grace_days:
        oldest += 1
    for back in range(latest, oldest + 1):
        yield period(tiers, joined, today, back)


def _carry(book: Book, program: Program, today: date) -> None:
    """Note the tier with which a year began: it falls to no lower than one below."""
    if not program.tiers.one_step or book.joined_at is None:
        return
    start = period(program.tiers, program.day(book.joined_at), today)[0].isoformat()
    if book.carried[0] != start:
        book.carried = (start, book.tier)


def _no_lower_than_one_below(program: Program, level: str, before: str) -> str:
    ids = [one.id for one in program.levels]
    if before not in ids:
        return level
    lowest = max(ids.index(before) - 1, 0)
    return ids[max(lowest, ids.index(level) if level in ids else 0)]


# -- rolling months --------------------------------------------------------------------------------


def _rolling(program: Program, days: Days, today: date) -> str:
    tiers = program.tiers
    months = tiers.rolling_months
    level = program.level_for(rolling_sum(days, months, today))
    if tiers.keep != "months":
        return level
    for higher in reversed(program.levels):
        if higher.id == level:
            break
        last = _last_day_of(days, months, higher.start, today)
        if last is not None and today < _drops(program, last):
            return higher.id
    return level


def rolling_sum(days: Days, months: int, today: date) -> int:
    """The measure of the last months, today included."""
    return days.later_than(last_gone(today, months))


@lru_cache(maxsize=65536)
def _leaves(day: str, months: int) -> date:
    """The first local day on which a day's measure no longer counts."""
    return add_months(date.fromisoformat(day), months)


def _drops(program: Program, last: date) -> date:
    """The first day on which a level no longer holds that was last reached on `last`."""
    tiers = program.tiers
    return add_months(last, tiers.keep_months) + timedelta(days=tiers.grace_days)


def _last_day_of(days: Days, months: int, start: int, today: date) -> date | None:
    """The last day, by what is known today, on which the window's sum is at least `start`."""
    order = days.order
    if not order or start <= 0 or not days.rising or order[-1] > today.isoformat():
        return _last_day_of_any(days, months, start, today)
    if rolling_sum(days, months, today) >= start:
        falls = _falls_below(days, months, start, today)
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


# -- what comes next -------------------------------------------------------------------------------


def next_under(book: Book, program: Program, instant: datetime) -> datetime | None:
    """The local midnight on which the tier changes under this version, if nothing else happens."""
    tiers, today = program.tiers, program.day(instant)
    if not tiers.levels or book.joined_at is None or tiers.window == "lifetime":
        return None
    lowest = book.tier in ("", tiers.levels[0].id)
    if lowest and tiers.entry == "at_once":
        return None
    if book.tier != reached(book, program, today):
        return instant  # due together with something that came before it
    if tiers.window == "rolling":
        return _next_rolling(book, program, today)
    return _next_by_year(book, program, today)


def _next_rolling(book: Book, program: Program, today: date) -> datetime | None:
    start = next((level.start for level in program.levels if level.id == book.tier), None)
    if start is None:
        return None
    days = _days(book, program)
    if program.tiers.keep != "months":
        falls = _falls_below(days, program.tiers.rolling_months, start, today)
        return None if falls is None else midnight(falls, program.zone)
    last = _last_day_of(days, program.tiers.rolling_months, start, today)
    return None if last is None else midnight(_drops(program, last), program.zone)


def _falls_below(days: Days, months: int, start: int, today: date) -> date | None:
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


def _next_by_year(book: Book, program: Program, today: date) -> datetime | None:
    tiers = program.tiers
    assert book.joined_at is not None
    joined, days = program.day(book.joined_at), _days(book, program)
    _, boundary = period(tiers, joined, today)
    first, _ = period(tiers, joined, today)
    marks = [first + timedelta(days=tiers.grace_days)] if tiers.grace_days else []
    for _ in range(4):
        marks.append(boundary)
        if tiers.grace_days:
            marks.append(boundary + timedelta(days=tiers.grace_days))
        _, boundary = period(tiers, joined, boundary)
    for mark in marks:
        if mark <= today:
            continue
        level = _by_year(program, days, joined, mark)
        if tiers.one_step:
            level = _no_lower_than_one_below(program, level, book.tier)
        if level != book.tier:
            return midnight(mark, program.zone)
    return None
