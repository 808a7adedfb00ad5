"""Forward-only, numbered migrations, applied once each under a lock, with their checksums kept."""

import hashlib
from importlib.resources import files

import asyncpg

from headway.errors import UserError

_LOCK = 0x48454144  # "HEAD": any constant that only migrations use


def available() -> list[tuple[str, str]]:
    """(name, text) of every migration this release knows, in order."""
    folder = files("headway.ledger").joinpath("migrations")
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return [(entry.name, entry.read_text("utf-8")) for entry in sorted(found, key=lambda e: e.name)]


def _checksum(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


async def migrate(dsn: str) -> list[str]:
    """Bring the database at `dsn` to this release; returns the names applied now.

    Raises UserError when the database holds a migration this release does not know, or one
    whose text has changed since it was applied.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        await connection.execute(
            "create table if not exists migrations ("
            " name text not null constraint migrations_pkey primary key,"
            " checksum bytea not null,"
            " applied_at timestamptz not null default clock_timestamp())"
        )
        done = {
            row["name"]: bytes(row["checksum"])
            for row in await connection.fetch("select name, checksum from migrations")
        }
        known = available()
        _refuse_foreign(done, known)
        applied = []
        for name, text in known:
            if name in done:
                continue
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute(
                    "insert into migrations (name, checksum) values ($1, $2)", name, _checksum(text)
                )
            applied.append(name)
        return applied
    finally:
        await connection.close()


def _refuse_foreign(done: dict[str, bytes], known: list[tuple[str, str]]) -> None:
    texts = dict(known)
    for name, checksum in done.items():
        if name not in texts:
            raise UserError(
                f"the database holds migration {name}, which this release does not know",
                "run the newer release of Headway that applied it",
            )
        if checksum != _checksum(texts[name]):
            raise UserError(
                f"migration {name} was applied with another text than this release has",
                "use the release that applied it, or restore the migration's file",
            )
