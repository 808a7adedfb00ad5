"""Opening balances in the ledger: decided and written as everything else is, a batch at a time."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from headway.contracts import codec
from headway.contracts.opening import IMPORTED, OPENING, OpeningBalance
from headway.domain.account import Input
from headway.errors import Retryable
from headway.ledger.books import open_for_members
from headway.ledger.programs import ProgramCache
from headway.ledger.queries import load
from headway.ledger.writing import write

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "openings.sql")
AT_ONCE = 1000
"""Members in one transaction."""
_TRIES = 5
# Another writer was first, or in the way: read all again and decide again.
_AGAIN = (
    Retryable, asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError, asyncpg.LockNotAvailableError,
)  # fmt: skip


class Known(NamedTuple):
    """Which balances of a file are in the ledger already: as told now, or otherwise."""

    same: frozenset[str]
    other: tuple[str, ...]
    """Members whose balance of this batch is there with other content."""


class Sum(NamedTuple):
    """Members with points, their lots, and the points of those when they were brought in."""

    members: int
    lots: int
    points: int


def input_of(balance: OpeningBalance) -> Input:
    """The balance as decisions take it."""
    body = codec.canonical(balance)
    digest = codec.digest(OPENING, balance.member_id, body)
    return Input(IMPORTED, balance.id, OPENING, balance.joined_at, balance, digest, body)


def stated(balances: Sequence[OpeningBalance]) -> Sum:
    """What a file says."""
    lots = [lot for balance in balances for lot in balance.lots]
    members = sum(bool(balance.lots) for balance in balances)
    return Sum(members, len(lots), sum(lot.points for lot in lots))


async def known(connection: "Connection", balances: Sequence[OpeningBalance]) -> Known:
    """Compare with what is there."""
    found: dict[str, bytes] = {}
    for part in _parts(balances):
        ids = [balance.id for balance in part]
        rows = await connection.fetch(QUERIES.known_openings, IMPORTED, ids)
        found.update((row["id"], bytes(row["digest"])) for row in rows)
    there = [balance for balance in balances if balance.id in found]
    same = frozenset(b.member_id for b in there if input_of(b).digest == found[b.id])
    return Known(same, tuple(b.member_id for b in there if b.member_id not in same))


async def bring_in(
    connection: "Connection", balances: Sequence[OpeningBalance], topic_prefix: str,
    progress: Callable[[int, int], None] | None = None,
) -> Mapping[str, str]:  # fmt: skip
    """Decide and write balances, by member id, a transaction for each thousand members.

    Balances that are there already are left alone. Returns why, by member, one gave nothing.
    """
    cache = ProgramCache()
    refused: dict[str, str] = {}
    done = 0
    for part in _parts(balances):
        for left in reversed(range(_TRIES)):
            try:
                refused.update(await _write(connection, cache, part, topic_prefix))
                break
            except _AGAIN:
                if not left:
                    raise
        done += len(part)
        if progress is not None:
            progress(done, len(balances))
    return refused


async def _write(
    connection: "Connection", cache: ProgramCache, part: Sequence[OpeningBalance], prefix: str
) -> dict[str, str]:
    items = [(balance.member_id, input_of(balance)) for balance in part]
    refused: dict[str, str] = {}
    async with connection.transaction():
        books = await open_for_members(connection, cache, items, prefix)
        for member_id, item in items:
            if (item.source, item.id) in books.known.inputs:
                continue
            outcome = books.decide(books.by_member[member_id], item)[0].outcome
            if outcome.outcome == "nothing":
                refused[member_id] = outcome.reason
        await write(connection, books)
    return refused


async def written(connection: "Connection", batch: str, balances: Sequence[OpeningBalance]) -> Sum:
    """What the ledger holds of a batch, for the members of these balances."""
    total = Sum(0, 0, 0)
    for part in _parts(balances):
        members = [balance.member_id for balance in part]
        row = await connection.fetchrow(QUERIES.written, members, f"opening:{batch}:")
        if row is not None:
            total = Sum(*(a + b for a, b in zip(total, tuple(row), strict=True)))
    return total


def _parts(balances: Sequence[OpeningBalance]) -> list[Sequence[OpeningBalance]]:
    return [balances[start : start + AT_ONCE] for start in range(0, len(balances), AT_ONCE)]
