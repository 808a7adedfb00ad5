"""`headway status`: whether all is well, why not, since when, and what to do."""

from typing import TYPE_CHECKING

import click

from headway.cli.output import console, run

if TYPE_CHECKING:
    from rich.console import Console

    from headway.status.settings import StatusSettings
    from headway.status.watching import Status

_EXIT = {"well": 0, "attention": 1, "blind": 2}
_STYLE = {"well": "green", "attention": "bold red", "blind": "bold yellow"}
_WORD_STYLE = {"OK": "green", "WARN": "yellow", "NOTFOUND": "", "unknown": ""}


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="For machines: as /api/status of the page.")
@click.option("--serve", is_flag=True, help="Serve the page, /metrics, /live and /ready instead.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the page.  [default: 8090]")
@click.option("--bind", help="Address it listens on.  [default: 127.0.0.1]")
def command(as_json: bool, serve: bool, port: int | None, bind: str | None) -> None:
    """Show whether all is well; if not, why, since when, and what to do.

    With --serve the same is a page for browsers. On a loopback address everybody may read it; on
    any other it asks for an API key with admin:read. Mending dead letters needs admin:write.

    Exits 0 when all is well, 1 when something needs a person, 2 when it cannot be looked at.
    """
    from headway.status import serving

    if not serve and (port is not None or bind is not None):
        raise click.UsageError("--port and --bind go with --serve")
    settings = _settings(port, bind)
    if serve:
        serving.serve(settings)
        return
    status = run(serving.look_once(settings))
    if as_json:
        click.echo(status.model_dump_json(indent=2))
    else:
        show(console(), status)
    raise SystemExit(_EXIT[status.judgement.state])


def _settings(port: int | None, bind: str | None) -> "StatusSettings":
    from headway.runtime.settings import read
    from headway.status.settings import StatusSettings

    given = {"status_port": port, "status_bind": bind}
    named = {name: value for name, value in given.items() if value is not None}
    return read(StatusSettings).model_copy(update=named)


def show(out: "Console", status: "Status") -> None:
    """One screen: the verdict and what to do, then the figures."""
    from rich.markup import escape

    from headway.status.judging import RUNBOOK
    from headway.status.words import duration, moment

    judgement, snapshot = status.judgement, status.snapshot
    out.print(f"[{_STYLE[judgement.state]}]{judgement.sentence}[/] at {moment(snapshot.at)}")
    for problem in judgement.problems:
        out.print(f"\n[bold]{escape(problem.what)}[/bold]")
        if problem.since is not None:
            age = duration((snapshot.at - problem.since).total_seconds())
            out.print(f"  since  {moment(problem.since)}, for {age}")
        out.print(f"  do     {escape(problem.next_step)}")
        if problem.runbook:
            out.print(f"  read   {RUNBOOK}#{problem.runbook}")
    out.print()
    _print_groups(out, status)
    _print_rest(out, status)


def _print_groups(out: "Console", status: "Status") -> None:
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    from headway.status.charts import sparkline
    from headway.status.words import duration, rate

    table = Table("group", "state", pad_edge=False, box=None)
    for column in ("behind", "in time", "members", "consumed/s", "produced/s"):
        table.add_column(column, justify="right")
    table.add_column("lag")
    for group in status.snapshot.groups:
        word = group.state or "unknown"
        table.add_row(
            escape(group.group), Text(word, _WORD_STYLE.get(word, "red")), f"{group.lag:,}",
            duration(group.lag_seconds), "-" if group.members is None else str(group.members),
            rate(group.consumed_per_second), rate(group.produced_per_second),
            sparkline([sample.lag for sample in group.series[-20:]]),
        )  # fmt: skip
    if table.row_count:
        out.print(table)


def _print_rest(out: "Console", status: "Status") -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(pad_edge=False, box=None, show_header=False)
    for name, said in rest(status):
        table.add_row(name, escape(said))
    out.print(table)


def rest(status: "Status") -> list[tuple[str, str]]:
    """The parts beside the groups, each in a line."""
    from headway.status.words import duration, moment

    seen = status.snapshot
    lines: list[tuple[str, str]] = []
    if seen.outbox is not None:
        more = "at least " if seen.outbox.at_least else ""
        oldest = duration(seen.outbox.oldest_seconds)
        lines.append(("outbox", f"{more}{seen.outbox.waiting:,} waiting, the oldest for {oldest}"))
    if seen.dead_letters is not None:
        reasons = [f"{one.reason} {one.count:,}" for one in seen.dead_letters.by_reason]
        more = "at least " if seen.dead_letters.at_least else ""
        waiting = f"{more}{seen.dead_letters.waiting:,} waiting"
        lines.append(("dead letters", ": ".join(filter(None, (waiting, ", ".join(reasons))))))
    for job in seen.jobs:
        times = f"last {moment(job.last_at)}, next by {moment(job.next_at)}"
        lines.append((f"job {job.job}", f"{job.outcome}, {times}"))
    if seen.verify is not None:
        found = "the books add up" if seen.verify.ok else "the books do NOT add up"
        lines.append(("verify", f"{found}, {seen.verify.scope}, at {moment(seen.verify.at)}"))
    elif not seen.unseen:
        lines.append(("verify", "never yet"))
    if seen.programme is not None:
        programme = seen.programme
        since = f"version {programme.version} since {moment(programme.from_at)}"
        lines.append(("programme", f"{programme.name}, {since}"))
    if seen.notifications is not None:
        counts = [f"{x.road} {x.state} {x.count:,}" for x in seen.notifications.by_state]
        lines.append(("messages", ", ".join(counts) or "none yet"))
        lines += [("paused", f"{x.road}: {x.why}") for x in seen.notifications.paused]
    return lines
