"""`headway dlq replay`: dead letters sent again as they came, or one out of a file."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click
from aiokafka.errors import KafkaError

from headway.access.audit import Actor
from headway.cli.dlq_mend import send_mended
from headway.cli.dlq_options import actor, filter_of, filters, kafka, text, with_database
from headway.cli.output import progress_bar
from headway.errors import UserError
from headway.runtime.settings import Settings, read
from headway.stream.dead_letters.checking import checked, hindrance
from headway.stream.dead_letters.drafting import unchanged
from headway.stream.dead_letters.kept import Filter, shown
from headway.stream.dead_letters.pacing import Pace
from headway.stream.dead_letters.replaying import Replayer, matching, producing
from headway.stream.errors import passes
from headway.stream.positions import Connection


class _Wanted(NamedTuple):
    """What was asked for. Letters that were named go also when they will be refused again."""

    ids: tuple[int, ...]
    filter: Filter
    limit: int | None
    again: bool
    rate: float
    by: Actor


class _Outcome(NamedTuple):
    """What became of one. `spent`: its producer counts on what Kafka refused, and is of no more
    use for that partition."""

    id: int
    sent: bool
    said: str
    spent: bool = False


@click.command("replay")
@click.argument("ids", type=int, nargs=-1)
@filters
@click.option("--all", "everything", is_flag=True, help="All that were not sent again yet.")
@click.option("--limit", type=click.IntRange(1), help="Send at most so many.")
@click.option("--rate", type=click.FloatRange(0.1, 10_000), default=100.0, show_default=True,
              help="At most so many a second.")  # fmt: skip
@click.option("--again", is_flag=True, help="Also those named that were sent again already.")
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The mended message, for one id; see `show --body`.",
)
@click.option("--by", help="Who sends them, for the audit log; else the system's user.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, send nothing.")
def replay(
    ids: tuple[int, ...], everything: bool, limit: int | None, rate: float, again: bool,
    file: Path | None, by: str | None, dry_run: bool, **options: Any,
) -> None:  # fmt: skip
    """Send dead letters again to the topics they came from.

    Key, headers and the CloudEvents id stay the same, so nothing is applied twice. By --all or a
    filter, those that would be refused again are left: too many of them would stop their
    consumer. Letters that are named go as they are.
    """
    chosen = filter_of(options)
    if bool(ids) == (everything or chosen != Filter()):
        raise click.UsageError("name ids, or say --all or a filter")
    if again and not ids:
        raise click.UsageError("--again is for letters that are named")
    who = actor(by)
    if file is not None:
        _replay_file(ids, file, again, who, dry_run)
        return
    wanted = _Wanted(ids, chosen, limit, again, rate, who)
    outcomes: list[_Outcome] = []
    try:
        with progress_bar("dead letters") as seen:
            with_database(lambda connection: _all(connection, wanted, dry_run, outcomes, seen))
    finally:
        for one in outcomes:
            click.echo(text(one.said), err=not one.sent)
    if not any(one.sent for one in outcomes):
        click.echo("Nothing to replay.")
    if ids and not all(one.sent for one in outcomes):
        raise SystemExit(1)


def _replay_file(ids: tuple[int, ...], file: Path, again: bool, by: Actor, dry_run: bool) -> None:
    if len(ids) != 1:
        raise click.ClickException(
            "a mended file replaces one dead letter\n  -> name exactly one id"
        )
    if dry_run:
        raise click.UsageError("--dry-run sends nothing, so it reads no --file")
    letter = send_mended(ids[0], file.read_bytes(), by=by, again=again)
    click.echo(f"{letter.id} sent again to {letter.topic} ({letter.reason})")


async def _all(
    connection: Connection, wanted: _Wanted, dry_run: bool, outcomes: list[_Outcome],
    seen: Callable[[int, int], None] | None,
) -> None:  # fmt: skip
    ids = list(dict.fromkeys(wanted.ids)) or await matching(connection, wanted.filter)

    async def each(become: Callable[[int], Awaitable[_Outcome]]) -> bool:
        """Take those that are left; whether some still are."""
        for id in ids[len(outcomes) :]:
            if wanted.limit and wanted.limit == sum(one.sent for one in outcomes):
                return False
            outcomes.append(await become(id))
            if seen:
                seen(len(outcomes), len(ids))
            if outcomes[-1].spent:
                return True
        return False

    if dry_run:
        await each(lambda id: _tried(connection, id, wanted))
        return
    pace, left = Pace(wanted.rate), True
    while left:
        async with producing(kafka()) as producer:
            prefix = read(Settings).topic_prefix
            replayer = Replayer(connection, producer, prefix, wanted.by, pace)
            left = await each(partial(_sent, replayer, wanted))


async def _sent(replayer: Replayer, wanted: _Wanted, id: int) -> _Outcome:
    try:
        letter = await replayer.replayed(
            id, datetime.now(UTC), again=wanted.again, even_bad=bool(wanted.ids)
        )
    except UserError as refused:
        return _Outcome(id, False, f"{id} not sent: {refused}")
    except KafkaError as error:
        if passes(error):
            raise
        return _Outcome(id, False, f"{id} not sent, Kafka refuses it: {error}", spent=True)
    return _Outcome(id, True, f"{id} sent again to {letter.topic} ({letter.reason})")


async def _tried(connection: Connection, id: int, wanted: _Wanted) -> _Outcome:
    """What would become of one, without sending it."""
    prefix, now = read(Settings).topic_prefix, datetime.now(UTC)
    try:
        letter = await shown(connection, id)
    except UserError as refused:
        return _Outcome(id, False, str(refused))
    if reason := hindrance(letter, prefix, mending=False, again=wanted.again):
        return _Outcome(id, False, f"{id} would not go: {reason}")
    problem = await checked(connection, letter, unchanged(letter), prefix, now)
    if problem and not wanted.ids:
        return _Outcome(id, False, f"{id} would not go, to be refused again: {problem}")
    again = f", to be refused again: {problem}" if problem else ""
    return _Outcome(id, True, f"{id} would go to {letter.topic} ({letter.reason}){again}")
