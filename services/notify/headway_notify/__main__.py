"""`python -m headway_notify`, and `headway notify`."""

import click

from headway.cli.output import connected, run
from headway.errors import UserError
from headway.runtime.settings import read
from headway.sealing.master_keys import MasterKeys, new_master_key
from headway.sealing.root import open_vault
from headway_notify.app import main
from headway_notify.contacts.suppressing import lift, suppress
from headway_notify.operating import COMMANDS
from headway_notify.preview import preview, templates, test_send
from headway_notify.settings import NotifySettings
from headway_notify.simulate import simulate


@click.group("notify", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Run the notify service: balance changes in, one progress email per member and day out."""
    if context.invoked_subcommand is None:
        main()


for one in COMMANDS:
    command.add_command(one)


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
    click.echo(run(_suppress(read(NotifySettings), address, lifting)))


async def _suppress(settings: NotifySettings, address: str, lifting: bool) -> str:
    master = MasterKeys.parse(settings.master_key)
    async with connected(settings.postgres_dsn) as connection:
        vault = await open_vault(connection, master)
        if not lifting:
            await suppress(connection, vault, address)
            return "Nothing is sent to this address any more."
        reasons = await lift(connection, vault, address)
    return f"Lifted: {', '.join(reasons)}." if reasons else "Nothing stood against this address."


command.add_command(preview)
command.add_command(simulate)
command.add_command(test_send)
command.add_command(templates)

if __name__ == "__main__":
    command()
