"""Points that die when the member has been inactive for too long: a due time on the account."""

from datetime import datetime

from headway.domain.book import Book
from headway.program.program import Program, Programs
from headway.program.rules import Expiry
from headway.program.validity import inactive_at


def inactive_since(book: Book, programs: Programs, instant: datetime) -> datetime | None:
    """When the account's points die for want of activity; None: they do not, or there are none."""
    if not book.balances["available"] or book.active_at is None:
        return None
    program = programs.at(instant)
    return inactive_at(program.expiry_in(book.tier), book.active_at, program.zone)


def lapse(book: Book, at: datetime) -> None:
    """All available points expire; what becomes available later lives as long again."""
    for lot in book.open_lots():
        book.put_lot(lot._replace(expires_at=at))
        book.move(
            "expire", lot.available, "available", "expired", at, lot.lot,
            program_version=lot.program_version, activates_at=lot.activates_at, expires_at=at,
        )  # fmt: skip
    book.active_at = at


def keeps_alive(book: Book, programs: Programs, kind: str, moment: datetime) -> None:
    """Note an activity that keeps points alive; after a clock that ran out anything starts it.

    It is noted in a tier without a clock, too: whoever falls from it was not inactive there.
    """
    program = programs.at(moment)
    expiry = _by_inactivity(program, book.tier)
    if expiry is None or book.shadow:
        return
    active_at = book.active_at
    ran_out = None if active_at is None else inactive_at(expiry, active_at, program.zone)
    counts = kind in expiry.qualifying or (ran_out is not None and ran_out <= moment)
    if active_at is None or (counts and moment > active_at):
        book.active_at = moment


def _by_inactivity(program: Program, tier: str) -> Expiry | None:
    """What the tier says of inactivity, else what the programme or another tier does."""
    levels = (level.expiry for level in program.levels if level.expiry is not None)
    lives = (program.expiry_in(tier), program.expiry, *levels)
    return next((expiry for expiry in lives if expiry.inactive_months), None)
