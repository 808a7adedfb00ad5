"""`headway topics`: Headway's topics in Kafka."""

import asyncio
import json

import click
from rich.console import Console
from rich.table import Table

from headway.contracts.topics import Topics
from headway.errors import Retryable, UserError
from headway.runtime.kafka import connection
from headway.runtime.settings import Settings, read
from headway.stream.topics_admin import create_topics

_MS_PER_DAY = 24 * 60 * 60 * 1000


@click.group("topics")
def command() -> None:
    """The topics that Headway reads and writes."""


@command.command("create")
@click.option(
    "--replication",
    type=click.IntRange(1, 32767),
    default=1,
    show_default=True,
    envvar="HEADWAY_TOPIC_REPLICATION",
    show_envvar=True,
    help="Copies of each partition; 3 is usual where there are three brokers.",
)
@click.option(
    "--in-sync",
    type=click.IntRange(1, 32767),
    envvar="HEADWAY_TOPIC_IN_SYNC",
    show_envvar=True,
    help="Copies that must hold a record before it counts (min.insync.replicas); unless said, "
    "one fewer than there are, so that one broker may be away.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def create(replication: int, in_sync: int | None, as_json: bool) -> None:
    """Create the topics that are not there yet. Safe to run again.

    Kafka's address and the prefix come from HEADWAY_KAFKA_BOOTSTRAP and HEADWAY_TOPIC_PREFIX.
    Exits 1 if a topic cannot be created or has the wrong number of partitions.
    """
    settings = read(Settings)
    try:
        created = asyncio.run(
            create_topics(connection(settings), settings.topic_prefix, replication, in_sync)
        )
    except (UserError, Retryable) as error:
        raise click.ClickException(str(error)) from error
    topics = Topics(settings.topic_prefix).all()
    if as_json:
        click.echo(json.dumps({"created": created, "topics": [topic.name for topic in topics]}))
        return
    table = Table("topic", "partitions", "kept", "")
    for topic in topics:
        kept = "last of each key" if topic.compacted else f"{topic.retention_ms // _MS_PER_DAY} d"
        table.add_row(
            topic.name,
            str(topic.partitions),
            kept,
            "created" if topic.name in created else "was there",
        )
    Console().print(table)
