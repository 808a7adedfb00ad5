"""`headway notify simulate`: what a programme would send over the history, sending nothing."""

from datetime import UTC, datetime
from pathlib import Path

import click

from headway.cli.output import connected, print_json, run, settings
from headway.contracts.balance import BalanceChanged
from headway.contracts.codec import Event
from headway.contracts.topics import Topics
from headway.errors import UserError
from headway.ledger.programs import read_programs
from headway.program.loading import load_program
from headway.program.program import Program, Programs
from headway.runtime.kafka import connection
from headway_notify.history import told_so_far
from headway_notify.simulating import Simulation, Told, in_order, summary


@click.command()
@click.option(
    "--program",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge all of the history by this file's messages; else by the published versions.",
)
@click.option("--until", type=click.DateTime(), help="Decide up to that day (UTC), not the last.")
@click.option("--member", help="Of this member alone.")
@click.option("--list", "listed", is_flag=True, help="Each message, in the order of deciding.")
@click.option("--json", "as_json", is_flag=True, help="For machines; with --list one object each.")
def simulate(
    file: Path | None, until: datetime | None, member: str | None, listed: bool, as_json: bool
) -> None:
    """Print who would be told what and when over everything that was published, sending nothing.

    Reads the topics balance-changed and member-notices from their start, and decides on the
    history's own clock as the service does. Everybody is taken to have a contact in the
    programme's zone, and to want to hear: preferences and suppression are not looked at.
    """
    told = [
        one for one in run(_simulated(file, until)) if member is None or one.member_id == member
    ]
    if listed:
        for one in told:
            print_json(_line(one)) if as_json else click.echo(_words(one))
    elif as_json:
        print_json({kind: {"sent": sent, "skipped": dict(no)} for kind, sent, no in summary(told)})
    else:
        _table(told)


async def _simulated(file: Path | None, until: datetime | None) -> list[Told]:
    chosen = settings()
    programs = await _published(chosen.postgres_dsn) if file is None else _of(file)

    def program_of(event: Event) -> Program:
        data = event.data
        if file is None and isinstance(data, BalanceChanged):
            return programs.version(data.program_version)
        return programs.at(event.time)

    topics = Topics(chosen.topic_prefix)
    events = [event async for event in told_so_far(connection(chosen), topics)]
    simulation = Simulation(program_of)
    for event in in_order(events):
        simulation.hear(event)
    if until is not None:
        simulation.until(until.replace(tzinfo=UTC))
    return simulation.result


def _of(file: Path) -> Programs:
    return Programs([load_program(file.read_text("utf-8"), file=str(file))])


async def _published(dsn: str) -> Programs:
    async with connected(dsn) as connection:
        programs = await read_programs(connection)
    if not programs.all:
        raise UserError("no programme is published", "run `headway program publish FILE`")
    return programs


def _line(one: Told) -> dict[str, object]:
    return {
        "member_id": one.member_id, "kind": one.kind, "cause": one.cause,
        "decided_at": one.decided_at.isoformat(),
        "send_at": None if one.send_at is None else one.send_at.isoformat(),
        "why_not": one.why_not, "version": one.version,
    }  # fmt: skip


def _words(one: Told) -> str:
    when = one.send_at or one.decided_at
    what = f"not sent: {one.why_not}" if one.why_not else f"as of version {one.version}"
    return f"{when:%Y-%m-%d %H:%M} UTC  {one.member_id}  {one.kind}  {what}"


def _table(told: list[Told]) -> None:
    sent = skipped = 0
    for kind, goes, reasons in summary(told):
        sent, skipped = sent + goes, skipped + reasons.total()
        click.echo(f"{kind:18} {goes:>8,} sent")
        for reason, number in reasons.most_common():
            click.echo(f"{'':18} {number:>8,} not sent: {reason}")
    click.echo(f"{'in all':18} {sent:>8,} sent, {skipped:,} not")
