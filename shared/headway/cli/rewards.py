"""`headway rewards`: how many there are of each, and how many of them are spoken for."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import click

from headway.access.audit import STOCK_SET, operator, record
from headway.cli.output import connected, console, print_json, run, settings, snapshot
from headway.errors import UserError
from headway.ledger.catalogue import Stock, read_stock, set_stock
from headway.ledger.programs import read_programs
from headway.program.program import Programs
from headway.program.rewards import Reward
from headway.program.rewards_in_words import worth_in_words

if TYPE_CHECKING:
    pass

_JSON = click.option("--json", "as_json", is_flag=True, help="For machines.")


class Listed(NamedTuple):
    """A reward of the programme in force, with its stock, if that is counted."""

    reward: Reward
    stock: Stock | None


@click.group("rewards")
def command() -> None:
    """The rewards of the programme in force, and their stock."""


@command.command("list")
@_JSON
def list_(as_json: bool) -> None:
    """All rewards, with how many are left of those that are counted."""
    listed = run(_listed())
    if as_json:
        print_json([_facts(one) for one in listed])
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table("reward", "name", "kind")
    for column in ("points", "worth", "total", "taken", "left"):
        table.add_column(column, justify="right")
    for reward, stock in listed:
        counted = ("", "", "") if stock is None else _counted(stock)
        table.add_row(
            reward.id, escape(reward.name), reward.kind, f"{reward.points:,}",
            worth_in_words(reward), *counted,
        )  # fmt: skip
    console().print(table)


@command.command("stock")
@click.argument("reward_id", metavar="REWARD")
@click.option("--total", required=True, type=click.IntRange(0, 10**9), help="All there are.")
@_JSON
def stock(reward_id: str, total: int, as_json: bool) -> None:
    """Say how many there are of REWARD in all, those already taken included.

    The programme file says with how many it begins. Exits 2 when more are taken already.
    """
    told = run(_set(reward_id, total))
    if as_json:
        print_json(told._asdict())
        return
    total_, taken, left = _counted(told)
    click.echo(f"{reward_id}: {total_} in all, {taken} taken, {left} left")


def _counted(stock: Stock) -> tuple[str, str, str]:
    return f"{stock.total:,}", f"{stock.taken:,}", f"{stock.total - stock.taken:,}"


def _facts(one: Listed) -> dict[str, object]:
    reward, stock = one
    return {
        "reward_id": reward.id, "name": reward.name, "kind": reward.kind, "points": reward.points,
        "value_minor": reward.value_minor, "currency": reward.currency,
        "stock": None if stock is None else stock._asdict(),
    }  # fmt: skip


async def _listed() -> list[Listed]:
    async with snapshot(settings().postgres_dsn) as connection:
        program = (await read_programs(connection)).at(datetime.now(UTC))
        counted = await read_stock(connection)
    return [Listed(reward, _stock(reward, counted.get(reward.id))) for reward in program.rewards]


def _stock(reward: Reward, counted: Stock | None) -> Stock | None:
    if reward.stock is None:
        return None
    return counted or Stock(reward.id, reward.stock, 0)


async def _set(reward_id: str, total: int) -> Stock:
    async with connected(settings().postgres_dsn) as connection:
        _refuse_uncounted(await read_programs(connection), reward_id)
        async with connection.transaction():
            told = await set_stock(connection, reward_id, total)
            await record(connection, operator(), STOCK_SET, reward_id, total=total)
            return told


def _refuse_uncounted(programs: Programs, reward_id: str) -> None:
    known = [program.reward(reward_id) for program in programs.all]
    if all(reward is None for reward in known):
        raise UserError(f"no programme has a reward {reward_id!r}", "see `headway rewards list`")
    if all(reward is None or reward.stock is None for reward in known):
        raise UserError(
            f"reward {reward_id} is not counted",
            "give it a `stock` (an experience: `places`) in the programme file, and publish that",
        )
