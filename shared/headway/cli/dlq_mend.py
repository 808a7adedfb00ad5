"""`headway dlq mend`: a dead letter edited, checked, and sent again."""

import difflib
import os
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from headway.access.audit import Actor
from headway.cli.dlq_options import actor, kafka, text, with_database
from headway.errors import UserError
from headway.runtime.settings import Settings, read
from headway.stream.dead_letters import drafting
from headway.stream.dead_letters.checking import Problem, checked, hindrance
from headway.stream.dead_letters.kept import Kept, shown
from headway.stream.dead_letters.pacing import Pace
from headway.stream.dead_letters.replaying import Replayer, producing
from headway.stream.positions import Connection

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command("mend")
@click.argument("id", type=int)
@click.option("--yes", is_flag=True, help="Send without asking, once it is right.")
@click.option("--again", is_flag=True, help="Also if it was sent again already.")
@click.option("--rekey", is_flag=True, help="Send it under the event's subject as its key.")
@click.option("--by", help="Who mends it, for the audit log; else the system's user.")
def mend(id: int, yes: bool, again: bool, rekey: bool, by: str | None) -> None:
    """Edit the event of a dead letter in $VISUAL or $EDITOR, and send it again.

    It is checked as the services would before it goes, shown as a difference, and sent only on
    your word. Its id may stay, as nothing of it was applied; of a conflict it must change, since
    the event that has it was.
    """
    who, letter = actor(by), _mendable(id, again)
    refused = Problem(letter.reason, letter.field, letter.message)
    click.echo(f"refused: {text(str(refused))}", err=True)
    before = drafting.draft(letter)
    after = _edited_until_right(letter, before, rekey)
    if after.strip() == before.strip() and not rekey:
        click.echo("Nothing was changed, so nothing was sent.")
        return
    _show_difference(before, after)
    if not yes and not click.confirm(f"Send it to {letter.topic}?"):
        click.echo("Nothing was sent.")
        return
    send_mended(id, after, by=who, again=again, rekey=rekey)
    click.echo(f"{id} mended by {who.name} and sent again to {letter.topic}")


def send_mended(id: int, after: bytes, *, by: Actor, again: bool, rekey: bool = False) -> Kept:
    """Send the letter with this text as its event; what is still wrong ends the command."""

    async def send(connection: Connection) -> Kept:
        async with producing(kafka()) as producer:
            replayer = Replayer(connection, producer, read(Settings).topic_prefix, by, Pace(1))
            return await replayer.mended_and_replayed(
                id, after, datetime.now(UTC), again=again, rekey=rekey
            )

    return with_database(send)


def _mendable(id: int, again: bool) -> Kept:
    async def look(connection: Connection) -> Kept:
        letter = await shown(connection, id)
        if reason := hindrance(letter, read(Settings).topic_prefix, mending=True, again=again):
            raise UserError(reason)
        return letter

    return with_database(look)


def _edited_until_right(letter: Kept, before: bytes, rekey: bool) -> bytes:
    """What the editor leaves, once it is right, or when it was left as it was."""
    after = before
    while True:
        after = edited(after)
        if after.strip() == before.strip() and not rekey:
            return after
        problem = _problem(letter, after, rekey)
        if problem is None:
            return after
        click.echo(f"still refused: {text(str(problem))}", err=True)
        if not click.confirm("Edit it again?", default=True):
            raise click.ClickException("nothing was sent")


def _problem(letter: Kept, after: bytes, rekey: bool) -> Problem | None:
    what = drafting.mended(letter, after, rekey=rekey)
    prefix = read(Settings).topic_prefix
    return with_database(
        lambda connection: checked(connection, letter, what, prefix, datetime.now(UTC))
    )


def edited(content: bytes) -> bytes:
    """The content as the user's editor leaves it.

    It lies in a folder that nobody else can enter, and that goes with all that editors leave there.
    """
    with TemporaryDirectory(prefix="headway-") as folder:
        file = Path(folder) / "event.json"
        with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
            out.write(content)
        click.edit(filename=str(file))
        return file.read_bytes()


def _show_difference(before: bytes, after: bytes) -> None:
    lines = difflib.unified_diff(
        text(before).splitlines(), text(after).splitlines(), "as it came", "mended", lineterm=""
    )
    for line in lines:
        click.secho(line, fg=_COLOURS.get(line[:1]))
