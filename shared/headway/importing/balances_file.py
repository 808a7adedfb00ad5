"""Opening balances from a CSV file: a row for each lot, every row checked, all mistakes told."""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from headway.contracts.opening import Measured, OpeningBalance, OpeningLot
from headway.errors import UserError
from headway.importing import cells
from headway.importing.cells import Problem, Row
from headway.importing.member_rows import MemberRows
from headway.program.money import to_minor
from headway.program.program import Program
from headway.program.rules import MICRO

REQUIRED = ("member_id", "points", "earned_at")
OPTIONAL = ("expires_at", "joined_at", "rule", "measured", "measured_on", "purchases")
RULE = "opening"
"""What opening balances are told under where the file names no rule."""
MOST_PROBLEMS = 100
"""Mistakes collected before reading stops."""
_PAST = "a day in the past like 2025-05-01, or a moment like 2025-05-01T12:30:00Z"


class FileRefused(UserError):
    """A file that is not taken, with all that is wrong with it."""

    def __init__(self, file: Path, problems: list[Problem], more: bool) -> None:
        self.problems = problems
        told = [f"{file}: line {p.line}: {p.column}: {p.what}\n  -> {p.fix}" for p in problems]
        if more:
            told.append(f"and there may be more: reading stopped at {MOST_PROBLEMS} mistakes")
        super().__init__("\n".join(told))


def read_balances(file: Path, batch: str, program: Program, now: datetime) -> list[OpeningBalance]:
    """The balance of each member, by member id. FileRefused names every line that is wrong.

    Times without an offset are local to the programme. The balances depend on the rows alone, not
    on their order.
    """
    problems: list[Problem] = []
    members: dict[str, MemberRows] = {}
    reading = _Reading(program, now)
    for row, columns in _rows(file, problems):
        reading.take(row, columns, members)
        if len(problems) >= MOST_PROBLEMS:
            raise FileRefused(file, problems[:MOST_PROBLEMS], more=True)
    if not members and not problems:
        problems.append(Problem(2, "member_id", "the file has no rows", "give a row for each lot"))
    if problems:
        raise FileRefused(file, problems, more=False)
    return [members[name].balance(name, batch, reading.measure) for name in sorted(members)]


class _Reading:
    """What rows are read by: the programme's zone, and what its tiers go by."""

    def __init__(self, program: Program, now: datetime) -> None:
        tiers = program.tiers
        self._zone: ZoneInfo = program.zone
        self._now = now
        self.measure = ""
        self._currency = program.currency
        if tiers.levels:
            activity = f"activity:{tiers.activity}"
            self.measure = activity if tiers.measure == "activity" else tiers.measure

    def take(self, row: Row, columns: frozenset[str], members: dict[str, MemberRows]) -> None:
        """Check one row, and add it to its member's."""
        member_id = row.read("member_id", cells.name, "the member's id, 1 to 128 characters")
        points = row.read("points", cells.points, "whole points from 0 to 9,000,000,000")
        past = cells.past(self._zone, self._now)
        earned_at = row.read("earned_at", past, _PAST)
        expires_at = row.read(
            "expires_at", cells.end(self._zone),
            "the last day on which they count, like 2026-12-31; nothing if they never expire",
        )  # fmt: skip
        rule = row.read("rule", cells.name, "a name of 1 to 128 characters, or leave it empty") \
            if row.text("rule") else RULE  # fmt: skip
        joined_at = row.read("joined_at", past, _PAST) if row.text("joined_at") else None
        purchases = row.read("purchases", cells.counter, "how often the member has bought")
        measured = self._measured(row)
        if expires_at is not None and earned_at is not None and expires_at <= earned_at:
            row.wrong("expires_at", "is not after earned_at", "swap them, or mend one")
        if member_id is None or points is None or earned_at is None or rule is None:
            return
        rows = members.setdefault(member_id, MemberRows(self._zone))
        rows.take(row, earned_at, joined_at, purchases or 0, measured)
        if points:
            rows.add(
                row,
                OpeningLot(
                    points=points, earned_at=earned_at, rule=rule, expires_at=expires_at,
                    by_programme="expires_at" not in columns,
                ),
            )  # fmt: skip

    def _measured(self, row: Row) -> Measured | None:
        if not row.text("measured"):
            if row.text("measured_on"):
                row.wrong("measured", "is empty", "write what was measured, or leave out the day")
            return None
        if not self.measure:
            row.wrong("measured", "the programme has no tiers", "leave the column out")
            return None
        count = row.read("measured", self._units(), f"{self.measure} above 0, as tiers count it")
        day = row.read(
            "measured_on", cells.past_day(self._zone, self._now),
            "the local day on which it counts, like 2025-05-01, today at the latest",
        )  # fmt: skip
        if count is None or day is None:
            return None
        return Measured(on=day.isoformat(), amount=count)

    def _units(self) -> Callable[[str], int]:
        """Into what the ledger counts in: minor units, millionths of a point, or whole ones."""

        def parse(text: str) -> int:
            number: Decimal = cells.amount(text)
            if self.measure == "spend":
                return to_minor(number, self._currency)
            units = number * (MICRO if self.measure == "points" else 1)
            if units != int(units):
                raise ValueError
            return int(units)

        return parse


def _rows(file: Path, problems: list[Problem]) -> Iterator[tuple[Row, frozenset[str]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text, strict=True)
            columns = list(reader.fieldnames or ())
            _check_columns(file, columns)
            for found in reader:
                if None in found or None in found.values():
                    line = reader.line_num
                    what = f"has not {len(columns)} cells, as line 1 has"
                    problems.append(Problem(line, "the row", what, "quote cells with commas"))
                    continue
                yield Row(reader.line_num, found, problems), frozenset(columns)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"{file}: cannot be read as CSV: {error}", "give a UTF-8 CSV file that you may read"
        ) from error


def _check_columns(file: Path, columns: list[str]) -> None:
    known = (*REQUIRED, *OPTIONAL)
    wrong = [
        *(Problem(1, c, "this column is missing", "add it") for c in REQUIRED if c not in columns),
        *(
            Problem(1, repr(c), "no such column", f"rename or remove it; known: {', '.join(known)}")
            for c in columns
            if c not in known
        ),
        *(Problem(1, c, "is there twice", "keep one") for c in known if columns.count(c) > 1),
    ]
    if "measured" in columns and "measured_on" not in columns:
        wrong.append(Problem(1, "measured_on", "is missing beside measured", "add it"))
    if wrong:
        raise FileRefused(file, wrong, more=False)
