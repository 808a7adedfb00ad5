"""Granting points: the fraction rule, pending or available at once, validity from activation."""

from datetime import datetime
from typing import Literal

from headway.contracts.fields import MAX_SAFE_INTEGER
from headway.domain.account import Lot
from headway.domain.book import Book
from headway.domain.measure import count
from headway.errors import Poison
from headway.program.caps import counted, room
from headway.program.program import NOT_YET, Program
from headway.program.rules import MICRO, Rule


def grant(
    book: Book,
    program: Program,
    rule: Rule,
    exact: int,
    award: str,
    earned_at: datetime,
    *,
    order_id: str | None = None,
    line_id: str | None = None,
) -> None:
    """One earn row and its lot. `exact` > 0 in millionths of a point.

    Points under a rule are floor(sum of exact still standing): the row holds the difference,
    which may be 0 when the award only adds to the remainder. Raises Poison beyond 2**53 - 1
    millionths, some nine thousand million points: RFC 8785 writes no larger integer.
    """
    activates_at = program.activates_at(earned_at, rule.pending)
    expires_at = None if activates_at is NOT_YET else program.expires_at(activates_at, book.tier)
    open_lot(
        book, rule.id, exact, award, line_id or "", program.version, earned_at, activates_at,
        expires_at, order_id,
    )  # fmt: skip
    count(book, program, "points", earned_at, exact)


def open_lot(
    book: Book,
    rule: str,
    exact: int,
    award: str,
    line_id: str,
    version: int,
    earned_at: datetime,
    activates_at: datetime,
    expires_at: datetime | None,
    order_id: str | None,
) -> None:
    """The earn row and the lot of an award whose life is known."""
    _check_size(rule, exact)
    points, remainder = divmod(book.remainders.get(rule, 0) + exact, MICRO)
    book.set_remainder(rule, remainder)
    number = book.seq + 1
    waits = book.shadow or activates_at > earned_at
    target: Literal["pending", "available"] = "pending" if waits else "available"
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
        line_id=line_id or None,
        program_version=version,
        activates_at=activates_at,
        expires_at=expires_at,
    )
    book.open_lot(
        Lot(
            number,
            points,
            points if waits else 0,
            0 if waits else points,
            0,
            0,
            0,
            exact,
            0,
            rule,
            award,
            line_id,
            version,
            earned_at,
            activates_at,
            expires_at,
        )
    )


def grant_once(
    book: Book,
    program: Program,
    rule: Rule,
    exact: int,
    award: str,
    earned_at: datetime,
    since: datetime,
    *,
    order_id: str | None = None,
) -> bool:
    """Grant what the rule's caps leave, in the period of `since`, of an award that is judged by
    itself; whether there was anything."""
    day = program.day(since)
    left = room(rule, book.caps, day) if rule.caps else None
    given = exact if left is None else min(exact, left)
    if given <= 0:
        return False
    grant(book, program, rule, given, award, earned_at, order_id=order_id)
    if rule.caps:
        book.caps = counted(rule, book.caps, day, given, 1)
    return True


def fulfilled(rule: Rule, fulfilled_at: datetime) -> datetime:
    """When points become available that waited for their order to be handed over."""
    return fulfilled_at + rule.pending.wait


def _check_size(rule: str, exact: int) -> None:
    if exact > MAX_SAFE_INTEGER:
        raise Poison(
            "too-large",
            "data",
            f"rule {rule} would award {exact // MICRO} points at once, more than can be counted "
            "exactly; send the true amount",
            stage="decide",
        )
