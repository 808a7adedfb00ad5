"""`python -m headway_notify`, and `headway notify`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from headway.program.loading import load_program
from headway_notify.app import main
from headway_notify.operating import COMMANDS
from headway_notify.preview import sample


@click.group("notify", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Run the notify service: balance changes in, one progress email per member and day out."""
    if context.invoked_subcommand is None:
        main()


for one in COMMANDS:
    command.add_command(one)


@command.command()
@click.option(
    "--program",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="The programme file to word the mail by.",
)
@click.option(
    "--sample",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File the mail's HTML is written to.",
)
def preview(file: Path, target: Path) -> None:
    """Write a sample mail's HTML, to be looked at in a browser."""
    program = load_program(file.read_text("utf-8"), file=str(file))
    rendered = sample(program, day=datetime.now(UTC).date())
    target.write_text(rendered.html, "utf-8")
    click.echo(f"{rendered.subject}\nopen {target.resolve().as_uri()}")


if __name__ == "__main__":
    command()
