"""`headway contracts`: the schemas of everything on the wire."""

from pathlib import Path

import click

from headway.contracts.schema import exported
from headway.program.schema import SCHEMA_FILE, exported_schema


@click.group("contracts")
def command() -> None:
    """What is on the wire, for programs that do not run Headway."""


@command.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the folder is stale.")
def export(folder: Path, check: bool) -> None:
    """Write the JSON Schemas of all events, and a table of them, into FOLDER.

    That of the programme file is there too, for editors. Schemas of types that are no more are
    removed. Nothing else in FOLDER is touched.
    """
    files = {**exported(), SCHEMA_FILE: exported_schema()}
    stale = [name for name, text in files.items() if _read(folder / name) != text]
    gone = [path for path in sorted(folder.glob("*.schema.json")) if path.name not in files]
    if check:
        if stale or gone:
            names = ", ".join([*stale, *(path.name for path in gone)])
            raise click.ClickException(
                f"{folder} is stale ({names})\n  -> run `headway contracts export {folder}`"
            )
        click.echo(f"{folder} is up to date: {len(files)} files")
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in stale:
            (folder / name).write_text(files[name], encoding="utf-8")
        for path in gone:
            path.unlink()
    except OSError as error:
        raise click.ClickException(
            f"{folder} cannot be written: {error.strerror}\n  -> name a folder that can"
        ) from error
    click.echo(f"{folder}: {len(stale)} of {len(files)} files written, {len(gone)} removed")


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
