"""`headway codes`: pools of voucher codes."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from headway.cli.output import console, print_json, with_database
from headway.errors import UserError
from headway.ledger import codes

if TYPE_CHECKING:
    import asyncpg

Result = TypeVar("Result")
_POOL = click.option("--pool", required=True, help="As `codes.pool` of the reward names it.")
_JSON = click.option("--json", "as_json", is_flag=True, help="For machines.")


@click.group("codes")
def command() -> None:
    """Pools of voucher codes: bring them in, make them, count them."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_POOL
@click.option("--shared", is_flag=True, help="The same for all members (`uses: many`).")
@_JSON
def import_(file: Path, pool: str, shared: bool, as_json: bool) -> None:
    """Bring in the codes of FILE, one a line: all of them or, if any is doubtful, none.

    Codes that the pool has already stay as they are, so the same file can be given again. Exits 2
    when a code repeats, or belongs to another pool; the message names the lines.
    """

    async def work(connection: "asyncpg.Connection[asyncpg.Record]") -> codes.Added:
        return await codes.add(connection, pool, _lines(file), shared=shared)

    _tell(pool, with_database(work), as_json)


@command.command("generate")
@_POOL
@click.option("--count", required=True, type=click.IntRange(1, 10_000_000), help="How many.")
@_JSON
def generate(pool: str, count: int, as_json: bool) -> None:
    """Make new codes, 70 random bits each, with a last sign that tells a slip of the finger."""

    async def work(connection: "asyncpg.Connection[asyncpg.Record]") -> codes.Added:
        return await codes.generate(connection, pool, count)

    _tell(pool, with_database(work), as_json)


@command.command("list")
@_JSON
def list_(as_json: bool) -> None:
    """How many codes of each pool are free, taken, given, used, void or shared."""
    pools = with_database(codes.read_pools)
    if as_json:
        print_json([{"pool": pool, "state": state, "codes": n} for pool, state, n in pools])
        return
    from rich.table import Table

    table = Table("pool", "state")
    table.add_column("codes", justify="right")
    for pool, state, number in pools:
        table.add_row(pool, state, f"{number:,}")
    console().print(table)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """(line, code) of every line that has one."""
    try:
        with file.open(encoding="ascii") as lines:
            for number, line in enumerate(lines, 1):
                code = line.strip()
                if code:
                    yield number, code
    except UnicodeDecodeError as error:
        raise UserError(
            f"{file} is no plain text: {error.reason}", "save it as ASCII, one code a line"
        ) from error


def _tell(pool: str, added: codes.Added, as_json: bool) -> None:
    if as_json:
        print_json({"pool": pool, **added._asdict()})
        return
    known = added.codes - added.new
    there = f", {known:,} were there" if known else ""
    click.echo(f"pool {pool}: {added.new:,} codes are new{there}")
