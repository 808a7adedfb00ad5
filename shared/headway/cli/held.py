"""`headway held`: accounts that jobs leave alone until a person has looked, and letting them go."""

from typing import TYPE_CHECKING

import click

from headway.access.audit import operator, record
from headway.cli.output import console, print_json, with_database
from headway.errors import UserError
from headway.ledger.reading import QUERIES

if TYPE_CHECKING:
    import asyncpg

    from headway.ledger.programs import Connection

LET_GO = "account.let-go"


@click.group("held")
def command() -> None:
    """Accounts whose settling raised an error, so that jobs leave them alone.

    Their points neither activate nor expire until they are let go.
    """


@command.command("list")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_(limit: int, as_json: bool) -> None:
    """List them, with the error of each and since when something has been due."""

    async def read(connection: "Connection") -> "list[asyncpg.Record]":
        return await connection.fetch(QUERIES.accounts_held, limit)

    rows = with_database(read)
    if as_json:
        print_json([dict(row) for row in rows])
        return
    if not rows:
        click.echo("No account is held.")
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table("account", "member", "due since", "why")
    for row in rows:
        due = row["next_due_at"]
        table.add_row(
            str(row["account_id"]), escape(row["member_id"]),
            f"{due:%Y-%m-%d %H:%M}" if due else "", escape(row["held"]),
        )  # fmt: skip
    console().print(table)


@command.command("let-go")
@click.argument("accounts", metavar="ACCOUNT...", type=int, nargs=-1, required=True)
def let_go(accounts: tuple[int, ...]) -> None:
    """Have the jobs settle these accounts again, once the cause is mended.

    One that raises again is held again. Exits 2 when one of them is not held: then none is let go.
    """

    async def work(connection: "Connection") -> None:
        async with connection.transaction():
            for account in sorted(set(accounts)):
                if await connection.fetchval(QUERIES.let_account_go, account) is None:
                    raise UserError(f"account {account} is not held", "see `headway held list`")
                await record(connection, operator(), LET_GO, str(account))

    with_database(work)
    click.echo(f"let go: {', '.join(str(account) for account in sorted(set(accounts)))}")
