"""What is needed to rise to the next tier and to stay in this one, and by when."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from headway.domain.book import Book
from headway.domain.measure import between, days_of, period
from headway.domain.rolling import rolling_sum
from headway.domain.tier import next_under
from headway.program.calendar import midnight
from headway.program.program import Program


class Rising(NamedTuple):
    """The next tier, the measure still missing, and when what counts now stops counting."""

    level: str
    missing: int
    until: datetime | None


class Staying(NamedTuple):
    """The measure still missing to keep this tier, and when it falls without it."""

    missing: int
    until: datetime | None


def rising(book: Book, program: Program, moment: datetime) -> Rising | None:
    """What is needed for the next tier; None in the highest, or without tiers."""
    ids = [level.id for level in program.levels]
    if book.joined_at is None or not ids or book.tier == ids[-1]:
        return None
    place = ids.index(book.tier) + 1 if book.tier in ids else 0
    level = program.levels[place]
    missing = max(level.start - _measured(book, program, program.day(moment)), 0)
    return Rising(level.id, missing, _ends(book, program, moment))


def staying(book: Book, program: Program, moment: datetime) -> Staying | None:
    """What is needed to keep the tier beyond the moment at which it would fall; None for the
    first tier, which nobody loses."""
    ids = [level.id for level in program.levels]
    if book.joined_at is None or book.tier not in ids[1:]:
        return None
    falls = next_under(book, program, moment)
    if falls is None:
        return Staying(0, None)
    start = program.levels[ids.index(book.tier)].start
    return Staying(max(start - _measured(book, program, _last_chance(program, falls)), 0), falls)


def _last_chance(program: Program, falls: datetime) -> date:
    """The day whose measure decides whether the tier is kept: not today's, which keeps it still."""
    tiers, day = program.tiers, program.day(falls)
    if tiers.window == "rolling" and tiers.keep != "months" and not tiers.grace_days:
        return day  # what is left of the window when days have dropped out of it
    return day - timedelta(days=1)


def _measured(book: Book, program: Program, today: date) -> int:
    """What counts on a local day, by what is known now."""
    days = days_of(book, program.tiers.measured_as)
    tiers = program.tiers
    if book.joined_at is None:
        return 0
    if tiers.window == "lifetime":
        return days.get("", 0)
    if tiers.window == "rolling":
        return rolling_sum(days, tiers.rolling_months, today)
    first, end = period(tiers, program.day(book.joined_at), today)
    return between(days, first, end)


def _ends(book: Book, program: Program, moment: datetime) -> datetime | None:
    tiers = program.tiers
    if tiers.window in ("lifetime", "rolling") or book.joined_at is None:
        return None
    _, end = period(tiers, program.day(book.joined_at), program.day(moment))
    return midnight(end, program.zone)
