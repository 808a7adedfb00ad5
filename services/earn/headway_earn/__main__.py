"""`python -m headway_earn`, and `headway earn`."""

import click

from headway_earn.app import main


@click.command("earn")
def command() -> None:
    """Run the earn service: source events in, points in the ledger, balances out."""
    main()


if __name__ == "__main__":
    command()
