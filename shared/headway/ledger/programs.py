"""Programme versions in the database: immutable rows, compiled once per process."""

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg

from headway.errors import InvariantViolated, UserError
from headway.ledger.queries import load
from headway.program.loading import load_program
from headway.program.program import Program, Programs

if TYPE_CHECKING:
    Connection = (
        asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    )

QUERIES = load("headway.ledger", "queries.sql")


class ProgramCache:
    """The programme as of the version number read under the locks."""

    def __init__(self) -> None:
        self._programs: Programs | None = None

    @property
    def known(self) -> Programs | None:
        """The versions as last read; None before that."""
        return self._programs

    async def get(self, connection: "Connection", latest: int) -> Programs:
        """All versions up to `latest`; reads them again only when there is a new one."""
        if latest == 0:
            raise InvariantViolated(
                "no programme is published; run `headway program publish FILE` and start again"
            )
        if self._programs is None or self._programs.latest != latest:
            self._programs = await read_programs(connection)
        return self._programs


async def read_programs(connection: "Connection") -> Programs:
    """Every published version, compiled."""
    rows = await connection.fetch(QUERIES.read_programs)
    return Programs([_compiled(row["document"], row["version"], row["from_at"]) for row in rows])


def _compiled(document: str, version: int, from_at: datetime) -> Program:
    program = load_program(document, file=f"version {version}", version=version)
    if program.from_at != from_at:
        raise InvariantViolated(f"programme version {version} says another from-date than its row")
    return program


async def publish(dsn: str, document: str, *, file: str = "programme") -> int:
    """Store the checked document as the next version; the same document again changes nothing.

    Returns the version number. Raises UserError when the version would rewrite the past: it has to
    start after the newest one, and after everything that was decided under that one already.
    """
    program = load_program(document, file=file)
    digest = hashlib.sha256(document.encode()).digest()
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute(QUERIES.lock_programs)
            rows = await connection.fetch(QUERIES.program_heads)
            for row in rows:
                if bytes(row["digest"]) == digest:
                    return int(row["version"])
            if rows:
                _refuse_the_past(file, program, rows[-1], await _latest_decision(connection))
            version = rows[-1]["version"] + 1 if rows else 1
            await connection.execute(
                QUERIES.insert_program, version, program.from_at, document, digest
            )
            return int(version)
    finally:
        await connection.close()


async def _latest_decision(connection: "Connection") -> datetime | None:
    latest: datetime | None = await connection.fetchval(QUERIES.latest_decision)
    return latest


def _refuse_the_past(
    file: str, program: Program, newest: asyncpg.Record, decided: datetime | None
) -> None:
    """UserError, with the first moment that is free, if it would change what was decided."""
    latest, why = newest["from_at"], f"version {newest['version']} starts at that moment"
    if decided is not None and decided > latest:
        latest, why = decided, "the ledger has decided up to that moment"
    if program.from_at <= latest:
        earliest = latest + _MOMENT
        raise UserError(
            f"{file}: starts {program.from_at.isoformat()}, which is not after "
            f"{latest.isoformat()}: {why}, and a version never rewrites the past",
            f"write `from: {earliest.isoformat()}` or later",
        )


_MOMENT = timedelta(microseconds=1)
