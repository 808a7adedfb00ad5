"""What members are told before it happens: points that expire, a tier at risk. Each once.

A notice is due at a local midnight, so many days before. It is told when the account's time passes
that moment: never again, never for what is gone, and after a standstill only the nearest one.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from headway.domain.book import Book
from headway.domain.inactivity import inactive_since
from headway.domain.points import Notice
from headway.domain.staying import staying
from headway.program.calendar import midnight
from headway.program.program import Program, Programs


def notify(book: Book, programs: Programs, since: datetime, until: datetime) -> None:
    """Tell what became due after `since`, up to `until`, of what is still to happen."""
    program = programs.at(until)
    if not _tells(book, program):
        return
    nearest: dict[tuple[str, datetime, str], Notice] = {}
    for notice in _notices(book, programs, program, until):
        if since < notice.due <= until < notice.at:
            key = notice.kind, notice.at, notice.of
            if key not in nearest or notice.due > nearest[key].due:
                nearest[key] = notice
    book.notices += (nearest[key] for key in sorted(nearest))


def next_notice(
    book: Book, programs: Programs, instant: datetime, *, tier: bool
) -> datetime | None:
    """When the next notice is due, by what is known now; with or without those of the tier."""
    program = programs.at(instant)
    if not _tells(book, program):
        return None
    dues = (notice.due for notice in _notices(book, programs, program, instant, tier=tier))
    return min((due for due in dues if due > instant), default=None)


def _tells(book: Book, program: Program) -> bool:
    """Whether there is anybody to tell, and anything: who has left is told nothing more."""
    return book.left_at is None and bool(program.notices or program.tiers.at_risk_days)


def _notices(
    book: Book, programs: Programs, program: Program, moment: datetime, *, tier: bool = True
) -> Iterator[Notice]:
    if program.notices:
        for at, points in expiring(book, programs, moment).items():
            for days in program.notices:
                yield Notice("points.expiring", at, points, "", _before(program, at, days))
    if tier and program.tiers.at_risk_days:
        risk = staying(book, program, moment)
        if risk is not None and risk.missing and risk.until is not None:
            for days in program.tiers.at_risk_days:
                due = _before(program, risk.until, days)
                yield Notice("tier.at-risk", risk.until, risk.missing, book.tier, due)


def expiring(book: Book, programs: Programs, moment: datetime) -> dict[datetime, int]:
    """Available points by when they will expire, if nothing else happens."""
    found: dict[datetime, int] = {}
    for lot in book.lots.values():
        if lot.available and lot.expires_at is not None:
            found[lot.expires_at] = found.get(lot.expires_at, 0) + lot.available
    lapses = inactive_since(book, programs, moment)
    if lapses is not None:
        # Only what has no end of its own dies then.
        lots = book.lots.values()
        found[lapses] = sum(lot.available for lot in lots if lot.expires_at is None)
    return found


def _before(program: Program, at: datetime, days: int) -> datetime:
    return midnight(program.day(at) - timedelta(days=days), program.zone)
