"""Which lots of an account a decision needs, and reading them: never more than it can touch."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from headway.contracts.opening import OPENING
from headway.domain.account import Account, Input, Lot, Parked, key_of
from headway.domain.adjustment import ADJUST
from headway.domain.decide import from_source, rewrites
from headway.domain.inactivity import runs_out
from headway.domain.opening import reaches
from headway.domain.transfer import GIVE, HOME, RECEIVE, SEND
from headway.ledger import snapshot
from headway.ledger.queries import load
from headway.ledger.snapshot import Keys
from headway.program.program import Programs

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "queries.sql")
_FOREVER = datetime(9998, 1, 1, tzinfo=UTC)
# What may touch points that are already there, whatever they are of.
_TOUCHING = frozenset(
    (
        "order.refunded",
        "order.cancelled",
        "order.fulfilled",
        "review.removed",
        "redemption.reserve",
        "redemption.confirm",
        "redemption.cancel",
        "redemption.timeout",
        "redemption.reverse",
        ADJUST,
        SEND,
        RECEIVE,
        GIVE,
        HOME,
    )
)


class Need(IntEnum):
    """How much of an account's lots is needed, the least first."""

    NOTHING = 0
    DUE = 1
    OPEN = 2
    ALL = 3


class Wanted(NamedTuple):
    """What is needed of one account; `until`: how far it will be settled; `since`: expired lots
    from then on may come back."""

    need: Need
    until: datetime
    since: datetime | None

    def anything(self) -> bool:
        """Whether there is anything to read."""
        return self.need is not Need.NOTHING or self.since is not None


def decided_from_log(
    programs: Programs,
    row: asyncpg.Record,
    items: Sequence[Input],
    waiting: Sequence[Parked],
) -> bool:
    """Whether any of those inputs may have the account of a row decided again, so that its log is
    needed. Asked before anything else of the account is read."""
    if any(rewrites(programs, item) or (waiting and item.kind == OPENING) for item in items):
        return True  # What waited for an opening balance is judged at its own place after it.
    earliest = min((item.time for item in items if from_source(item)), default=None)
    if earliest is None:
        return False
    for one in waiting:
        # Once released it counts at its own time, and what is earlier is late.
        if rewrites(programs, one.input) or one.input.time > earliest:
            return True
    settled: datetime | None = row["account_time"]
    if settled is None or earliest != settled:
        return settled is not None and earliest < settled
    last = snapshot.account_from(row).last
    return last is not None and any(from_source(one) and key_of(one) < last for one in items)


def wanted(
    programs: Programs,
    account: Account,
    items: Sequence[Input],
    waiting: Sequence[Parked],
    keys: Keys,
) -> Wanted:
    """Which lots deciding those inputs can touch."""
    until = max((reaches(item) for item in items), default=account.time or _FOREVER)
    if account.time is not None and account.time > until:
        until = account.time
    since = _comes_back_since(programs, items, waiting) if account.seq else None
    return Wanted(_need(programs, account, items, waiting, keys, until), until, since)


def _comes_back_since(
    programs: Programs, items: Sequence[Input], waiting: Sequence[Parked]
) -> datetime | None:
    """From when on points must have expired to come back with one of these purchases, if any."""
    if not programs.reinstate_days:
        return None
    inputs = (*items, *(one.input for one in waiting))
    earliest = min((one.time for one in inputs if one.kind == "order.paid"), default=None)
    return None if earliest is None else earliest - timedelta(days=programs.reinstate_days)


def _need(
    programs: Programs,
    account: Account,
    items: Sequence[Input],
    waiting: Sequence[Parked],
    keys: Keys,
    until: datetime,
) -> Need:
    if not account.seq:
        return Need.NOTHING
    if account.account_id in keys.history:
        return Need.ALL
    if programs.any_automatic and _may_issue(programs, account, items, waiting, until):
        return Need.OPEN
    if account.owed or any(item.kind in _TOUCHING for item in items):
        return Need.OPEN
    if any(one.input.kind in _TOUCHING for one in waiting):
        return Need.OPEN
    if account.account_id in keys.orders or account.account_id in keys.effects:
        return Need.OPEN
    if _lapses(programs, account, until):
        return Need.OPEN
    due = account.next_due_at
    if due is not None and due <= until:
        return Need.DUE
    return Need.NOTHING


def _may_issue(
    programs: Programs,
    account: Account,
    items: Sequence[Input],
    waiting: Sequence[Parked],
    until: datetime,
) -> bool:
    """Whether a certificate may issue itself, if no expired points come back: true too often.

    Not while the points are too few for any, and nothing can add to them by then: neither what is
    due, nor what these inputs give.
    """
    if account.available >= programs.cheapest_automatic or waiting:
        return True
    if any(item.kind != "order.paid" for item in items):
        return True
    due = account.next_due_at
    if (due is not None and due <= until) or (programs.several and account.birthday):
        return True  # A version published since may give for birthdays.
    # The difference, not the sum: never may be very far away.
    return any(until - item.time >= programs.soonest for item in items)


def _lapses(programs: Programs, account: Account, until: datetime) -> bool:
    """Whether the account's points may die of inactivity by then; or must be told of it."""
    if account.active_at is None or not programs.any_inactivity:
        return False
    told = until + timedelta(days=programs.longest_notice + 2)
    for program in programs.all:
        lapses = runs_out(account.active_at, account.tier, program)
        if lapses is not None and lapses <= told:
            return True
    return False


async def read_lots(
    connection: "Connection",
    programs: Programs,
    accounts: Mapping[int, tuple[Account, Wanted]],
    keys: Keys,
) -> dict[int, Account]:
    """Those accounts with the lots they need, in one trip."""
    due = {n: w.until for n, (_, w) in accounts.items() if w.need is Need.DUE}
    told = timedelta(days=programs.longest_notice + 2) if programs.longest_notice else timedelta()
    paid = [
        (n, lot)
        for n, (account, w) in accounts.items()
        if w.need is Need.OPEN
        for certificate in account.certificates
        for lot, _ in certificate.held
    ]
    back = {n: w.since for n, (_, w) in accounts.items() if w.since is not None}
    spent = [(n, lot) for n, (a, w) in accounts.items() if w.need is Need.OPEN for lot in _spent(a)]
    rows = await connection.fetch(
        QUERIES.read_lots,
        [n for n, (_, w) in accounts.items() if w.need is Need.OPEN],
        sorted(
            award
            for n, (account, w) in accounts.items()
            if w.need is Need.OPEN
            for award in _awards(account, keys)
        ),
        [n for n, (_, w) in accounts.items() if w.need is Need.ALL],
        list(due),
        list(due.values()),
        [until + told for until in due.values()],
        list(back),
        list(back.values()),
        [number for number, _ in [*paid, *spent]],
        [lot for _, lot in [*paid, *spent]],
        programs.any_automatic,
    )
    found: dict[int, dict[int, Lot]] = {number: {} for number in accounts}
    for row in rows:
        found[row["account_id"]][row["lot"]] = snapshot.lot_from(row)
    return {
        number: _with_lots(account, wanted_, found[number], told, programs)
        for number, (account, wanted_) in accounts.items()
    }


async def with_open_lots(connection: "Connection", account: Account) -> Account:
    """The account with every lot that points can still come out of, for showing how it stands."""
    rows = await connection.fetch(QUERIES.read_lots, [account.account_id], *[[]] * 9, False)
    lots = {row["lot"]: snapshot.lot_from(row) for row in rows}
    return account._replace(lots=lots, lots_complete=True, unloaded_due_at=None)


def _awards(account: Account, keys: Keys) -> list[str]:
    number = account.account_id
    awards = [
        *("order:" + order for order in keys.orders.get(number, ())),
        *("review:" + review for review in keys.reviews.get(number, ())),
        *("effect:" + effect for effect in keys.effects.get(number, ())),
    ]
    if account.referral is not None:
        referral = "referral:" + account.referral.referral_id
        awards.append(referral)
        awards += (f"{referral}:{order}" for order in keys.orders.get(number, ()))
    return awards


def _spent(account: Account) -> list[int]:
    """The lots of what has paid for orders: points may come back to them, or go again."""
    return sorted({lot for p in account.payments.values() for lot, _ in (*p.held, *p.taken) if lot})


def _with_lots(
    account: Account, wanted_: Wanted, lots: dict[int, Lot], told: timedelta, programs: Programs
) -> Account:
    if not lots and wanted_.need is Need.NOTHING:
        return account
    if wanted_.need is Need.NOTHING and not programs.any_automatic:
        return account._replace(lots=lots)
    if wanted_.need is not Need.DUE:
        return account._replace(lots=lots, lots_complete=True, unloaded_due_at=None)
    notice_days, dues = programs.longest_notice, list[datetime]()
    for lot in lots.values():
        if lot.pending:
            if lot.activates_at > wanted_.until:
                dues.append(lot.activates_at)
        elif lot.available and lot.expires_at and lot.expires_at > wanted_.until + told:
            # Before it expires its member may have to be told.
            dues.append(lot.expires_at - timedelta(days=notice_days + 1 if notice_days else 0))
    return account._replace(lots=lots, lots_complete=False, unloaded_due_at=min(dues, default=None))
