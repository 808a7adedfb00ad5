"""A member's points history, newest first: each row in words, with what the member had after it.

The rows of an account are numbered without gaps and never change, so a page is named by the number
before which it begins: it stays the same however many rows are appended meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import asyncpg
import orjson

from headway.domain.account import Account, Lot
from headway.domain.points import PointsEvent
from headway.ledger import snapshot
from headway.ledger.queries import load
from headway.ledger.story import Balances
from headway.ledger.wording import Wording
from headway.program.program import Programs
from headway.program.rules import MICRO

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "member_view.sql")
LOOKED_AT = 10_000
"""Rows that are looked at for one page at most; a page of few kinds may be shorter than asked."""
_COLUMNS = len(PointsEvent._fields)


class Wanted(NamedTuple):
    """Which rows are asked for; times are business times, the end of them not included."""

    kinds: Sequence[str] | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def everything(self) -> bool:
        """Whether no row is left out."""
        return self.kinds is None and self.since is None and self.until is None


class Cause(NamedTuple):
    """The input behind a row, in words and by its identity."""

    what: str
    source: str
    id: str
    kind: str
    time: datetime


class Told(NamedTuple):
    """One row: what it moved, why, when that was recorded, and what the member had after it."""

    row: PointsEvent
    recorded_at: datetime
    what: str
    rule: str
    lot: Lot | None
    cause: Cause
    after: Balances


class Page(NamedTuple):
    """Rows, newest first; `before` is where the next page begins, None after the last."""

    told: list[Told]
    before: int | None


class Spoken(NamedTuple):
    """What rows are said with, and their causes by number."""

    words: Wording
    causes: Mapping[int, Cause]


async def read_history(
    connection: "Connection", account: Account, programs: Programs, wanted: Wanted,
    before: int | None, limit: int,
) -> Page:  # fmt: skip
    """The newest `limit` wanted rows of an account before number `before` (None: of all).

    In a REPEATABLE READ transaction that `account` was read in.
    """
    top = account.seq + 1 if before is None else min(before, account.seq + 1)
    floor = max(top - LOOKED_AT, 1)
    records = await connection.fetch(
        QUERIES.history_page, account.account_id, top, floor,
        wanted.kinds, wanted.since, wanted.until, limit,
    )  # fmt: skip
    reached = records[-1]["seq"] if len(records) == limit else floor
    further = reached if reached > 1 else None
    if not records:
        return Page([], further)
    rows = [row_from(record) for record in records]
    spoken = await read_spoken(connection, account.account_id, programs, rows)
    stands = await _read_stands(connection, account, rows)
    return Page(
        [
            _told(row, record["recorded_at"], spoken, stands[row.seq])
            for row, record in zip(rows, records, strict=True)
        ],
        further,
    )


def row_from(record: asyncpg.Record) -> PointsEvent:
    """The points event whose columns a record begins with."""
    return PointsEvent(*tuple(record)[:_COLUMNS])


async def read_spoken(
    connection: "Connection", account_id: int, programs: Programs, rows: Sequence[PointsEvent]
) -> Spoken:
    """The causes, lots and names of rewards that those rows speak of."""
    numbers = {number for row in rows if (number := row.corrects or row.lot)}
    lots = await connection.fetch(QUERIES.lots_by_number, account_id, list(numbers))
    inputs = await connection.fetch(QUERIES.causes, account_id, list({row.cause for row in rows}))
    facts = {entry["n"]: orjson.loads(entry["data"]) for entry in inputs}
    redemptions = {row.group for row in rows if row.group}
    redemptions |= {data["redemption_id"] for data in facts.values() if "redemption_id" in data}
    names = await connection.fetch(QUERIES.reward_names, account_id, list(redemptions))
    words = Wording.of(programs, map(snapshot.lot_from, lots), dict(map(tuple, names)))
    return Spoken(words, {entry["n"]: _cause(entry, words, facts[entry["n"]]) for entry in inputs})


def _cause(entry: asyncpg.Record, words: Wording, facts: Mapping[str, object]) -> Cause:
    what = words.happening(entry["kind"], facts, entry["outcome"], entry["reason"])
    return Cause(what, entry["source"], entry["id"], entry["kind"], entry["business_time"])


class Stand(NamedTuple):
    """What the member had after a row, and what was left of a point under its rule before it."""

    after: Balances
    carried: int


async def _read_stands(
    connection: "Connection", account: Account, rows: Sequence[PointsEvent]
) -> dict[int, Stand]:
    """How the account stood at each of those rows, back from how it stands now."""
    number, newest, oldest = account.account_id, rows[0].seq, rows[-1].seq
    later = await connection.fetch(QUERIES.moved_after, number, newest)
    moves = await connection.fetch(QUERIES.moves_between, number, oldest, newest)
    has = Balances(account.pending, account.available, account.reserved, account.owed)
    after = Balances(*(have - sum(row[name] for row in later)
                       for name, have in has._asdict().items()))  # fmt: skip
    exact = dict(account.remainders)
    for row in later:
        exact[row["rule"]] = exact.get(row["rule"], 0) - row["exact"]
    return _unwound(after, exact, moves)


def _unwound(
    after: Balances,
    exact: Mapping[str, int],
    moves: Iterable[asyncpg.Record],
) -> dict[int, Stand]:
    """By row how it stood: `after` and `exact` (by rule) hold after the first of `moves`, which
    are in falling order."""
    stands: dict[int, Stand] = {}
    left, has = dict(exact), after._asdict()
    for move in moves:
        now, rule = Balances(**has), move["rule"]
        if move["kind"] in ("earn", "reverse"):
            left[rule] = left.get(rule, 0) - move["exact"]
        stands[move["seq"]] = Stand(now, left.get(rule, 0) % MICRO)
        if move["from_bucket"] in has:
            has[move["from_bucket"]] += move["points"]
        if move["to_bucket"] in has:
            has[move["to_bucket"]] -= move["points"]
    return stands


def _told(row: PointsEvent, recorded_at: datetime, spoken: Spoken, stand: Stand) -> Told:
    words = spoken.words
    return Told(
        row, recorded_at, words.row(row, stand.carried), words.rule(row), words.lot(row),
        spoken.causes[row.cause], stand.after,
    )  # fmt: skip
