"""A balance explained: its lots, and the rows that made each what it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from headway.domain.account import Account, Lot
from headway.domain.points import PointsEvent
from headway.ledger import snapshot
from headway.ledger.history import QUERIES, Cause, Spoken, read_spoken, row_from
from headway.program.program import Program, Programs
from headway.program.rules import MICRO
from headway.program.words import rule_in_words

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

ROWS = 50
"""Rows that are shown of one lot at most: the one that earned it, and the newest."""


class LotRow(NamedTuple):
    """One row that moved a lot's points, or took its award back."""

    row: PointsEvent
    recorded_at: datetime
    what: str
    cause: Cause


class ExplainedLot(NamedTuple):
    """A lot: its rule in words, the rows behind it in order, and how many of them are not shown.

    `owed`: what its rows have moved into what the member owes (zero or below when they took more
    than was there), or cleared of it.
    """

    lot: Lot
    program: Program
    rule_in_words: str
    owed: int
    cause: Cause
    rows: list[LotRow]
    left_out: int


class LotPage(NamedTuple):
    """Lots, newest first; `before` is where the next page begins, None after the last."""

    lots: list[ExplainedLot]
    before: int | None


async def read_explanation(
    connection: "Connection", account: Account, programs: Programs, before: int | None, limit: int,
    *, all_lots: bool,
) -> LotPage:  # fmt: skip
    """The newest `limit` lots before lot `before` (None: of all), those with points or all."""
    number = account.account_id
    top = account.seq + 1 if before is None else min(before, account.seq + 1)
    found = await connection.fetch(QUERIES.lots_page, number, top, all_lots, limit + 1)
    lots = [snapshot.lot_from(record) for record in found[:limit]]
    further = lots[-1].lot if len(found) > limit else None
    if not lots:
        return LotPage([], None)
    numbers = [lot.lot for lot in lots]
    records = await connection.fetch(QUERIES.rows_of_lots, number, numbers, numbers[-1], ROWS)
    spoken = await read_spoken(connection, number, programs, list(map(row_from, records)))
    carried = await _read_carried(connection, account, lots)
    by_lot: dict[int, list[asyncpg.Record]] = {}
    for record in records:
        by_lot.setdefault(record["of"], []).append(record)
    return LotPage(
        [
            # What was given by hand is under no rule that carries anything.
            _explained(lot, by_lot[lot.lot], spoken, programs, carried.get(lot.lot, 0))
            for lot in lots
        ],
        further,
    )


async def _read_carried(
    connection: "Connection", account: Account, lots: Sequence[Lot]
) -> dict[int, int]:
    """What was left of a point under each lot's rule before it was earned, in millionths."""
    rows = await connection.fetch(
        QUERIES.exact_since, account.account_id, [lot.lot for lot in lots], lots[-1].lot,
        list({lot.rule for lot in lots}),
    )  # fmt: skip
    left = account.remainders
    return {row["seq"]: (left.get(row["rule"], 0) - row["exact"]) % MICRO for row in rows}


def _explained(
    lot: Lot, records: Sequence[asyncpg.Record], spoken: Spoken, programs: Programs, carried: int
) -> ExplainedLot:
    rows: list[LotRow] = []
    for record in records:
        row = row_from(record)
        what = spoken.words.row(row, carried if row.seq == lot.lot else 0)
        rows.append(LotRow(row, record["recorded_at"], what, spoken.causes[row.cause]))
    program = programs.version(lot.program_version)
    return ExplainedLot(
        lot, program, rule_in_words(program, lot.rule), records[0]["owed"], rows[0].cause, rows,
        records[0]["of_lot"] - len(rows),
    )  # fmt: skip
