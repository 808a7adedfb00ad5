"""An opening balance: what a member had when their account moved here.

It stands where the member joined, and takes the account to the latest moment it speaks of. What
comes later by business time, but before that moment, is judged with the balance there already.
"""

from datetime import date, datetime

from headway.contracts.opening import OPENING, OpeningBalance, OpeningLot
from headway.domain.account import Input
from headway.domain.award import open_lot
from headway.domain.book import Book
from headway.domain.inactivity import keeps_alive
from headway.domain.measure import count
from headway.domain.outcome import Outcome, applied, nothing
from headway.domain.referral import award_signup
from headway.domain.settle import settle
from headway.domain.tier import judge_tier
from headway.program.calendar import midnight
from headway.program.program import Program, Programs
from headway.program.rules import MICRO

ENROLS = frozenset(("member.joined", OPENING))
"""Kinds of input that make a member of somebody; all others wait for one of them."""

ENROLLED = "enrolled"
"""The reason told of a balance that made a member of somebody; verify counts by it."""


def reaches(item: Input) -> datetime:
    """The moment to which deciding an input takes its account, at least."""
    as_of: datetime = item.data.as_of if item.kind == OPENING else item.time
    return as_of


def decide_opening(book: Book, programs: Programs, item: Input, data: OpeningBalance) -> Outcome:
    """Enrol the member if need be, count what tiers go by, and open a lot for each one stated.

    Points stated count towards no tier: what does is stated beside them.
    """
    if book.left_at is not None and data.as_of >= book.left_at:
        return nothing("member left")
    enrols = book.joined_at is None
    if enrols:
        book.joined_at, book.active_at = item.time, data.as_of
        judge_tier(book, programs, book.time or item.time)
    settle(book, programs, data.as_of)
    at = book.time or data.as_of
    program = programs.at(data.as_of)
    for measured in data.measured:
        day = midnight(date.fromisoformat(measured.on), program.zone)
        count(book, program, data.measure, day, measured.amount)
    book.purchases += data.purchases
    judge_tier(book, programs, at)
    for place, lot in enumerate(data.lots):
        _open(book, program, lot, data.award(place))
    if enrols:
        award_signup(book, programs)
        return applied(ENROLLED, unlocks="member")
    keeps_alive(book, programs, item.kind, data.as_of)
    return applied()


def _open(book: Book, program: Program, lot: OpeningLot, award: str) -> None:
    expires_at = lot.expires_at
    if lot.by_programme:
        expires_at = program.expires_at(lot.earned_at, book.tier)
    open_lot(
        book, lot.rule, lot.points * MICRO, award, "", program.version, lot.earned_at,
        lot.earned_at, expires_at, None,
    )  # fmt: skip
