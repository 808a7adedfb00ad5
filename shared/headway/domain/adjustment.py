"""Adjusting a balance by hand: a named person gives points, or takes some, and says why.

What is given opens a lot of its own, which lives as long as points earned at that moment would.
It is no award: it counts towards no tier and no cap, and no return takes it back by itself.
"""

from typing import NamedTuple

from headway.domain.account import Input, Lot
from headway.domain.book import Book
from headway.domain.inactivity import keeps_alive
from headway.domain.outcome import Outcome, applied, refused
from headway.errors import InvariantViolated
from headway.program.program import Programs

ADJUST = "admin.adjust"
"""The kind of the input."""
ADJUSTMENT = "adjustment"
"""What the points are told under where others are told under their rule."""


class Adjust(NamedTuple):
    """Give (above zero) or take (below zero) points. `by` and `approved_by` are opaque ids of
    people; `approved_by` is None where one person was enough."""

    adjustment_id: str
    points: int
    reason: str
    by: str
    approved_by: str | None = None


def decide_adjust(book: Book, programs: Programs, item: Input, command: Adjust) -> Outcome:
    """Give a lot, or take from lots in spend order; refused when not enough can be taken.

    Pending and reserved points are left alone. A member who has left can be adjusted: what is
    wrong with a balance must be mended then, too.
    """
    if book.joined_at is None:
        return refused("not a member")
    if command.points > 0:
        _give(book, programs, item, command)
        keeps_alive(book, programs, item.kind, item.time)
        return applied()
    if book.balances["available"] < -command.points:
        return refused("insufficient points")
    _take(book, item, -command.points)
    return applied()


def _give(book: Book, programs: Programs, item: Input, command: Adjust) -> None:
    program, number, at = programs.at(item.time), book.seq + 1, item.time
    expires_at = program.expires_at(at, book.tier)
    book.move(
        "adjust", command.points, "issued", "available", at, number, rule=ADJUSTMENT,
        activates_at=at, expires_at=expires_at,
    )  # fmt: skip
    award = f"{ADJUSTMENT}:{command.adjustment_id}"
    # Nothing of it is `exact`: what members are entitled to by their events knows nothing of it.
    book.open_lot(
        Lot(
            number, command.points, 0, command.points, 0, 0, 0, 0, 0, ADJUSTMENT, award, "",
            program.version, at, at, expires_at,
        )
    )  # fmt: skip


def _take(book: Book, item: Input, points: int) -> None:
    left = points
    for lot in book.open_lots():
        taken = min(lot.available, left)
        book.move("adjust", taken, "available", "reversed", item.time, lot.lot)
        left -= taken
        if not left:
            return
    raise InvariantViolated(
        f"account {book.account.account_id} has fewer points in lots than available"
    )
