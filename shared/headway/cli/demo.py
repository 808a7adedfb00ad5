"""`headway demo`: real purchases in, points in the ledger, progress emails out."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headway.errors import UserError

if TYPE_CHECKING:
    from headway.local.demo.run import Demo

_EXIT_INTERRUPTED = 130


@click.command("demo")
@click.option(
    "--program",
    metavar="NAME",
    default="shoes",
    show_default=True,
    help="The programme: one of the examples (shoe-vip, coffee-stars, miles ...), or a file.",
)
@click.option("--full", is_flag=True, help="All 69,659 purchases instead of the 1-in-10 sample.")
@click.option(
    "--orders",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Another history: CSV with order_id, member_id, time, line_id, sku, category, quantity, "
    "line_total, currency. A negative quantity is a return.",
)
@click.option("--keep", is_flag=True, help="Leave everything running until Ctrl-C.")
@click.option("--keep-dir", is_flag=True, help="Keep the servers' data.")
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".headway/demo"),
    show_default=True,
    help="Folder for data, logs and mails; what an earlier demo left there is removed.",
)
@click.option(
    "--dump",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write topics, redemptions, ledger and mails there as files.",
)
def command(
    program: str,
    full: bool,
    orders: Path | None,
    keep: bool,
    keep_dir: bool,
    root: Path,
    dump: Path | None,
) -> None:
    """Play 18 months of real purchases through real servers: points, rewards and emails.

    Starts Kafka, PostgreSQL, the three services and a mail server that keeps its mail; publishes
    CDNOW's purchases as orders, and what else the programme rewards as synthetic events; lets
    some shoppers redeem; says what happened; checks the books; stops everything. Exits 0 when all
    is well, 1 when the check found something.

    With --keep-dir the servers can be looked at again: headway up --root .headway/demo/servers
    """
    from rich.console import Console

    try:
        from headway.local.demo.run import Options, run
    except ModuleNotFoundError as missing:
        raise UserError(
            f"the demo needs the package {missing.name}",
            "install Headway with its `local` extra: uv sync --extra local",
        ) from missing

    def hold(demo: "Demo") -> None:
        if not keep:
            return
        demo.tell_where()
        try:
            while True:
                time.sleep(0.5)
                demo.check()
        except KeyboardInterrupt:
            click.echo()

    options = Options(root, program, full=full, orders=orders, keep_data=keep_dir, dump=dump)
    try:
        ok = run(options, Console(highlight=False), hold)
    except KeyboardInterrupt:
        click.echo("headway demo: interrupted, everything is stopped", err=True)
        sys.exit(_EXIT_INTERRUPTED)
    sys.exit(0 if ok else 1)
