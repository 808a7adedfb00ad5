"""The checks that go row by row: hash chains, running sums, the input log's digests."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import asyncpg

from headway.contracts.codec import digest
from headway.domain.chain import FORM, GENESIS, canonical_row, link, recorded_bytes
from headway.domain.points import PointsEvent
from headway.ledger.erasing import NAMELESS, is_blinded
from headway.ledger.queries import Queries

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

Found = Callable[[int | None, str], None]
"""Takes the account and what is wrong with it."""

_COLUMNS = len(PointsEvent._fields)
_AHEAD = 5000
_OF_A_LOT = frozenset(("pending", "available", "reserved", "expired"))
_OF_AN_ACCOUNT = frozenset(("pending", "available", "reserved"))


async def walk_points(
    connection: "Connection", queries: Queries, low: int, high: int,
    broken_chain: Found, negative: Found,
) -> None:  # fmt: skip
    """Recompute every hash and every running sum of the accounts in that range.

    At most one finding per account and kind: what follows a break is broken by it.
    """
    heads: dict[int, bytes] = {
        row["account_id"]: row["head_hash"]
        for row in await connection.fetch(queries.walk_heads, low, high)
    }
    account: int | None = None
    chain, sums = _Chain(), _Sums()
    async for row in connection.cursor(queries.walk_points, low, high, prefetch=_AHEAD):
        if row["account_id"] != account:
            if account is not None:
                _close(account, chain, sums, heads.pop(account, None), broken_chain, negative)
            account, chain, sums = row["account_id"], _Chain(), _Sums()
        event = PointsEvent(*tuple(row)[:_COLUMNS])
        chain.add(row, event)
        sums.add(event)
    if account is not None:
        _close(account, chain, sums, heads.pop(account, None), broken_chain, negative)
    for without_rows, head in heads.items():
        if head != GENESIS:
            broken_chain(without_rows, "the account names a last hash, but has no points events")


def _close(
    account: int, chain: "_Chain", sums: "_Sums", head: bytes | None,
    broken_chain: Found, negative: Found,
) -> None:  # fmt: skip
    wrong = chain.wrong
    if not wrong and head is not None and head != chain.head:
        wrong = f"the chain ends in {chain.head.hex()[:12]}, the account says {head.hex()[:12]}"
    if wrong:
        broken_chain(account, wrong)
    if sums.wrong:
        negative(account, sums.wrong)


class _Chain:
    """The hashes of one account."""

    def __init__(self) -> None:
        self.head = GENESIS
        self.wrong = ""

    def add(self, row: asyncpg.Record, event: PointsEvent) -> None:
        if self.wrong:
            return
        if row["prev_hash"] != self.head:
            self.wrong = f"points event {event.seq} does not follow on the one before"
        elif (row["hash_form"], row["funder"]) != (FORM, "brand"):
            self.wrong = f"points event {event.seq} has a form that this release cannot check"
        else:
            self.head = link(self.head, recorded_bytes(row["recorded_at"]), canonical_row(event))
            if row["hash"] != self.head:
                self.wrong = f"points event {event.seq} is not what was hashed"


class _Sums:
    """The running sums of one account and its lots, in the order of the rows."""

    def __init__(self) -> None:
        self._balances = dict.fromkeys((*_OF_AN_ACCOUNT, "owed"), 0)
        self._lots: dict[tuple[int, str], int] = {}
        self.wrong = ""

    def add(self, event: PointsEvent) -> None:
        balances, points = self._balances, event.points
        source, target = event.from_bucket, event.to_bucket
        if source in balances:
            balances[source] -= points
            if balances[source] < 0 and source in _OF_AN_ACCOUNT:
                self._found(f"{source} falls to {balances[source]} at points event {event.seq}")
        if target in balances:
            balances[target] += points
            if balances["owed"] > 0:
                self._found(f"owed rises above zero at points event {event.seq}")
        if event.lot is None:
            return
        if target in _OF_A_LOT:
            key = (event.lot, target)
            self._lots[key] = self._lots.get(key, 0) + points
        if source in _OF_A_LOT:
            key = (event.lot, source)
            left = self._lots[key] = self._lots.get(key, 0) - points
            if left < 0:
                self._found(f"lot {event.lot}: {source} falls to {left} at {event.seq}")

    def _found(self, what: str) -> None:
        self.wrong = self.wrong or what


async def walk_inputs(
    connection: "Connection", queries: Queries, low: int, high: int, found: Found
) -> None:
    """Recompute the digest of every input from what is stored of it, names not erased."""
    async for row in connection.cursor(queries.walk_inputs, low, high, prefetch=_AHEAD):
        if is_blinded(row["digest"]) and _named_erased(row):
            continue
        if digest(row["kind"], row["member_id"], row["data"].encode()) != row["digest"]:
            found(row["account_id"], f"input {row['n']} ({row['kind']}) is not what was decided on")


def _named_erased(row: asyncpg.Record) -> bool:
    return row["member_id"].startswith(NAMELESS) or f'"{NAMELESS}' in row["data"]
