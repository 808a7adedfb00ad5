"""What tiers go by: spend, points earned, orders or a counted activity, by local day."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from headway.domain.book import Book
from headway.program.calendar import add_months
from headway.program.program import Program
from headway.program.rules import Tiers

Days = Mapping[str, int]
"""By local day, 'YYYY-MM-DD', the days in order or not."""


def measure_name(tiers: Tiers) -> str:
    """Under which name an account keeps what these tiers go by."""
    return f"activity:{tiers.activity}" if tiers.measure == "activity" else tiers.measure


def count(book: Book, program: Program, measure: str, moment: datetime, amount: int) -> None:
    """Count so much more (or less) on the day of `moment`, where the programme's tiers ask."""
    tiers = program.tiers
    if amount and tiers.levels and measure == measure_name(tiers):
        day = "" if tiers.window == "lifetime" else program.day(moment).isoformat()
        days = book.measures.get(measure, {})
        book.measures = {**book.measures, measure: {**days, day: days.get(day, 0) + amount}}


def between(days: Days, first: date, end: date) -> int:
    """The measure of the days from `first` up to but without `end`."""
    low, high = first.isoformat(), end.isoformat()
    return sum(amount for day, amount in days.items() if low <= day < high)


def period(tiers: Tiers, joined: date, today: date, back: int = 0) -> tuple[date, date]:
    """The year around `today`, or `back` years earlier: its first day, and the day after it."""
    start = date(1900, 1, 1) if tiers.window == "calendar_year" else joined
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
        back = add_months(today, -(tiers.rolling_months + tiers.keep_months))
        return back - timedelta(days=tiers.grace_days + 1)
    return period(tiers, joined, today, 3)[0]
