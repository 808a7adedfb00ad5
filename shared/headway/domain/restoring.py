"""Spent points that come back: to the lots they were taken from, with those lots' own expiry."""

from datetime import datetime
from typing import Literal

from headway.domain.account import Lot
from headway.domain.book import Book
from headway.domain.reversal import forgive_returned
from headway.program.program import Programs

RESTORED = "restored"
"""What points are told under that come back without a lot, where others are told under their
rule."""
NO_LOT = 0
"""Stands for a lot where what was taken was owed."""


def restore(
    book: Book,
    programs: Programs,
    redemption_id: str,
    lot: int,
    points: int,
    source: Literal["redeemed", "donated"],
    at: datetime,
    order_id: str | None = None,
) -> None:
    """Bring points of a redemption back to the lot they were taken from.

    What was owed when it was taken has no lot: it opens one, which lives as long as points earned
    at that moment would. (What is owed still is cleared from it.) `order_id`: what it had paid,
    when it comes back because that was returned.
    """
    if lot == NO_LOT:
        _restore_without_lot(book, programs, redemption_id, points, source, at, order_id)
        return
    book.move(
        "restore", points, source, "available", at, lot, group=redemption_id, order_id=order_id
    )
    forgive_returned(book, lot, at)


def _restore_without_lot(
    book: Book,
    programs: Programs,
    redemption_id: str,
    points: int,
    source: Literal["redeemed", "donated"],
    at: datetime,
    order_id: str | None,
) -> None:
    number, version = book.seq + 1, book.version
    expires_at = programs.version(version).expires_at(at, book.tier)
    award = f"{RESTORED}:{redemption_id}"
    # Nothing of it is `exact`: what members are entitled to by their events knows nothing of it.
    book.open_lot(
        Lot(
            number, points, 0, points, 0, 0, 0, 0, 0, RESTORED, award, "", version, at, at,
            expires_at,
        )
    )  # fmt: skip
    book.move(
        "restore", points, source, "available", at, number, group=redemption_id,
        order_id=order_id, rule=RESTORED, activates_at=at, expires_at=expires_at,
    )  # fmt: skip
