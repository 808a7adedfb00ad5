"""`headway dlq`: what was refused for good, and sending it again once mended."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import asyncpg
import click
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.table import Table

from headway.errors import UserError
from headway.runtime import kafka
from headway.runtime.settings import Settings, read
from headway.stream import replay
from headway.stream.positions import Connection

Result = TypeVar("Result")


@click.group("dlq")
def command() -> None:
    """Dead letters: records refused for good, kept with the reason.

    Exit codes: 0 done, 1 what was asked for cannot be, 2 Kafka or Postgres does not answer.
    """


def _with_database(work: Callable[[Connection], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        connection = await asyncpg.connect(read(Settings).postgres_dsn, command_timeout=30)
        try:
            return await work(connection)
        finally:
            await connection.close()

    try:
        return asyncio.run(run())
    except UserError as error:
        raise click.ClickException(str(error)) from error
    except (OSError, asyncpg.PostgresError, KafkaError) as error:
        click.echo(
            f"no answer: {error}\n  -> check HEADWAY_POSTGRES_DSN and HEADWAY_KAFKA_BOOTSTRAP",
            err=True,
        )
        raise SystemExit(2) from error


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those already replayed.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="For machines: one object per line.")
def list_(everything: bool, limit: int, as_json: bool) -> None:
    """List dead letters, oldest first, with the reason of each."""
    rows = _with_database(
        lambda connection: replay.listed(connection, everything=everything, limit=limit)
    )
    if as_json:
        for row in rows:
            click.echo(json.dumps({**dict(row), "key": _text(row["key"])}, default=str))
        return
    table = Table("id", "from", "key", "reason", "field", "what is wrong", "refused", "replayed")
    for row in rows:
        table.add_row(
            str(row["id"]),
            f"{row['topic']}-{row['partition']} @{row['offset']}",
            _text(row["key"]),
            row["reason"],
            row["field"],
            row["message"][:200],
            f"{row['failed_at']:%Y-%m-%d %H:%M:%S}",
            f"{row['replayed_at']:%Y-%m-%d %H:%M:%S}" if row["replayed_at"] else "",
        )
    Console().print(table if rows else "No dead letters.")


@command.command("show")
@click.argument("id", type=int)
@click.option("--json", "as_json", is_flag=True, help="For machines: binary parts in base64.")
@click.option("--body", is_flag=True, help="Only the original bytes, to mend them in a file.")
def show(id: int, as_json: bool, body: bool) -> None:
    """Show one dead letter whole: where from, why refused, headers, original bytes."""
    (letter,) = _with_database(lambda connection: replay.kept(connection, [id]))
    if body:
        if letter.value is None:
            raise click.ClickException(f"dead letter {id} was kept without its body")
        click.echo(letter.value, nl=False)
        return
    if as_json:
        fields = letter._asdict() | {
            "key": _base64(letter.key),
            "value": _base64(letter.value),
            "headers": [[name, _base64(value)] for name, value in letter.headers],
        }
        click.echo(json.dumps(fields, default=str))
        return
    click.echo(f"dead letter {letter.id}")
    click.echo(f"  from      {letter.topic} partition {letter.partition} offset {letter.offset}")
    click.echo(f"  refused   by {letter.group}, release {letter.release}, {letter.failed_at}")
    click.echo(f"  reason    {letter.reason} ({letter.stage}) {letter.field}".rstrip())
    click.echo(f"            {letter.message}")
    click.echo(f"  replayed  {letter.replayed_at or 'no'}")
    click.echo(f"  key       {_text(letter.key)}")
    for name, value in letter.headers:
        click.echo(f"  header    {name}: {_text(value)}")
    click.echo(f"  value     {_text(letter.value)}")


@command.command("replay")
@click.argument("ids", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that were not replayed yet.")
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The mended message, for one id; see `show --body`.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be sent, send nothing.")
def replay_(ids: tuple[int, ...], everything: bool, file: Path | None, dry_run: bool) -> None:
    """Send dead letters again to the topics they came from.

    Key, headers and the CloudEvents id stay the same, so nothing is applied twice.
    """
    if bool(ids) == everything:
        raise click.UsageError("name ids, or say --all")
    mended = file.read_bytes() if file else None

    async def send(connection: Connection) -> list[replay.Kept]:
        wanted = list(ids) or await replay.replayable(connection)
        letters = await replay.kept(connection, wanted)
        replay.refuse_unfit(letters, mended)
        if not dry_run:
            await replay.replay(connection, kafka.connection(read(Settings)), letters, mended)
        return letters

    letters = _with_database(send)
    for letter in letters:
        verb = "would go" if dry_run else "sent again"
        click.echo(f"{letter.id} {verb} to {letter.topic} ({letter.reason})")
    if not letters:
        click.echo("Nothing to replay.")


def _text(value: bytes | None) -> str:
    return "-" if value is None else value.decode("utf-8", "backslashreplace")


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
