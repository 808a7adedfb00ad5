"""`headway import`: day one. What members have elsewhere comes in, and nobody gets a mail."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from headway.cli.import_balances import balances_report, import_balances
from headway.cli.import_history import import_history
from headway.cli.output import print_json, run

if TYPE_CHECKING:
    from headway.cli.import_balances import Imported

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("import")
def command() -> None:
    """Bring in what members have elsewhere: opening balances, or past orders. Sends no mail.

    A whole file is checked before any of it counts. See docs/day-one.md.
    """


@command.command("balances")
@click.argument("file", type=_FILE)
@click.option(
    "--batch", default="opening", show_default=True, metavar="NAME",
    help="What this import is called: a member has one balance in each.",
)  # fmt: skip
@click.option("--check", "only_check", is_flag=True, help="Say what would be done; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def balances(file: Path, batch: str, only_check: bool, as_json: bool) -> None:
    """Open accounts with the balances of FILE, a CSV with a row for each lot of points.

    \b
    Columns: member_id, points, earned_at, and as you need them
      expires_at    the last day they count; empty: never. Without the column: as the programme says
      joined_at     when the member joined; else when the earliest of their points were earned
      rule          what reports tell the points under; else 'opening'
      measured, measured_on   what tiers go by, and the local day it counts on
      purchases     how often the member has bought, so that the next time is not the first

    The same file again changes nothing. A member whose rows of this batch have changed is refused.

    Exits 0 when file and ledger agree, 1 when something is wrong with the file, 2 when it could
    not be done.
    """
    result = run(import_balances(file, batch, only_check=only_check))
    if as_json:
        print_json(result.facts())
    else:
        balances_report(result)
    _exit(result)


def _exit(result: "Imported") -> None:
    if not result.ok:
        raise SystemExit(1)


@command.command("history")
@click.argument("file", type=_FILE)
@click.option(
    "--enrol/--no-enrol", default=True, show_default=True,
    help="Also send that each buyer joined, an hour before the first order in FILE.",
)  # fmt: skip
@click.option("--check", "only_check", is_flag=True, help="Read the file and send nothing.")
def history(file: Path, enrol: bool, only_check: bool) -> None:
    """Send past orders and returns of FILE to Kafka, for earn to judge by the programme.

    \b
    A CSV with a row for each order line; a negative quantity is a return. Columns:
      order_id, member_id, time, line_id, sku, category, quantity, line_total, currency

    They earn, count towards tiers and expire as if they had been heard of in time. The same file
    again changes nothing. Members with an opening balance are refused: they would get the points
    twice.

    Exits 0; 2 when something is wrong with the file or it could not be done.
    """
    run(import_history(file, enrol=enrol, only_check=only_check))
