"""`headway lag`: how far behind each consumer group is, once, live, or for Prometheus."""

import asyncio
import json
import re
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live

from headway.cli.lag_view import as_json, groups_table, in_words, partitions_table
from headway.errors import UserError
from headway.lag.measuring import Scope
from headway.lag.snapshot import GroupLag, LagSnapshot
from headway.lag.watching import LagWatch
from headway.runtime import kafka
from headway.runtime.health import Health
from headway.runtime.logging import configure
from headway.runtime.settings import Settings, read

_SECONDS = click.FloatRange(0.5)


@click.command("lag")
@click.option("--json", "as_machine", is_flag=True, help="For machines: one JSON object.")
@click.option("--all", "everything", is_flag=True, help="Also partitions that are not behind.")
@click.option(
    "--group", "pattern", metavar="REGEX",
    help="Groups whose name this is found in, of any kind; else those with Headway's prefix.",
)  # fmt: skip
@click.option("--kafka-only", is_flag=True, help="Do not ask the database: any cluster will do.")
@click.option(
    "--max", "most", type=click.IntRange(0),
    help="Exit 1 if any group is more records behind than this, over all its partitions.",
)  # fmt: skip
@click.option(
    "--max-seconds", "longest", type=click.FloatRange(0),
    help="Exit 1 if any group's oldest waiting record is older than this, or its age is unknown.",
)  # fmt: skip
@click.option("--watch", "live", is_flag=True, help="Go on showing it, live, until Ctrl-C.")
@click.option("--serve", "exporter", is_flag=True, help="Go on serving it to Prometheus.")
@click.option("--every", type=_SECONDS, help="Seconds between measurements. [2, or 10 to serve]")
@click.option("--port", type=click.IntRange(1, 65535), default=9308, show_default=True,
              help="Where --serve listens: /metrics, /live, /ready.")  # fmt: skip
@click.option("--bind", default="0.0.0.0", show_default=True, help="The address of that port.")
@click.option("--cluster-name", default="default", show_default=True,
              help="What the label cluster_name of kafka-lag-exporter's series says.")  # fmt: skip
def command(
    as_machine: bool, everything: bool, pattern: str | None, kafka_only: bool, most: int | None,
    longest: float | None, live: bool, exporter: bool, every: float | None, port: int, bind: str,
    cluster_name: str,
) -> None:  # fmt: skip
    """Show how far each consumer group is behind, and in Burrow's words how it does.

    Records are counted from what the database has applied; what Kafka alone shows stands beside
    it. Seconds are the age of the first record that waits. OK, STOP, STALL and REWIND are seen
    at once, from commits of the past; WARN (slow) only by --watch and --serve, for it takes a
    while to see.

    Exits 0; with --max or --max-seconds, 1 if a group is further behind; 2 if Kafka or Postgres
    does not answer.
    """
    settings = read(Settings)
    if live + exporter + as_machine > 1 or ((live or exporter) and not (most is longest is None)):
        raise click.UsageError("--watch, --serve and one answer (--json, --max) exclude each other")
    scope = _scope(settings, pattern, kafka_only)
    connection = kafka.connection(settings)
    if exporter:
        # Brings the web server, which nothing else here needs.
        from headway.lag.serving import serve

        configure("lag", settings.log_level)
        health = Health()
        watch = LagWatch(connection, scope, every=every or 10.0, health=health)
        asyncio.run(serve(watch, health, bind, port, cluster_name))
    elif live:
        _show_live(LagWatch(connection, scope, every=every or 2.0))
    else:
        snapshot = asyncio.run(_measured(LagWatch(connection, scope)))
        if as_machine:
            click.echo(json.dumps(as_json(snapshot)))
        else:
            _print(snapshot, everything)
        if _too_far(snapshot, most, longest):
            raise SystemExit(1)


def _scope(settings: Settings, pattern: str | None, kafka_only: bool) -> Scope:
    try:
        wanted = re.compile(pattern or "^" + re.escape(settings.group_prefix))
    except re.error as error:
        raise click.BadParameter(
            f"not a regular expression: {error}", param_hint="--group"
        ) from error
    return Scope(
        lambda name: wanted.search(name) is not None,
        settings.group_prefix,
        settings.topic_prefix,
        None if kafka_only else settings.postgres_dsn,
    )


async def _measured(watch: LagWatch) -> LagSnapshot:
    """One measurement; UserError if Kafka or the database does not answer."""
    try:
        snapshot = await watch.run_once()
    finally:
        await watch.close()
    down = snapshot.down or snapshot.database_down
    if down:
        raise UserError(
            f"the lag cannot be measured: {down}",
            "check HEADWAY_KAFKA_BOOTSTRAP and HEADWAY_POSTGRES_DSN; --kafka-only asks no database",
        )
    return snapshot


def _show_live(watch: LagWatch) -> None:
    async def show() -> None:
        with Live(console=Console(), screen=False, auto_refresh=False) as screen:
            async with watch:
                shown = 0.0
                while True:
                    snapshot = watch.snapshot()
                    if snapshot.at != shown:
                        shown = snapshot.at
                        screen.update(_live_view(snapshot), refresh=True)
                    await asyncio.sleep(0.2)

    try:
        asyncio.run(show())
    except KeyboardInterrupt:
        return


def _live_view(snapshot: LagSnapshot) -> Group:
    parts: list[Any] = []
    if snapshot.down:
        parts.append(f"Kafka cannot be measured: {snapshot.down}")
    else:
        parts.append(groups_table(snapshot))
        partitions = partitions_table(snapshot, everything=False)
        if partitions.row_count:
            parts.append(partitions)
    if snapshot.database_down:
        parts.append(f"the database does not answer ({snapshot.database_down}): lags are Kafka's")
    return Group(*parts)


def _print(snapshot: LagSnapshot, everything: bool) -> None:
    console = Console(highlight=False)
    table = partitions_table(snapshot, everything)
    if table.row_count:
        console.print(table)
    if not snapshot.groups:
        console.print("No consumer group has read anything yet.")
    for group in snapshot.groups:
        console.print(in_words(group))


def _too_far(snapshot: LagSnapshot, most: int | None, longest: float | None) -> bool:
    return any(
        (most is not None and group.lag > most)
        or (longest is not None and _waits_too_long(group, longest))
        for group in snapshot.groups
    )


def _waits_too_long(group: GroupLag, longest: float) -> bool:
    """Whether a partition's oldest record is older, or may be: its age may be unknown."""
    return any(lag.seconds is None or lag.seconds > longest for lag in group.partitions)
