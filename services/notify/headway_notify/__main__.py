"""`python -m headway_notify`, and `headway notify`."""

import click

from headway_notify.app import main
from headway_notify.preview import preview, templates, test_send
from headway_notify.simulate import simulate


@click.group("notify", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Run the notify service: balance changes in, one progress email per member and day out."""
    if context.invoked_subcommand is None:
        main()


command.add_command(preview)
command.add_command(simulate)
command.add_command(test_send)
command.add_command(templates)

if __name__ == "__main__":
    command()
