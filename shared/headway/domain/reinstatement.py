"""Expired points that a purchase brings back, where the programme gives them a last chance."""

from datetime import datetime, timedelta

from headway.domain.book import Book
from headway.program.program import Programs


def reinstate(book: Book, programs: Programs, moment: datetime, tier: str) -> None:
    """Give back what expired within the programme's days before a purchase; valid anew from it,
    as what is earned in the tier of that purchase."""
    program = programs.at(moment)
    if not program.reinstate_days or book.shadow:
        return
    since = moment - timedelta(days=program.reinstate_days)
    back = [
        lot
        for lot in book.lots.values()
        if lot.expired and lot.expires_at is not None and since <= lot.expires_at <= moment
    ]
    if not back:
        return
    expires_at = program.expires_at(moment, tier)
    for lot in sorted(back, key=lambda lot: lot.lot):
        book.put_lot(lot._replace(activates_at=moment, expires_at=expires_at))
        book.move(
            "reinstate", lot.expired, "expired", "available", moment, lot.lot,
            program_version=lot.program_version, activates_at=moment, expires_at=expires_at,
        )  # fmt: skip
