"""What came of a run, read from the ledger and the kept mail, for people."""

from dataclasses import dataclass
from pathlib import Path

import asyncpg
from rich.table import Table

from headway.local.demo.dump import QUERIES
from headway.local.smtp_sink import KeptMail, read_mails

_LOOKED_AT = 20_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of everything, in rows and messages."""

    totals: dict[str, int]
    kinds: list[tuple[str, int, int]]
    mails: dict[str, int]

    @property
    def points_events(self) -> int:
        """Rows of the ledger."""
        return self.totals["points_events"]

    @property
    def sent(self) -> int:
        """Mails that the mail server took."""
        return self.mails.get("sent", 0)

    def table(self, purchases: int, events: int, commands: int, seconds: float) -> Table:
        """What happened, with rates over the seconds in which events were published and decided."""
        table = Table("What happened", "", title=None, min_width=48)
        table.columns[1].justify = "right"
        rows: list[tuple[str, float]] = [
            ("source events in", events),
            ("  of these purchases", purchases),
            ("redemption commands accepted by the API", commands),
            ("inputs decided on", self.totals["inputs"]),
            ("dead letters", self.totals["dead_letters"]),
            ("points events", self.points_events),
            *((f"  {kind}: {points:,} points", rows) for kind, rows, points in self.kinds),
            ("versions of accounts published", self.totals["versions"]),
            *((f"mails {state}", mails) for state, mails in sorted(self.mails.items())),
            ("source events/s", events / seconds),
            ("points events/s", self.points_events / seconds),
        ]
        for name, number in rows:
            table.add_row(name, f"{number:,.0f}")
        return table


async def read_outcome(connection: "asyncpg.Connection[asyncpg.Record]") -> Outcome:
    """Count everything."""
    totals = await connection.fetchrow(QUERIES.totals)
    assert totals is not None, "counts are always there"
    kinds = await connection.fetch(QUERIES.points_events_by_kind)
    mails = await connection.fetch(QUERIES.mails_by_state)
    return Outcome(
        dict(totals),
        [(row["kind"], row["rows"], row["points"]) for row in kinds],
        {row["state"]: row["mails"] for row in mails},
    )


def keep_one_mail(kept: Path, member_id: str, page: Path) -> Path | None:
    """Write one mail's HTML as a page for the browser: one that can tell of savings.

    The member's own latest if there is one, else another member's; None if there was no mail.
    """
    best: tuple[tuple[bool, bool, int], KeptMail] | None = None
    for number, mail in enumerate(read_mails(kept)):
        if number >= _LOOKED_AT and best is not None:
            break
        head = mail.content[:4096]
        own = f"Headway-Member: {member_id}\n".encode() in head.replace(b"\r\n", b"\n")
        rank = own, b'"saved":{"' in head, number
        if best is None or rank > best[0]:
            best = rank, mail
    if best is None:
        return None
    page.write_text(best[1].html(), encoding="utf-8")
    return page
