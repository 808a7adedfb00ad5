"""`headway replay`: the input log decided again."""

from typing import TYPE_CHECKING

import click

from headway.cli.output import print_json, progress_bar, run, settings, snapshot

if TYPE_CHECKING:
    from headway.ledger.replay import Replayed

_SHOWN = 10


@click.command("replay")
@click.option("--check", is_flag=True, help="Compare with what is stored; nothing is written.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def command(check: bool, as_json: bool) -> None:
    """Decide every input of the log again, in memory, and compare with the ledger.

    Rows, lots, tiers, balances and outcomes must come out identical: the ledger is a function of
    its inputs and the published programme versions, and of nothing else.

    Exits 0 when everything is identical, 1 when something differs, 2 when it could not be done.
    """
    if not check:
        raise click.UsageError(
            "replaying never rewrites the ledger\n  -> say `headway replay --check` to compare"
        )
    result = run(_replay())
    if as_json:
        print_json(
            {
                "ok": result.ok,
                "accounts": result.accounts,
                "inputs": result.inputs,
                "points_events": result.points_events,
                "accounts_differing": len(result.differences),
                "first": [one._asdict() for one in result.differences[:_SHOWN]],
            }
        )
    else:
        _print(result)
    if not result.ok:
        raise SystemExit(1)


async def _replay() -> "Replayed":
    from headway.ledger.replay import replay

    with progress_bar("accounts") as seen:
        async with snapshot(settings().postgres_dsn) as connection:
            return await replay(connection, seen)


def _print(result: "Replayed") -> None:
    for one in result.differences[:_SHOWN]:
        click.echo(f"member {one.member_id}: {one.what}")
    more = len(result.differences) - _SHOWN
    if more > 0:
        click.echo(f"and {more:,} more accounts")
    click.echo(
        f"{result.inputs:,} inputs of {result.accounts:,} accounts decided again, "
        f"{result.points_events:,} points events compared"
    )
    click.echo("replay ok" if result.ok else "replay: DIFFERENT, see above")
