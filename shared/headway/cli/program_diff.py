"""`headway program diff`: what changes from one programme to another, in words."""

from pathlib import Path

import click

from headway.cli.output import print_json, run, settings
from headway.cli.program_files import published, read, refuse
from headway.errors import UserError
from headway.program.comparing import compare
from headway.program.loading import ProgramFileError, load_program
from headway.program.program import Program


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def diff(old: str, new: str, as_json: bool) -> None:
    """Say in words what changes from OLD to NEW.

    Each of the two is a file, or the number of a published version. The order of rules in a file
    and the moment from which a version is in force are no difference.

    Exit codes: 0 both mean the same; 1 they differ, or a file has mistakes; 2 one of them could
    not be read.
    """
    versions = _versions() if any(_is_number(one) for one in (old, new)) else []
    try:
        before, after = _program(old, versions), _program(new, versions)
    except ProgramFileError as error:
        refuse(error, as_json)
    changes = compare(before, after)
    if as_json:
        print_json(
            {
                "same": not changes,
                "from": {"old": before.from_at, "new": after.from_at},
                "changes": [change._asdict() for change in changes],
            }
        )
    else:
        click.echo(f"{old}, from {before.from_at.isoformat()}")
        click.echo(f"-> {new}, from {after.from_at.isoformat()}")
        for change in changes:
            click.echo(f"- {change.words}")
        if not changes:
            click.echo("both mean the same")
    raise SystemExit(1 if changes else 0)


def _is_number(name: str) -> bool:
    return name.isdecimal() and not Path(name).exists()


def _versions() -> list[Program]:
    return run(published(settings().postgres_dsn))[0]


def _program(name: str, versions: list[Program]) -> Program:
    if not _is_number(name):
        return load_program(read(Path(name)), file=name)
    for program in versions:
        if program.version == int(name):
            return program
    known = ", ".join(str(program.version) for program in versions)
    raise UserError(f"there is no version {name}", f"choose one of: {known}, or name a file")
