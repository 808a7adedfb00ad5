"""`headway program`: the programme file checked, published, shown, compared and explained."""

from pathlib import Path

import click

from headway.cli.output import print_json, run, settings
from headway.cli.program_diff import diff
from headway.cli.program_explain import explain
from headway.cli.program_files import as_rows, published, read, refuse
from headway.cli.program_view import facts, show_program
from headway.errors import UserError
from headway.program.loading import ProgramFileError, check_program
from headway.program.numbers_in_words import count


@click.group("program")
def command() -> None:
    """The programme: what is earned for what, tiers and rewards.

    Exit codes: 0 done; 1 the file has mistakes, or two programmes differ; 2 it could not be read
    or published.
    """


command.add_command(diff)
command.add_command(explain)

_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="For machines.")


@command.command()
@_FILE
@_JSON
def check(file: Path, as_json: bool) -> None:
    """Check FILE and say in words what it means.

    Every mistake is a line `file:line: field: how to mend it`. What is legal but hardly meant (a
    rule that can never win, a reward nobody can reach ...) is told as a warning and is no mistake.
    Needs no database.
    """
    text = read(file)
    try:
        program, warnings = check_program(text, file=str(file))
    except ProgramFileError as error:
        refuse(error, as_json)
    if as_json:
        print_json(
            {
                "ok": True,
                "problems": [],
                "warnings": as_rows(warnings),
                "program": facts(program),
            }
        )
        return
    show_program(program)
    for warning in warnings:
        click.echo(
            f"{warning.file}:{warning.line}: {warning.field}: warning: {warning.fix}", err=True
        )
    click.echo(f"{file}: ok" + (f", with {count(len(warnings), 'warning')}" if warnings else ""))


@command.command()
@_FILE
@_JSON
def publish(file: Path, as_json: bool) -> None:
    """Make FILE the next version of the programme, in force from its `from:`.

    The same file again changes nothing. A version never changes and never rewrites the past: it
    starts after the newest version and after everything that was decided already.
    """
    from headway.ledger.programs import publish as publish_document

    text = read(file)
    try:
        version = run(publish_document(settings().postgres_dsn, text, file=str(file)))
    except ProgramFileError as error:
        refuse(error, as_json)
    if as_json:
        print_json({"version": version})
    else:
        click.echo(f"{file} is version {version}")


@command.command()
@click.option("--version", "number", type=int, help="Default: the version in force now.")
@_JSON
def show(number: int | None, as_json: bool) -> None:
    """Say in words what a published version means."""
    programs, now = run(published(settings().postgres_dsn))
    if number is None:
        number = max((p for p in programs if p.from_at <= now), default=programs[0],
                     key=lambda p: p.from_at).version  # fmt: skip
    chosen = next((program for program in programs if program.version == number), None)
    if chosen is None:
        known = ", ".join(str(program.version) for program in programs)
        raise UserError(f"there is no version {number}", f"choose one of: {known}")
    if as_json:
        print_json({"versions": [p.version for p in programs], "program": facts(chosen)})
        return
    for program in programs:
        mark = "*" if program is chosen else " "
        click.echo(f"{mark} version {program.version}, from {program.from_at.isoformat()}")
    show_program(chosen)
