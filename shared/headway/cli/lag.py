"""`headway lag`: how far behind each consumer group is."""

import asyncio
import json

import asyncpg
import click
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.table import Table

from headway.runtime.kafka import connection
from headway.runtime.settings import Settings, read
from headway.stream.lag import PartitionLag, measure


@click.command("lag")
@click.option("--json", "as_json", is_flag=True, help="For machines: one object per partition.")
@click.option("--all", "everything", is_flag=True, help="Also partitions that are not behind.")
@click.option(
    "--max",
    "most",
    type=click.IntRange(0),
    help="Exit 1 if any group is more records behind than this, over all its partitions.",
)
def command(as_json: bool, everything: bool, most: int | None) -> None:
    """Show how many records each consumer group has not applied yet.

    Counted from what the database has applied; what Kafka alone shows stands beside it.
    Exits 0; with --max, 1 if a group is further behind; 2 if Kafka or Postgres does not answer.
    """
    settings = read(Settings)
    try:
        lags = asyncio.run(
            measure(connection(settings), settings.postgres_dsn, settings.group_prefix)
        )
    except (KafkaError, OSError, asyncpg.PostgresError) as error:
        click.echo(
            f"the lag cannot be measured: {error}\n"
            "  -> check HEADWAY_KAFKA_BOOTSTRAP and HEADWAY_POSTGRES_DSN",
            err=True,
        )
        raise SystemExit(2) from error
    totals: dict[str, int] = {}
    for entry in lags:
        totals[entry.group] = totals.get(entry.group, 0) + entry.lag
    if as_json:
        click.echo(json.dumps({"groups": totals, "partitions": [_as_json(x) for x in lags]}))
    else:
        _print(lags, totals, everything)
    if most is not None and any(total > most for total in totals.values()):
        raise SystemExit(1)


def _as_json(entry: PartitionLag) -> dict[str, object]:
    return {**entry._asdict(), "lag": entry.lag, "committed_lag": entry.committed_lag}


def _print(lags: list[PartitionLag], totals: dict[str, int], everything: bool) -> None:
    console = Console()
    table = Table("group", "topic")
    for column in ("partition", "applied", "log end", "behind", "behind by Kafka"):
        table.add_column(column, justify="right")
    for entry in lags:
        if everything or entry.lag or entry.committed_lag:
            table.add_row(
                entry.group,
                entry.topic,
                str(entry.partition),
                "-" if entry.applied is None else str(entry.applied),
                str(entry.end),
                str(entry.lag),
                str(entry.committed_lag),
            )
    if table.row_count:
        console.print(table)
    if not totals:
        console.print("No consumer group has read anything yet.")
    for group, total in sorted(totals.items()):
        console.print(f"{group}: {total:,} behind" if total else f"{group}: caught up")
