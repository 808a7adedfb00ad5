"""`headway jobs`: how the periodic jobs do, and forgetting one that nobody runs any more."""

from typing import TYPE_CHECKING

import click

from headway.access.audit import operator, record
from headway.cli.output import console, print_json, with_database
from headway.errors import UserError

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

FORGOTTEN = "job.forgotten"


@click.group("jobs")
def command() -> None:
    """Periodic jobs: when each last ran in any process, and whether it is overdue."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_(as_json: bool) -> None:
    """List all that have ever run, by name. To within ten seconds."""
    from headway.operations.jobs import read_jobs

    runs = with_database(read_jobs)
    if as_json:
        print_json([run._asdict() for run in runs])
        return
    if not runs:
        click.echo("No job has run yet.")
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table("job", "last run (UTC)", "outcome", "overdue")
    for run in runs:
        table.add_row(
            run.job, f"{run.ran_at:%Y-%m-%d %H:%M:%S}", escape(f"{run.outcome} {run.trouble}"),
            f"{run.overdue_s:,.0f} s" if run.overdue_s else "",
        )  # fmt: skip
    console().print(table)


@command.command("forget")
@click.argument("name")
def forget(name: str) -> None:
    """Forget a job that is not run any more, say of a road that was taken out of the settings.

    Until then it is overdue for ever. One that runs after all is known again within seconds. Exits
    2 when no job of that name has run.
    """
    from headway.operations.jobs import QUERIES

    async def work(connection: "Connection") -> None:
        async with connection.transaction():
            if await connection.fetchval(QUERIES.forget_job, name) is None:
                raise UserError(f"no job {name!r} has run", "see `headway jobs list`")
            await record(connection, operator(), FORGOTTEN, name)

    with_database(work)
    click.echo(f"forgotten: {name}")
