"""What came and went in the period of a statement. Pure.

A change belongs to the period in which the account's own time stands: that only moves forward, so
a period that is over stays as it was told, whatever comes late.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from headway.contracts.balance import BalanceChanged
from headway.program.calendar import add_months, local_date, midnight
from headway.program.program import Program
from headway_notify.details import Statement

_PLACES = {
    "earn": "earned", "redeem": "used", "donate": "used", "restore": "restored",
    "reinstate": "restored", "expire": "expired", "reverse": "taken_back", "waive": "taken_back",
}  # fmt: skip
"""Where a statement counts each kind of row; all others are adjustments (transfers, too)."""
COUNTED = ("earned", "restored", "adjusted", "used", "expired", "taken_back")


class Moved(NamedTuple):
    """By how much one change moved what is held in the period from `first` to `last`; `held` is
    what is held after it. `changes` are in the order of COUNTED."""

    member_id: str
    first: date
    last: date
    ends_at: datetime
    epoch: int
    version: int
    held: int
    changes: tuple[int, ...]


def moved(change: BalanceChanged, program: Program) -> Moved:
    """What one change adds to its period."""
    first, last = period_of(
        local_date(change.account_time, program.zone), program.messages.statement_months
    )
    counted = dict.fromkeys(COUNTED, 0)
    for kind, points in (change.moved or {}).items():
        counted[_PLACES.get(kind, "adjusted")] += points
    return Moved(
        change.member_id, first, last, midnight(last + timedelta(days=1), program.zone),
        change.epoch, change.version,
        change.pending + change.available + change.reserved + change.owed,
        tuple(counted.values()) if change.moved else (),
    )  # fmt: skip


def period_of(day: date, months: int) -> tuple[date, date]:
    """The first and last day of the calendar period of so many months that a day lies in."""
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    return first, add_months(first, months) - timedelta(days=1)


def statement(first: date, last: date, closing: int, changes: tuple[int, ...]) -> Statement:
    """A period's statement; what was there before it is what is there after it less its changes."""
    counted = dict(zip(COUNTED, changes, strict=True))
    return Statement(
        first=first, last=last, opening=closing - sum(changes), closing=closing,
        earned=counted["earned"], restored=counted["restored"], adjusted=counted["adjusted"],
        used=-counted["used"], expired=-counted["expired"], taken_back=-counted["taken_back"],
    )  # fmt: skip
