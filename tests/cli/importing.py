"""Files to import, and what the ledger is then."""

import csv
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from tests.cli.running import headway
from tests.conftest import run_apart

BALANCES = """\
member_id,points,earned_at,expires_at,joined_at,measured,measured_on
ann,120,2024-02-01,2029-12-31,2019-05-01,250.00,2024-02-20
ann,30,2024-02-15T09:00:00-05:00,,,,
bob,75,2024-01-10,2029-06-30,,,
cid,0,2024-01-10,,2020-01-01,,
"""


def write(folder: Path, text: str, name: str = "balances.csv") -> str:
    """A file of that text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def balances(dsn: str, file: str, *options: str, code: int = 0) -> str:
    """`headway import balances`."""
    return headway("import", "balances", file, *options, code=code, postgres_dsn=dsn)


def month(dsn: str, name: str, *options: str) -> list[dict[str, str]]:
    """The lines of a month's report."""
    said = headway("report", "month", name, "--csv", "-", *options, postgres_dsn=dsn)
    return list(csv.DictReader(said.splitlines()))


def sound(dsn: str) -> None:
    """verify and replay find nothing."""
    assert headway("verify", postgres_dsn=dsn).endswith("verify ok\n")
    assert headway("replay", "--check", postgres_dsn=dsn).endswith("replay ok\n")


def rows(dsn: str, query: str, *arguments: object) -> Sequence[asyncpg.Record]:
    """What a query finds."""

    async def fetch() -> Sequence[asyncpg.Record]:
        connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    return run_apart(fetch())
