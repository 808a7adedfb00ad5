"""Granting points: the fraction rule, pending or available at once, validity from activation."""

from datetime import datetime
from typing import Literal

from headway.contracts.fields import MAX_SAFE_INTEGER
from headway.domain.account import Lot
from headway.domain.book import Book
from headway.errors import Poison
from headway.program.program import MICRO, Program


def grant(
    book: Book,
    program: Program,
    *,
    rule: str,
    exact: int,
    award: str,
    earned_at: datetime,
    pending_days: int,
    order_id: str | None = None,
    line_id: str | None = None,
) -> None:
    """One earn row and its lot. `exact` > 0 in millionths of a point.

    Points under a rule are floor(sum of exact still standing): the row holds the difference,
    which may be 0 when the award only adds to the remainder. Raises Poison beyond 2**53 - 1
    millionths, some nine thousand million points: RFC 8785 writes no larger integer.
    """
    _check_size(rule, exact)
    points, remainder = divmod(book.remainders.get(rule, 0) + exact, MICRO)
    book.set_remainder(rule, remainder)
    activates_at = program.activates_at(earned_at, pending_days)
    expires_at = program.expires_at(activates_at)
    number = book.seq + 1
    target: Literal["pending", "available"] = "pending" if pending_days else "available"
    book.move(
        "earn",
        points,
        "issued",
        target,
        earned_at,
        number,
        rule=rule,
        exact=exact,
        order_id=order_id,
        line_id=line_id,
        program_version=program.version,
        activates_at=activates_at,
        expires_at=expires_at,
    )
    book.open_lot(
        Lot(
            number,
            points,
            points if pending_days else 0,
            0 if pending_days else points,
            0,
            0,
            0,
            exact,
            0,
            rule,
            award,
            line_id or "",
            program.version,
            earned_at,
            activates_at,
            expires_at,
        )
    )


def _check_size(rule: str, exact: int) -> None:
    if exact > MAX_SAFE_INTEGER:
        raise Poison(
            "too-large",
            "data",
            f"rule {rule} would award {exact // MICRO} points at once, more than can be counted "
            "exactly; send the true amount",
            stage="decide",
        )
