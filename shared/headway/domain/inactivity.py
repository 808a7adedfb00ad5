"""Points that die when the member has been inactive for too long: a due time on the account.

Points earned in a tier whose points never expire are not among them. No version makes inactive
whoever was active before it: the clock starts no earlier than the version that has one.
"""

from datetime import datetime

from headway.domain.account import Lot
from headway.domain.book import Book
from headway.program.program import Program, Programs
from headway.program.rules import Expiry
from headway.program.validity import inactive_at


def inactive_since(book: Book, programs: Programs, instant: datetime) -> datetime | None:
    """When the account's points die for want of activity; None: they do not, or there are none."""
    if book.active_at is None or not _something_dies(book):
        return None
    while True:
        program = programs.at(instant)
        due = runs_out(book.active_at, book.tier, program)
        following = programs.next_start(instant)
        if following is None or (due is not None and due < following):
            return due
        instant = following


def _something_dies(book: Book) -> bool:
    """Whether there are such points; where not all lots are known there may be."""
    if not book.account.lots_complete:
        return book.balances["available"] > 0
    return any(map(_dies, book.lots.values()))


def _dies(lot: Lot) -> bool:
    return lot.available > 0 and lot.expires_at is None


def runs_out(active_at: datetime, tier: str, program: Program) -> datetime | None:
    """When the clock runs out that was started then, in a tier, under a version; None: never."""
    return inactive_at(_expiry(tier, program), max(active_at, program.from_at), program.zone)


def _expiry(tier: str, program: Program) -> Expiry:
    """The tier's own, where it goes by inactivity too, else the programme's."""
    own = program.expiry_in(tier)
    return own if own.inactive_months else program.expiry


def lapse(book: Book, at: datetime) -> None:
    """All such points expire; what becomes available later lives as long again."""
    for lot in book.open_lots():
        if not _dies(lot):
            continue
        book.put_lot(lot._replace(expires_at=at))
        book.move(
            "expire", lot.available, "available", "expired", at, lot.lot,
            program_version=lot.program_version, activates_at=lot.activates_at, expires_at=at,
        )  # fmt: skip
    book.active_at = at


def keeps_alive(book: Book, programs: Programs, kind: str, moment: datetime) -> None:
    """Note an activity that keeps points alive; after a clock that ran out anything starts it."""
    if book.shadow:
        return
    active_at, program = book.active_at, programs.at(moment)
    if active_at is None:
        book.active_at = moment
        return
    ran_out = runs_out(active_at, book.tier, program)
    qualifies = kind in _expiry(book.tier, program).qualifying
    if moment > active_at and (qualifies or (ran_out is not None and ran_out <= moment)):
        book.active_at = moment
