"""`headway verify`: whether the ledger keeps its promises."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from headway.cli.output import connected, print_json, progress_bar, run, settings, snapshot

if TYPE_CHECKING:
    from headway.ledger.verify import Check, Report

_SHOWN = 5


@click.command("verify")
@click.option("--topic", is_flag=True, help="Also read balance-changed and compare what it says.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option("--no-record", is_flag=True, help="Leave no note of this run in verify_runs.")
def command(topic: bool, as_json: bool, no_record: bool) -> None:
    """Check that the books add up: chains, sums, causes, and what was published.

    Reads one snapshot and changes nothing of the ledger; services may go on. Prints one line for
    each check, and the first accounts that break it. What it found is noted for the status page and
    the metrics, by a role that may write to verify_runs.

    Exits 0 when every check holds, 1 when one does not, 2 when it could not be done.
    """
    report = run(_report(topic, not no_record))
    if as_json:
        print_json(_facts(report))
    else:
        for check in report.checks.values():
            _print(check)
        for note in report.notes:
            click.echo(f"note: {note}")
        if report.totals:
            click.echo(
                "points: " + ", ".join(f"{place} {n:,}" for place, n in report.totals.items())
            )
        click.echo("verify ok" if report.ok else "verify: BROKEN, see above")
    if not report.ok:
        raise SystemExit(1)


async def _report(topic: bool, recorded: bool) -> "Report":
    from headway.ledger.verify import verify

    chosen = settings()
    began_at, began = datetime.now(UTC), time.monotonic()
    published = None
    if topic:
        from headway.ledger.verify_topic import Published
        from headway.runtime import kafka

        # What is in the topic by now must be in the snapshot that is taken after this.
        published = await Published.so_far(
            kafka.connection(chosen), chosen.topic("balance-changed")
        )
    with progress_bar("accounts") as seen:
        async with snapshot(chosen.postgres_dsn) as connection:
            report = await verify(connection, seen)
            if published is not None:
                await published.compare(connection, report)
    if recorded:
        scope = "ledger and topic" if topic else "ledger"
        await _record(chosen.postgres_dsn, report, began_at, time.monotonic() - began, scope)
    return report


async def _record(
    dsn: str, report: "Report", began_at: datetime, took_s: float, scope: str
) -> None:
    from headway.operations.verifications import record, verification

    async with connected(dsn) as connection:
        if not await record(connection, verification(report, began_at, took_s, scope)):
            click.echo("not noted in verify_runs: this role may only read", err=True)


def _print(check: "Check") -> None:
    mark = "ok" if check.ok else f"BROKEN {check.broken:,} times"
    click.echo(f"{check.name:<15} {check.examined:>12,} {check.unit:<15} {mark:<8} {check.promise}")
    for finding in check.findings[:_SHOWN]:
        who = finding.member_id or finding.account_id
        click.echo(f"    {'' if who is None else f'member {who}: '}{finding.what}")
    if check.broken > _SHOWN:
        click.echo(f"    and {check.broken - _SHOWN:,} more")


def _facts(report: "Report") -> dict[str, object]:
    return {
        "ok": report.ok,
        "checks": [
            {
                "name": check.name,
                "promise": check.promise,
                "ok": check.ok,
                "examined": check.examined,
                "unit": check.unit,
                "broken": check.broken,
                "first": [finding._asdict() for finding in check.findings],
            }
            for check in report.checks.values()
        ],
        "totals": report.totals,
        "notes": report.notes,
    }
