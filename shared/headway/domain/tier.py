"""Which tier a member is in, and when it changes. Spending points never lowers it; returns do.

A level holds while its measure is reached in the window, and as long after as the programme keeps
it; the tier is the highest level that holds.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache

from headway.domain.book import Book
from headway.domain.measure import (
    CALENDAR,
    Days,
    days_of,
    period,
    remembered_from,
    year_around,
)
from headway.domain.points import TierEvent
from headway.domain.rolling import falls_below, last_day_of, rolling_sum
from headway.program.calendar import add_months, midnight
from headway.program.program import FOREVER, Program, Programs


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
    if not program.tiers.levels or book.joined_at is None:
        return ""
    days = _days(book, program)
    on = (program.version, today, book.tier, book.joined_at, book.carried)
    known = book.tier_reached
    if known is None or known[0] is not days or known[1] != on:
        known = book.tier_reached = days, on, _reached(book, program, days, today)
    return known[2]


def _reached(book: Book, program: Program, days: Days, today: date) -> str:
    tiers = program.tiers
    if tiers.window == "lifetime":
        return program.level_for(days.get("", 0))
    if tiers.window == "rolling":
        return _rolling(program, days, today)
    assert book.joined_at is not None
    joined = program.day(book.joined_at)
    level = _by_year(program, days, joined, today)
    if tiers.one_step:
        begun, before = book.carried
        started = period(tiers, joined, today)[0].isoformat()
        level = _no_lower_than_one_below(program, level, before if begun == started else book.tier)
    return level


def _days(book: Book, program: Program) -> Days:
    return days_of(book, program.tiers.measured_as)


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
    name = program.tiers.measured_as
    days = days_of(book, name)
    if len(days) < 2 or book.joined_at is None:
        return
    # By the longest memory of all versions: one to come may look further back than this one.
    joined = program.day(book.joined_at)
    starts = [remembered_from(one.tiers, joined, today) for one in programs.all if one.levels]
    oldest = min(starts).isoformat()
    if "" < days.order[0] < oldest:
        book.measures = {**book.measures, name: days.since(oldest)}


# -- years ---------------------------------------------------------------------------------------


def _by_year(program: Program, days: Days, joined: date, today: date) -> str:
    tiers = program.tiers
    latest = 1 if tiers.entry == "next_period" else 0
    oldest = latest + (1 if tiers.keep == "end_of_next_period" else 0)
    start = CALENDAR if tiers.window == "calendar_year" else joined
    best = 0
    for first, end in _counting(start, today, latest, oldest, tiers.grace_days):
        best = max(best, days.between(first, end))
    return program.level_for(best)


@lru_cache(maxsize=65536)
def _counting(
    start: date, today: date, latest: int, oldest: int, grace_days: int
) -> tuple[tuple[str, str], ...]:
    """The years, first day and day after, of which any one that reaches a level makes it hold
    today: so many back, one more in days of grace."""
    if (today - year_around(start, today, 0)[0]).days < grace_days:
        oldest += 1
    years = (year_around(start, today, back) for back in range(latest, oldest + 1))
    return tuple((first.isoformat(), end.isoformat()) for first, end in years)


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
        last = last_day_of(days, months, higher.start, today)
        if last is not None and today < _drops(program, last):
            return higher.id
    return level


def _drops(program: Program, last: date) -> date:
    """The first day on which a level no longer holds that was last reached on `last`."""
    tiers = program.tiers
    return add_months(last, tiers.keep_months) + timedelta(days=tiers.grace_days)


# -- what comes next -------------------------------------------------------------------------------


def next_under(book: Book, program: Program, instant: datetime) -> datetime | None:
    """The local midnight on which the tier changes under this version, if nothing else happens."""
    tiers = program.tiers
    if not tiers.levels or book.joined_at is None or tiers.window == "lifetime":
        return None
    lowest = book.tier in ("", tiers.levels[0].id)
    if lowest and tiers.entry == "at_once":
        return None
    today, days = program.day(instant), _days(book, program)
    on = (program.version, today, book.tier, book.joined_at, book.carried)
    known = book.tier_due
    if known is not None and known[0] is days and known[1] == on:
        return known[2]
    if book.tier != reached(book, program, today):
        return instant  # due together with something that came before it
    if tiers.window == "rolling":
        change = _next_rolling(book, program, today)
    else:
        change = _next_by_year(book, program, today)
    book.tier_due = days, on, change
    return change


def rests_until(book: Book, programs: Programs, instant: datetime) -> datetime:
    """A moment before which neither the tier changes by itself nor anybody is told that it may.

    Often as good as knowing when, and much quicker. `instant` where it cannot be told so.
    """
    if programs.several:
        return instant
    program = programs.at(instant)
    tiers = program.tiers
    if not tiers.levels or book.joined_at is None:
        return FOREVER
    today = program.day(instant)
    if tiers.window == "rolling" or book.tier != reached(book, program, today):
        return instant
    if tiers.window == "lifetime":
        return FOREVER
    start = CALENDAR if tiers.window == "calendar_year" else program.day(book.joined_at)
    mark = _next_mark(start, today, tiers.grace_days, tiers.at_risk_days)
    return midnight(mark, program.zone)


@lru_cache(maxsize=65536)
def _next_mark(start: date, today: date, grace_days: int, at_risk_days: tuple[int, ...]) -> date:
    """The first day after today on which a year or its days of grace end, or are near their end."""
    ends = [year_around(start, today, back)[1] for back in range(1, -5, -1)]
    marks = [end + timedelta(days=grace) for end in ends for grace in {0, grace_days}]
    days = [mark - timedelta(days=before) for mark in marks for before in (0, *at_risk_days)]
    return min(day for day in days if day > today)


def _next_rolling(book: Book, program: Program, today: date) -> datetime | None:
    start = next((level.start for level in program.levels if level.id == book.tier), None)
    if start is None:
        return None
    days = _days(book, program)
    if program.tiers.keep != "months":
        falls = falls_below(days, program.tiers.rolling_months, start, today)
        return None if falls is None else midnight(falls, program.zone)
    last = last_day_of(days, program.tiers.rolling_months, start, today)
    return None if last is None else midnight(_drops(program, last), program.zone)


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
