"""A month's report for machines: JSON facts and CSV lines."""

import csv
import io
from typing import TYPE_CHECKING

from headway.ledger.report_sums import MEMBERS, PROGRAMME

if TYPE_CHECKING:
    from headway.ledger.report import MonthReport
    from headway.ledger.report_sums import Statement


def as_facts(report: "MonthReport") -> dict[str, object]:
    """What --json prints; amounts in points, movements signed as they change the outstanding."""
    chosen, sums = report.month, report.sums
    return {
        "ok": not sums.problems,
        "programme": chosen.program.name,
        "month": str(chosen),
        "zone": str(chosen.zone),
        "start": chosen.start,
        "end": chosen.end,
        "by": report.by,
        "as_of": report.as_of,
        "closed": report.closed,
        "whole": {**sums.whole._asdict(), "members": sums.members},
        "rules": [{"rule": rule, **line._asdict()} for rule, line in sums.rules.items()],
        "accounts_now": sums.now,
    }


def as_csv(report: "MonthReport") -> str:
    """A line for the whole programme, then one for each rule, in points.

    Only the whole is told by the members' buckets: what is owed under one rule may have been
    repaid with points of another.
    """
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow((
        "programme", "month", "by", "closed", "level", "rule", "opening", *PROGRAMME, "closing",
        *MEMBERS,
    ))  # fmt: skip
    head = (
        report.month.program.name,
        str(report.month),
        report.by,
        "yes" if report.closed else "no",
    )
    sums = report.sums
    out.writerow((*head, "programme", "", *_figures(sums.whole), *sums.members.values()))
    for rule, line in sums.rules.items():
        out.writerow((*head, "rule", rule, *_figures(line), *("" for _ in MEMBERS)))
    return text.getvalue()


def _figures(line: "Statement") -> tuple[int, ...]:
    return (line.opening, *line.movements.values(), line.closing)
