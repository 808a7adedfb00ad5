"""`headway up`: Kafka and PostgreSQL on this machine, until interrupted."""

import signal
import threading
from pathlib import Path
from types import FrameType

import click

from headway.errors import UserError


@click.command("up")
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".headway"),
    show_default=True,
    help="Folder that keeps data and logs between runs.",
)
@click.option("--kafka-port", type=click.IntRange(1, 65535), help="Default: last time's, or free.")
@click.option(
    "--postgres-port", type=click.IntRange(1, 65535), help="Default: last time's, or free."
)
@click.option(
    "--fast-start/--full-speed",
    default=True,
    help="Start Kafka sooner, or let Java optimise it fully for measurements.",
)
def command(
    root: Path, kafka_port: int | None, postgres_port: int | None, fast_start: bool
) -> None:
    """Run Kafka and PostgreSQL here until Ctrl-C, and print the settings to use them by.

    Exits 0 when asked to stop, 1 when a server could not start or ended on its own.
    """
    from headway.local import LocalStack

    stop = threading.Event()

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask_to_stop)
    stack = LocalStack(
        root, fast_start=fast_start, kafka_port=kafka_port, postgres_port=postgres_port
    )
    try:
        with stack:
            endpoints = stack.start()
            click.echo(f"export HEADWAY_KAFKA_BOOTSTRAP={endpoints.kafka_bootstrap}")
            click.echo(f"export HEADWAY_POSTGRES_DSN='{endpoints.postgres_dsn}'")
            click.echo(f"# Running; data and logs in {stack.root}. Ctrl-C stops both.", err=True)
            while not stop.wait(0.5):
                for name, server in (("Kafka", stack.kafka), ("PostgreSQL", stack.postgres)):
                    if not server.running:
                        raise UserError(
                            f"{name} ended on its own.",
                            f"Its log is in {stack.root / 'logs'}; start again with `headway up`.",
                        )
    except UserError as error:
        raise click.ClickException(str(error)) from error
