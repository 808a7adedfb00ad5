"""Bringing an account up to a moment: what became due happens, each at its own due time.

Order at one instant: activate, repay, expire, tier, birthday, certificate. Results do not depend
on when this runs. A shadow knows only tiers and birthdays: its points are never spent and never
expire.
"""

from collections.abc import Iterator
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from headway.domain.account import Lot
from headway.domain.birthday import gift, next_gift
from headway.domain.book import Book
from headway.domain.certificate import due_certificate, issue
from headway.domain.inactivity import inactive_since, lapse
from headway.domain.notices import next_notice, notify
from headway.domain.points import Bucket, Kind
from headway.domain.tier import judge_tier, next_change, rests_until
from headway.errors import InvariantViolated
from headway.program.program import Programs

_ACTIVATE, _REPAY, _EXPIRE, _LAPSE, _TIER, _BIRTHDAY, _CERTIFICATE = range(7)


class _Due(NamedTuple):
    at: datetime
    step: int
    lot: int


def settle(book: Book, programs: Programs, until: datetime) -> None:
    """Let everything due by `until` happen and move the account's time there."""
    now = book.time
    if now is not None and until < now:
        until = now
    due = _something_due(book, programs, until)
    if due:
        _run_dues(book, programs, until, now or until)
    # What is to be told, too, is due: but for what a version published since has to tell.
    telling = programs.any_notices and (due or programs.several) and not book.shadow
    if telling and now is not None and now < until:
        notify(book, programs, now, until)
    book.time = until
    book.settled = len(book.points)


def _something_due(book: Book, programs: Programs, until: datetime) -> bool:
    if book.shadow:
        return True
    account = book.account
    if account.unloaded_due_at is not None and account.unloaded_due_at <= until:
        raise InvariantViolated(
            f"account {account.account_id} is due, but its lots were not loaded"
        )
    if account.next_due_at is not None and account.next_due_at <= until:
        return True
    if book.balances["owed"] < 0 < book.balances["available"]:
        return True
    if programs.any_automatic and book.weighed != book.standing():
        return True
    for lot in book.lots.values():
        due_at = due_at_of(lot)
        if due_at is not None and due_at <= until:
            return True
    now = book.time or until
    # A version published after next_due_at was told is not in it; nor is what this input told, nor
    # that the member had been inactive for too long when there was nothing to lose.
    news = book.tier_events or book.birthday != account.birthday or programs.any_inactivity
    if programs.several or news:
        return any(due.at <= until for due in _own_dues(book, programs, now, now))
    return False


def _run_dues(book: Book, programs: Programs, until: datetime, instant: datetime) -> None:
    waiting = [] if book.shadow else [due for due in map(_due_of, book.lots.values()) if due]
    heapify(waiting)
    given_until = instant  # a gift may be due at one moment with something that comes before it
    while True:
        due = _next_due(book, programs, instant, given_until, waiting)
        if due is None or due.at > until:
            return
        if due.at > instant:
            instant = due.at
        touched = book.touched
        changed, opened = len(touched.lots), len(touched.opened)
        _happen(book, programs, due)
        if due.step == _BIRTHDAY:
            given_until = due.at
        for number in (*touched.lots[changed:], *touched.opened[opened:]):
            following = _due_of(book.lots[number])
            if following is not None and not book.shadow:
                heappush(waiting, following)


def _happen(book: Book, programs: Programs, due: _Due) -> None:
    if due.step == _ACTIVATE:
        lot = book.lot(due.lot)
        _own_time(book, "activate", lot, lot.pending, "pending", "available", due.at)
    elif due.step == _REPAY:
        repay(book, due.at)
    elif due.step == _EXPIRE:
        lot = book.lot(due.lot)
        _own_time(book, "expire", lot, lot.available, "available", "expired", due.at)
    elif due.step == _LAPSE:
        lapse(book, due.at)
    elif due.step == _TIER:
        judge_tier(book, programs, due.at)
    elif due.step == _CERTIFICATE:
        issue(book, programs, due.at)
    else:
        gift(book, programs, due.at)


def due_at_of(lot: Lot) -> datetime | None:
    """When something next happens to a lot by itself."""
    if lot.pending:
        return lot.activates_at
    return lot.expires_at if lot.available else None


def _due_of(lot: Lot) -> _Due | None:
    at = due_at_of(lot)
    return None if at is None else _Due(at, _ACTIVATE if lot.pending else _EXPIRE, lot.lot)


def _own_dues(
    book: Book, programs: Programs, instant: datetime, given_until: datetime, *, tier: bool = True
) -> Iterator[_Due]:
    """What is due of the account itself, rather than of its lots; gifts after `given_until`."""
    change = next_change(book, programs, instant) if tier else None
    if change is not None:
        yield _Due(change, _TIER, 0)
    if book.birthday:
        gift_at = next_gift(book, programs, given_until)
        if gift_at is not None:
            yield _Due(gift_at, _BIRTHDAY, 0)
    if programs.any_inactivity and not book.shadow:
        lapses = inactive_since(book, programs, instant)
        if lapses is not None:
            yield _Due(max(lapses, instant), _LAPSE, 0)


def _next_due(
    book: Book,
    programs: Programs,
    instant: datetime,
    given_until: datetime,
    waiting: list[_Due],
) -> _Due | None:
    """What is due next; `waiting` is a heap of what the lots wait for, and of what they once did:
    thousands of lots may be due together."""
    while waiting and waiting[0] != _due_of(book.lots[waiting[0].lot]):
        heappop(waiting)
    dues = waiting[:1]
    if not book.shadow and book.balances["owed"] < 0 < book.balances["available"]:
        # What became available clears what is owed before anything else happens later.
        late = bool(dues) and dues[0].at <= instant
        dues.append(_Due(dues[0].at if late else instant, _REPAY, 0))
    dues += _own_dues(book, programs, instant, given_until)
    if programs.any_automatic and not book.shadow and due_certificate(book, programs, instant):
        dues.append(_Due(instant, _CERTIFICATE, 0))
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
        due_at = due_at_of(lot)
        if due_at is not None and (earliest is None or due_at < earliest):
            earliest = due_at
    if book.time is None:
        return earliest
    tier = earliest is None or earliest > rests_until(book, programs, book.time)
    for due in _own_dues(book, programs, book.time, book.time, tier=tier):
        if earliest is None or due.at < earliest:
            earliest = due.at
    if not programs.any_notices:
        return earliest
    notice = next_notice(book, programs, book.time, tier=tier)
    return notice if earliest is None or (notice is not None and notice < earliest) else earliest
