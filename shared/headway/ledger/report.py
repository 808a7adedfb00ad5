"""The report that finance closes its month by: points outstanding, and what moved them.

A month holds what was recorded in it. Rows are only ever appended, with the time of recording, so
a month that is over never changes; by business time it would, with every event that comes late.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from headway.errors import UserError
from headway.ledger.queries import load
from headway.ledger.report_sums import Flow, Sums, add_up
from headway.program.loading import load_program
from headway.program.months import Month, Published, first_day, last_over, month

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "report.sql")
By = Literal["recorded", "business"]
SETTLED_AFTER = timedelta(minutes=5)
"""Rows say when they were written, a moment before they can be seen: no transaction takes longer
(30 seconds for a statement, 10 between two)."""


class MonthReport(NamedTuple):
    """A month of the programme, as the ledger told it at `as_of`.

    `closed`: the month is over, and no row can be recorded in it any more. By business time a
    month is never closed.
    """

    month: Month
    by: By
    as_of: datetime
    closed: bool
    sums: Sums


async def read_month(
    connection: "Connection", written: str | None = None, by: By = "recorded"
) -> MonthReport:
    """The report of a month written as 2024-03; None: the last one that is over.

    `connection` is in a REPEATABLE READ transaction; two statements are sent. Raises UserError
    for what is no month, or one that has not begun.
    """
    rows = await connection.fetch(QUERIES.programmes)
    if not rows:
        raise UserError("no programme is published", "run `headway program publish FILE`")
    versions = [
        Published(
            load_program(row["document"], file=f"version {row['version']}", version=row["version"]),
            row["recorded_at"],
        )
        for row in rows
    ]
    now: datetime = rows[0]["now"]
    settled = now - SETTLED_AFTER
    chosen = (
        last_over(settled, versions) if written is None else month(first_day(written), versions)
    )
    if chosen.start > now:
        raise UserError(
            f"{chosen} has not begun in {chosen.zone}", "name a month that has, or leave it out"
        )
    found = await connection.fetch(QUERIES.sums, chosen.start, chosen.end, by == "business")
    sums = add_up(
        [Flow(*tuple(row)[1:]) for row in found if row["what"] == "flow"],
        {row["to_bucket"]: row["points"] for row in found if row["what"] == "account"},
        {row["rule"]: row["points"] for row in found if row["what"] == "lots"},
    )
    closed = by == "recorded" and chosen.end <= settled
    return MonthReport(chosen, by, now, closed, sums)
