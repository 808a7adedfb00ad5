"""`headway contracts`: the schemas of everything on the wire."""

import json
from pathlib import Path
from typing import Any

import click

from headway.contracts.promises import Break, broken
from headway.contracts.registry import CONTRACTS
from headway.contracts.schema import ID, exported, schema
from headway.errors import UserError
from headway.program.schema import SCHEMA_FILE, exported_schema

PUBLISHED = Path("docs/contracts")
_SUFFIX = ".schema.json"


@click.group("contracts")
def command() -> None:
    """What is on the wire, for programs that do not run Headway."""


@command.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the folder is stale.")
def export(folder: Path, check: bool) -> None:
    """Write the JSON Schemas of all events, a table of them, and an AsyncAPI document into FOLDER.

    That of the programme file is there too, for editors. Schemas of types that are no more are
    removed. Nothing else in FOLDER is touched. What would break a version that FOLDER has published
    is not written.
    """
    files = {**exported(), SCHEMA_FILE: exported_schema()}
    stale = [name for name, text in files.items() if _read(folder / name) != text]
    gone = [path for path in sorted(folder.glob("*" + _SUFFIX)) if path.name not in files]
    if check:
        if stale or gone:
            names = ", ".join([*stale, *(path.name for path in gone)])
            raise click.ClickException(
                f"{folder} is stale ({names})\n  -> run `headway contracts export {folder}`"
            )
        click.echo(f"{folder} is up to date: {len(files)} files")
        return
    _refuse(broken(_published(folder, strict=False), _current()))
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


@command.command("check")
@click.option(
    "--against",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=PUBLISHED,
    show_default=True,
    help="The folder of what was published, such as that of the release before.",
)
def check(against: Path) -> None:
    """Tell which published versions of contracts this release breaks; exit 1 if any.

    What Headway reads has to take all that was published; what it writes may be nothing else. A
    type that is to go for good is taken back by removing its file, for all to see.
    """
    published = _published(against, strict=True)
    if not published:
        raise UserError(
            f"{against} holds no published contract",
            "name the folder `headway contracts export` wrote",
        )
    _refuse(broken(published, _current()))
    click.echo(f"{against}: all {len(published)} published types hold")


def _refuse(breaks: list[Break]) -> None:
    if breaks:
        raise click.ClickException(
            f"{len(breaks)} broken in what is published\n" + "\n".join(map(str, breaks))
        )


def _current() -> dict[str, dict[str, object]]:
    return {contract.type: schema(contract) for contract in CONTRACTS.values()}


def _published(folder: Path, *, strict: bool) -> dict[str, dict[str, Any]]:
    """The schemas in a folder by type. What is no contract's schema is left out, or refused."""
    found = {}
    for path in sorted(folder.glob("*" + _SUFFIX)):
        if path.name == SCHEMA_FILE:
            continue
        wire_type = path.name.removesuffix(_SUFFIX)
        try:
            document = json.loads(path.read_text("utf-8"))
        except ValueError:
            document = None
        if isinstance(document, dict) and document.get("$id") == ID + wire_type:
            found[wire_type] = document
        elif strict:
            raise UserError(f"{path} is no published contract", "restore it as it was published")
    return found


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
