"""`headway metrics`: what every metric means."""

from pathlib import Path

import click

from headway.operations.catalogue import document


@click.group("metrics")
def command() -> None:
    """What the services tell Prometheus, and what it means."""


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the file is stale.")
def export(file: Path, check: bool) -> None:
    """Write the table of all metrics into FILE, from where they are declared."""
    text = document()
    fresh = file.is_file() and file.read_text(encoding="utf-8") == text
    if check:
        if not fresh:
            raise click.ClickException(f"{file} is stale\n  -> run `headway metrics export {file}`")
        click.echo(f"{file} is up to date")
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(
            f"{file} cannot be written: {error.strerror}\n  -> name a file that can"
        ) from error
    click.echo(f"{file}: {'nothing changed' if fresh else 'written'}")
