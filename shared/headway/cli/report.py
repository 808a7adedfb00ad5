"""`headway report`: figures for those who close the books."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from headway.cli.output import console, print_json, run, settings, snapshot
from headway.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from headway.ledger.report import By, MonthReport

_MOMENT = "%Y-%m-%d %H:%M"
_ALWAYS = ("issued", "redeemed", "expired", "reversed")
_BY = {"recorded": "by when it was recorded", "business": "by business time"}


@click.group("report")
def command() -> None:
    """Figures to close the books by: points issued, redeemed, expired and outstanding.

    Exit codes: 0 done, 1 the figures do not tie to the ledger, 2 it could not be done.
    """


@command.command("month")
@click.argument("written", metavar="[YYYY-MM]", required=False)
@click.option(
    "--by", type=click.Choice(list(_BY)), default="recorded", show_default=True,
    help="What places points in a month: when the ledger recorded them, or when they happened.",
)  # fmt: skip
@click.option("--csv", "csv_file", metavar="FILE", help="Write FILE instead; - is standard output.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def month(written: str | None, by: "By", csv_file: str | None, as_json: bool) -> None:
    """Show what was outstanding, what moved it in a month, and what is outstanding at its end.

    A calendar month in the programme's zone; the last one that is over when none is named. It goes
    by when the ledger recorded things, so a month that is over never changes. --by business goes
    by when they happened; then whatever is heard of later still changes the month.

    opening + issued + redeemed + expired + reversed + moved + waived + donated = closing, each
    signed as it changes what is outstanding: members' pending, available and reserved points, less
    what they owe. Told for the whole programme and for the rule that awarded the points.

    Exits 0; 1 when the figures do not tie to the ledger, and then shows none; 2 when it could not
    be done.
    """
    if as_json and csv_file is not None:
        raise click.UsageError("--csv and --json are two forms of one answer\n  -> choose one")
    report = run(_read(settings().postgres_dsn, written, by))
    if report.sums.problems:
        _refuse(report, as_json)
    from headway.cli.report_forms import as_csv, as_facts

    if as_json:
        print_json(as_facts(report))
    elif csv_file is not None:
        _write(as_csv(report), csv_file)
    else:
        _print(report)


async def _read(dsn: str, written: str | None, by: "By") -> "MonthReport":
    from headway.ledger.report import read_month

    async with snapshot(dsn) as connection:
        return await read_month(connection, written, by)


def _refuse(report: "MonthReport", as_json: bool) -> None:
    """Figures that do not tie are for nobody's books."""
    if as_json:
        print_json({"ok": False, "month": str(report.month), "problems": report.sums.problems})
    for problem in report.sums.problems:
        click.echo(f"BROKEN {problem}", err=True)
    click.echo(
        "headway: the ledger does not add up, so there are no figures\n"
        "  -> run `headway verify` to see whose account it is; close nothing until it is mended",
        err=True,
    )
    raise SystemExit(1)


def _print(report: "MonthReport") -> None:
    out = console()
    chosen, sums = report.month, report.sums
    out.print(_table(report))
    held = sums.members
    out.print(
        f"outstanding at the end: {held['pending']:,} pending, {held['available']:,} available, "
        f"{held['reserved']:,} held for rewards, {-held['owed']:,} owed"
    )
    start, end, as_of = (
        moment.astimezone(chosen.zone).strftime(_MOMENT)
        for moment in (chosen.start, chosen.end, report.as_of)
    )
    out.print(f"from {start} to {end} in {chosen.zone}, {_BY[report.by]}")
    if report.by == "business":
        out.print(f"[yellow]as of {as_of}[/yellow]: what is heard of later still changes it")
    elif not report.closed:
        out.print(f"[yellow]not closed yet[/yellow]: figures up to {as_of}")
    out.print(
        "ties: opening and movements give the closing; with what came since, that is what the "
        f"accounts hold now: {sum(sums.now.values()):,}"
    )


def _table(report: "MonthReport") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    whole = report.sums.whole
    shown = [name for name, points in whole.movements.items() if name in _ALWAYS or points]
    title = f"{escape(report.month.program.name)}: points of {report.month}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, show_footer=True)
    table.add_column("rule", footer="all rules", no_wrap=True)
    for name, points in (
        ("opening", whole.opening), *((name, whole.movements[name]) for name in shown),
        ("closing", whole.closing),
    ):  # fmt: skip
        table.add_column(name, footer=f"{points:,}", justify="right", no_wrap=True)
    for rule, line in report.sums.rules.items():
        moved = (f"{line.movements[name]:,}" if line.movements[name] else "" for name in shown)
        table.add_row(escape(rule), f"{line.opening:,}", *moved, f"{line.closing:,}")
    return table


def _write(text: str, file: str) -> None:
    if file == "-":
        click.echo(text, nl=False)
        return
    try:
        Path(file).write_text(text, "utf-8", newline="")
    except OSError as error:
        raise UserError(
            f"{file} cannot be written: {error}", "name a file in a folder that may be written"
        ) from error
    click.echo(f"{file} is written")
