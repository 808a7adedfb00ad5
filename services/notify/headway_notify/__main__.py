"""`python -m headway_notify`, and `headway notify`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from headway.cli.output import connected, run
from headway.errors import UserError
from headway.program.loading import load_program
from headway.sealing.master_keys import MasterKeys, new_master_key
from headway.sealing.root import open_vault
from headway_notify.app import main
from headway_notify.contacts.suppressing import lift, suppress
from headway_notify.preview import sample
from headway_notify.settings import NotifySettings


@click.group("notify", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Run the notify service: balance changes in, one progress email per member and day out."""
    if context.invoked_subcommand is None:
        main()


@command.command()
def key() -> None:
    """Make a master key, as HEADWAY_NOTIFY_MASTER_KEY takes it; it is kept nowhere."""
    click.echo(new_master_key())


@command.command("suppress")
@click.argument("address")
@click.option(
    "--lift", "lifting", is_flag=True, help="Write to it again: nothing stands against it."
)
def suppressing(address: str, lifting: bool) -> None:
    """Send nothing to ADDRESS any more, whosever it is and whatever it is about.

    HEADWAY_NOTIFY_MASTER_KEY is needed; the address itself is kept nowhere. It is in the audit log.
    """
    if "@" not in address:
        raise UserError("that is no address", "write it as in maria@example.com")
    click.echo(run(_suppress(NotifySettings(), address, lifting)))


async def _suppress(settings: NotifySettings, address: str, lifting: bool) -> str:
    master = MasterKeys.parse(settings.master_key)
    async with connected(settings.postgres_dsn) as connection:
        vault = await open_vault(connection, master)
        if not lifting:
            await suppress(connection, vault, address)
            return "Nothing is sent to this address any more."
        reasons = await lift(connection, vault, address)
    return f"Lifted: {', '.join(reasons)}." if reasons else "Nothing stood against this address."


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
