"""`headway program`: the programme file checked, published and shown."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from headway.cli.output import console, print_json, run, settings, snapshot
from headway.errors import UserError
from headway.program.loading import ProgramFileError, load_program

if TYPE_CHECKING:
    from headway.program.program import Program


@click.group("program")
def command() -> None:
    """The programme: what is earned for what, tiers and rewards.

    Exit codes: 0 done, 1 the file has mistakes, 2 it could not be read or published.
    """


_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="For machines.")


@command.command()
@_FILE
@_JSON
def check(file: Path, as_json: bool) -> None:
    """Check FILE and say in words what it means.

    Every mistake is a line `file:line: field: how to mend it`. Needs no database.
    """
    text = _read(file)
    try:
        program = load_program(text, file=str(file))
    except ProgramFileError as error:
        _refuse(error, as_json)
    if as_json:
        print_json({"ok": True, "problems": [], "program": _facts(program)})
    else:
        _show(program)
        click.echo(f"{file}: ok")


@command.command()
@_FILE
@_JSON
def publish(file: Path, as_json: bool) -> None:
    """Make FILE the next version of the programme, in force from its `from:`.

    The same file again changes nothing. A version never changes and never rewrites the past.
    """
    from headway.ledger.programs import publish as publish_document

    text = _read(file)
    try:
        version = run(publish_document(settings().postgres_dsn, text, file=str(file)))
    except ProgramFileError as error:
        _refuse(error, as_json)
    if as_json:
        print_json({"version": version})
    else:
        click.echo(f"{file} is version {version}")


@command.command()
@click.option("--version", "number", type=int, help="Default: the version in force now.")
@_JSON
def show(number: int | None, as_json: bool) -> None:
    """Say in words what a published version means."""
    programs, now = run(_published(settings().postgres_dsn))
    if not programs:
        raise UserError("no programme is published", "run `headway program publish FILE`")
    if number is None:
        number = max((p for p in programs if p.from_at <= now), default=programs[0],
                     key=lambda p: p.from_at).version  # fmt: skip
    chosen = next((program for program in programs if program.version == number), None)
    if chosen is None:
        known = ", ".join(str(program.version) for program in programs)
        raise UserError(f"there is no version {number}", f"choose one of: {known}")
    if as_json:
        print_json({"versions": [p.version for p in programs], "program": _facts(chosen)})
        return
    for program in programs:
        mark = "*" if program is chosen else " "
        click.echo(f"{mark} version {program.version}, from {program.from_at.isoformat()}")
    _show(chosen)


async def _published(dsn: str) -> "tuple[list[Program], datetime]":
    from headway.ledger.programs import QUERIES

    async with snapshot(dsn) as connection:
        rows = await connection.fetch(QUERIES.read_programs)
        now: datetime = await connection.fetchval("select now()")
    return [
        load_program(row["document"], file=f"version {row['version']}", version=row["version"])
        for row in rows
    ], now


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{file} cannot be read: {error}", "name a programme file in UTF-8"
        ) from error


def _refuse(error: ProgramFileError, as_json: bool) -> NoReturn:
    if as_json:
        problems = [
            {"file": p.file, "line": p.line, "field": p.field, "fix": p.fix} for p in error.problems
        ]
        print_json({"ok": False, "problems": problems})
    else:
        click.echo(str(error), err=True)
    raise SystemExit(1)


def _facts(program: "Program") -> dict[str, object]:
    from headway.program.words import life_in_words, rules_in_words, tiers_in_words

    return {
        "version": program.version,
        "name": program.name,
        "zone": str(program.zone),
        "from": program.from_at,
        "currency": program.currency,
        "rules": [
            {"id": rule, "gives": gives, "spendable": spendable}
            for rule, gives, spendable in rules_in_words(program)
        ],
        "life": life_in_words(program),
        "tiers": [{"name": name, "reached": reached} for name, reached in tiers_in_words(program)],
        "rewards": [
            {"id": r.id, "name": r.name, "points": r.points, "value_minor": r.value_minor,
             "currency": r.currency}
            for r in program.rewards
        ],
    }  # fmt: skip


def _show(program: "Program") -> None:
    from rich.table import Table

    from headway.program.money import to_text
    from headway.program.words import life_in_words, rules_in_words, tiers_in_words

    out = console()
    out.print(f"[bold]{program.name}[/bold], from {program.from_at.isoformat()}, {program.zone}")
    rules = Table("rule", "gives", "to spend", title="Earning", title_justify="left")
    for row in rules_in_words(program):
        rules.add_row(*row)
    out.print(rules)
    for line in life_in_words(program):
        out.print(f"- {line}")
    if program.levels:
        tiers = Table("tier", "reached", title="Tiers", title_justify="left")
        for name, reached in tiers_in_words(program):
            tiers.add_row(name, reached)
        out.print(tiers)
    if program.rewards:
        rewards = Table("reward", "name", title="Rewards", title_justify="left")
        rewards.add_column("points", justify="right")
        rewards.add_column("value", justify="right")
        for reward in program.rewards:
            rewards.add_row(
                reward.id, reward.name, f"{reward.points:,}",
                to_text(reward.value_minor, reward.currency),
            )  # fmt: skip
        out.print(rewards)
