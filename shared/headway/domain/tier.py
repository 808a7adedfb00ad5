"""Tiers by spend in a window of local days. Spending points never lowers them; returns do."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache

from headway.domain.book import Book
from headway.domain.points import TierEvent
from headway.program.calendar import add_months, midnight
from headway.program.program import Program, Programs


@lru_cache(maxsize=65536)
def _leaves_on(day: str, window: str) -> date:
    """The first local day on which spend of `day` no longer counts."""
    spent_on = date.fromisoformat(day)
    if window == "calendar_year":
        return date(spent_on.year + 1, 1, 1)
    return add_months(spent_on, 12)


def spend_in_window(days: Mapping[str, int], program: Program, today: date) -> int:
    """Minor units spent on the days that count on `today`."""
    window = program.tier_window
    return sum(spent for day, spent in days.items() if _leaves_on(day, window) > today)


def next_change(book: Book, programs: Programs, instant: datetime) -> datetime | None:
    """When, from `instant` on, the tier will change if nothing else happens.

    A new version of the programme judges by its own levels and window from its start.
    """
    if book.joined_at is None:
        return None
    if not programs.several:
        return _next_fall(book, programs.at(instant), instant)
    while True:
        program = programs.at(instant)
        if book.tier != _reached(book, program, program.day(instant)):
            return instant
        fall = _next_fall(book, program, instant)
        following = programs.next_start(instant)
        if following is None or (fall is not None and fall < following):
            return fall
        instant = following


def _reached(book: Book, program: Program, today: date) -> str:
    if not program.levels:
        return ""
    return program.level_for(spend_in_window(book.days, program, today))


def _next_fall(book: Book, program: Program, instant: datetime) -> datetime | None:
    """The local midnight on which spend that leaves the window takes the tier along."""
    if not program.levels or book.tier in ("", program.levels[0].id):
        return None
    window, today = program.tier_window, program.day(instant)
    left = sorted((_leaves_on(day, window), spent) for day, spent in book.days.items())
    standing = sum(spent for leaves, spent in left if leaves > today)
    for leaves, spent in left:
        if leaves <= today:
            continue
        standing -= spent
        if program.level_for(standing) != book.tier:
            return midnight(leaves, program.zone)
    return None


def judge_tier(book: Book, programs: Programs, at: datetime) -> None:
    """Set the tier to what the window's spend reaches; forget days that never count again."""
    program = programs.at(at)
    today = program.day(at)
    # By the longest window there is: a later version may look back further than this one.
    oldest = min(book.days, default="")
    if oldest and _leaves_on(oldest, "rolling_12_months") <= today:
        book.days = {
            day: spent
            for day, spent in book.days.items()
            if _leaves_on(day, "rolling_12_months") > today
        }
    reached = _reached(book, program, today)
    if reached != book.tier:
        number = book.account.tier_seq + len(book.tier_events) + 1
        book.tier_events.append(
            TierEvent(
                book.account.account_id, number, book.tier, reached, book.cause, program.version, at
            )
        )
        book.tier = reached
