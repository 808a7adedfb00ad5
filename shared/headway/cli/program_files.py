"""Programmes for the commands: read from files and from the ledger, refused with their lines."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click

from headway.cli.output import print_json, snapshot
from headway.errors import UserError
from headway.program.loading import Problem, ProgramFileError, load_program
from headway.program.program import Program


async def published(dsn: str) -> tuple[list[Program], datetime]:
    """Every published version, and the database's time. UserError when there is none."""
    from headway.ledger.programs import QUERIES

    async with snapshot(dsn) as connection:
        rows = await connection.fetch(QUERIES.read_programs)
        now: datetime = await connection.fetchval("select now()")
    if not rows:
        raise UserError("no programme is published", "run `headway program publish FILE`")
    return [
        load_program(row["document"], file=f"version {row['version']}", version=row["version"])
        for row in rows
    ], now


def read(file: Path) -> str:
    """The text of a file; UserError when there is none."""
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{file} cannot be read: {error}", "name a programme file in UTF-8"
        ) from error


def as_rows(problems: Iterable[Problem]) -> list[dict[str, object]]:
    """For machines."""
    return [{"file": p.file, "line": p.line, "field": p.field, "fix": p.fix} for p in problems]


def refuse(error: ProgramFileError, as_json: bool) -> NoReturn:
    """Tell the mistakes and exit 1."""
    if as_json:
        print_json({"ok": False, "problems": as_rows(error.problems), "warnings": []})
    else:
        click.echo(str(error), err=True)
    raise SystemExit(1)
