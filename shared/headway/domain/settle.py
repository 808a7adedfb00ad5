"""Bringing an account up to a moment: what became due happens, each at its own due time.

Order at one instant: activate, repay, expire, tier. Results do not depend on when this runs.
"""

from datetime import datetime
from typing import NamedTuple

from headway.domain.account import Lot
from headway.domain.book import Book
from headway.domain.points import Bucket, Kind
from headway.domain.tier import judge_tier, next_change
from headway.errors import InvariantViolated
from headway.program.program import Programs

_ACTIVATE, _REPAY, _EXPIRE, _TIER = range(4)


class _Due(NamedTuple):
    at: datetime
    step: int
    lot: int


def settle(book: Book, programs: Programs, until: datetime) -> None:
    """Let everything due by `until` happen and move the account's time there."""
    now = book.time
    if now is not None and until < now:
        until = now
    if _something_due(book, programs, until):
        _run_dues(book, programs, until, now or until)
    book.time = until
    book.settled = len(book.points)


def _something_due(book: Book, programs: Programs, until: datetime) -> bool:
    account = book.account
    if account.unloaded_due_at is not None and account.unloaded_due_at <= until:
        raise InvariantViolated(
            f"account {account.account_id} is due, but its lots were not loaded"
        )
    if account.next_due_at is not None and account.next_due_at <= until:
        return True
    if book.balances["owed"] < 0 < book.balances["available"]:
        return True
    for lot in book.lots.values():
        due_at = _due_at(lot)
        if due_at is not None and due_at <= until:
            return True
    # A version published after next_due_at was told is not in it.
    change = next_change(book, programs, book.time or until) if programs.several else None
    return change is not None and change <= until


def _run_dues(book: Book, programs: Programs, until: datetime, instant: datetime) -> None:
    while True:
        due = _next_due(book, programs, instant)
        if due is None or due.at > until:
            return
        if due.at > instant:
            instant = due.at
        if due.step == _ACTIVATE:
            lot = book.lot(due.lot)
            _own_time(book, "activate", lot, lot.pending, "pending", "available", due.at)
        elif due.step == _REPAY:
            repay(book, due.at)
        elif due.step == _EXPIRE:
            lot = book.lot(due.lot)
            _own_time(book, "expire", lot, lot.available, "available", "expired", due.at)
        else:
            judge_tier(book, programs, due.at)


def _due_at(lot: Lot) -> datetime | None:
    if lot.pending:
        return lot.activates_at
    return lot.expires_at if lot.available else None


def _due_of(lot: Lot) -> _Due | None:
    at = _due_at(lot)
    return None if at is None else _Due(at, _ACTIVATE if lot.pending else _EXPIRE, lot.lot)


def _next_due(book: Book, programs: Programs, instant: datetime) -> _Due | None:
    dues = [due for due in map(_due_of, book.lots.values()) if due is not None]
    if book.balances["owed"] < 0 < book.balances["available"]:
        # What became available clears what is owed before anything else happens later.
        dues.append(
            _Due(min((due.at for due in dues if due.at <= instant), default=instant), _REPAY, 0)
        )
    change = next_change(book, programs, instant)
    if change is not None:
        dues.append(_Due(change, _TIER, 0))
    return min(dues, default=None)


def repay(book: Book, at: datetime) -> None:
    """Available points clear what is owed, in spend order, one row per lot touched."""
    for lot in book.open_lots():
        owed = -book.balances["owed"]
        if owed <= 0:
            return
        _own_time(book, "repay", lot, min(lot.available, owed), "available", "owed", at)


def _own_time(
    book: Book, kind: Kind, lot: Lot, points: int, source: Bucket, target: Bucket, at: datetime
) -> None:
    """A row that is due by itself: under the version that awarded the lot, whatever input happens
    to settle the account."""
    book.move(kind, points, source, target, at, lot.lot, program_version=lot.program_version)


def next_due_at(book: Book, programs: Programs) -> datetime | None:
    """When settling next has something to do (a lower bound where lots were not loaded)."""
    earliest = book.account.unloaded_due_at
    for lot in book.lots.values():
        due_at = _due_at(lot)
        if due_at is not None and (earliest is None or due_at < earliest):
            earliest = due_at
    change = None if book.time is None else next_change(book, programs, book.time)
    return change if earliest is None or (change is not None and change < earliest) else earliest
