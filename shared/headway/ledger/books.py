"""The accounts of one transaction: opened under lock, decided on in memory, written in one trip."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from headway.domain.account import Account, Input
from headway.domain.closing import Decision
from headway.domain.decide import decide_all, from_source
from headway.domain.entitlement import History
from headway.errors import InvariantViolated, Retryable
from headway.ledger import reading, snapshot
from headway.ledger.lots import Wanted, decided_from_log, read_lots, wanted
from headway.ledger.programs import ProgramCache
from headway.ledger.reading import NOWHERE, QUERIES, Known, Reached
from headway.ledger.snapshot import Keys
from headway.program.program import Programs

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


class Books:
    """What a transaction holds and has decided.

    Steps: `open_*` (locks, then reads), `decide` for each input, then `headway.ledger.writing`.
    """

    def __init__(self, programs: Programs, known: Known, keys: Keys, topic_prefix: str) -> None:
        self.programs = programs
        self.known = known
        self.keys = keys
        self.topic_prefix = topic_prefix
        self.accounts: dict[int, Account] = {}
        self.by_member: dict[str, int] = {}
        self.last_seq: dict[int, int] = {}
        self.heads: dict[int, bytes] = {}
        """The last points event of each account, and its hash, as the transaction found them."""
        self.recorded_at: dict[int, datetime] = {}
        """When this transaction's rows of an account are recorded: read after the locks, never
        below the account's last."""
        self.decisions: list[Decision] = []

    def hold(self, row: asyncpg.Record, account: Account) -> None:
        """Take in an account that is locked, from its row."""
        number, now = account.account_id, self.known.now
        self.accounts[number] = account
        self.by_member[account.member_id] = number
        self.last_seq[number] = account.seq
        self.heads[number] = row["head_hash"]
        last: datetime | None = row["recorded_at"]
        self.recorded_at[number] = now if last is None or last < now else last

    def decide(self, account_id: int, item: Input) -> list[Decision]:
        """Decide an input, and what it releases; keeps the account's new state."""
        account = self.accounts[account_id]
        holders = self.keys.holders
        elsewhere = [
            key for key in reading.keys_of(item) if holders.get(key, account_id) != account_id
        ]
        if elsewhere or account.held_elsewhere:
            account = account._replace(held_elsewhere=frozenset(elsewhere))
        decisions = decide_all(self.programs, account, item, lambda: self._log(account_id))
        self.accounts[account_id] = decisions[-1].account
        log = self.keys.history.get(account_id)
        if log is not None and from_source(item):
            log.append((decisions[0].n, item))
        self.decisions += decisions
        for decision in decisions:
            self._claim(account_id, decision)
        return decisions

    def _log(self, account_id: int) -> History:
        try:
            return self.keys.history[account_id]
        except KeyError:
            raise InvariantViolated(
                f"account {account_id} is to be decided again, but its inputs were not loaded"
            ) from None

    def _claim(self, account_id: int, decision: Decision) -> None:
        """Keys claimed in this transaction, so that another account in it cannot claim them too."""
        holders, touched = self.keys.holders, decision.touched
        for order_id in touched.orders:
            holders["order:" + order_id] = account_id
        if not touched.rare():
            return
        for refund_id in touched.refunds:
            holders["refund:" + refund_id] = account_id
        for review_id in touched.reviews:
            holders["review:" + review_id] = account_id
        for effect in touched.effects:
            holders["effect:" + effect] = account_id
        if touched.referee and decision.account.referral is not None:
            holders["referral:" + decision.account.referral.referral_id] = account_id


async def open_for_members(
    connection: "Connection",
    cache: ProgramCache,
    items: Sequence[tuple[str, Input]],
    topic_prefix: str,
    reached: Reached = NOWHERE,
    ended: Callable[[str], None] = lambda phase: None,
) -> Books:
    """Create, lock and read the accounts of (member, input) pairs: at most six round trips.

    `ended` is told when the phases `lock` and `load` have ended.
    """
    members = sorted({member for member, _ in items})
    await connection.execute(QUERIES.create_accounts, members)
    rows = await connection.fetch(QUERIES.lock_accounts, members)
    by_member = {row["member_id"]: row["account_id"] for row in rows}
    if len(by_member) < len(members):
        raise Retryable("a member was erased while the accounts were locked")
    ended("lock")
    work: dict[int, list[Input]] = {}
    for member, item in items:
        work.setdefault(by_member[member], []).append(item)
    books = await _open(connection, cache, rows, work, topic_prefix, reached)
    ended("load")
    return books


async def open_locked(
    connection: "Connection",
    cache: ProgramCache,
    rows: Sequence[asyncpg.Record],
    make: Callable[[asyncpg.Record], Input],
    topic_prefix: str,
) -> tuple[Books, dict[int, Input]]:
    """Read the accounts of rows that are locked already, one input each."""
    work = {row["account_id"]: make(row) for row in rows}
    books = await _open(
        connection, cache, rows, {account: [item] for account, item in work.items()}, topic_prefix
    )
    return books, work


async def _open(
    connection: "Connection",
    cache: ProgramCache,
    rows: Sequence[asyncpg.Record],
    work: Mapping[int, Sequence[Input]],
    topic_prefix: str,
    reached: Reached = NOWHERE,
) -> Books:
    identities = [(item.source, item.id) for items in work.values() for item in items]
    numbers = [row["account_id"] for row in rows]
    known = await reading.read_known(connection, identities, numbers, reached)
    programs = await cache.get(connection, known.program_version)
    again = [
        number
        for number, row in zip(numbers, rows, strict=True)
        if decided_from_log(programs, row, work.get(number, ()), known.parked.get(number, ()))
    ]
    keys = await reading.read_keys(connection, work, known.parked, again)
    books = Books(programs, known, keys, topic_prefix)
    lacking: dict[int, tuple[Account, Wanted]] = {}
    for row in rows:
        number = row["account_id"]
        waiting = known.parked.get(number, ())
        account = snapshot.account_from(row, keys, waiting)
        need = wanted(programs, account, work.get(number, ()), waiting, keys)
        if need.anything():
            lacking[number] = account, need
        books.hold(row, account)
    if lacking:
        books.accounts.update(await read_lots(connection, programs, lacking, keys))
    return books
