"""`headway migrate`: the ledger's tables, brought to this release."""

import click

from headway.cli.output import print_json, run, settings


@click.command("migrate")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def command(as_json: bool) -> None:
    """Create or bring up to date the tables in HEADWAY_POSTGRES_DSN.

    Safe to run again, and by several at once. Exits 0 when the database is this release's, 2
    when it cannot be reached or belongs to a newer release.
    """
    from headway.ledger.migrate import migrate

    applied = run(migrate(settings().postgres_dsn))
    if as_json:
        print_json({"applied": applied})
    elif applied:
        for name in applied:
            click.echo(f"applied {name}")
    else:
        click.echo("nothing to do: the database is up to date")
