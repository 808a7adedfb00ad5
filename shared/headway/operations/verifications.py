"""What `headway verify` found, run by run."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import asyncpg
import orjson

from headway.operations.jobs import QUERIES
from headway.stream.dead_letter import RELEASE
from headway.stream.positions import Connection, Pool

if TYPE_CHECKING:
    from headway.ledger.verify import Report

_REFUSED = (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)


class Verification(NamedTuple):
    """One run that came to its end. `findings`: how many, by check, of those that are broken."""

    began_at: datetime
    took_s: float
    scope: str
    ok: bool
    findings: dict[str, int]
    release: str


def verification(report: "Report", began_at: datetime, took_s: float, scope: str) -> Verification:
    """What is kept of a report; `scope` is "ledger" or "ledger and topic"."""
    findings = {check.name: check.broken for check in report.checks.values() if check.broken}
    return Verification(began_at, took_s, scope, report.ok, findings, RELEASE)


async def record(db: Pool | Connection, one: Verification) -> bool:
    """Keep it; False when this role may only read, or the server is a standby."""
    try:
        await db.execute(
            QUERIES.verify_ran, one.began_at, one.took_s, one.scope, one.ok,
            json.dumps(one.findings), one.release,
        )  # fmt: skip
    except _REFUSED:
        return False
    return True


async def read_verifications(db: Pool | Connection, most: int = 1) -> list[Verification]:
    """The latest ones, newest first."""
    return [verification_of(row) for row in await db.fetch(QUERIES.verify_runs, most)]


def verification_of(row: asyncpg.Record) -> Verification:
    """A row of the query verify_runs."""
    return Verification(*row)._replace(findings=orjson.loads(row["findings"]))
