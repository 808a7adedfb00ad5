"""`headway notify preview`, `test-send` and `templates`: messages looked at before members are."""

import asyncio
import webbrowser
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import aiosmtplib
import click

from headway.cli.output import connected, run
from headway.errors import UserError
from headway.ledger.programs import read_programs
from headway.program.loading import load_program
from headway.program.messages import KINDS, Kind
from headway.program.program import Program
from headway.runtime.settings import read
from headway_notify import store
from headway_notify.checking import chosen
from headway_notify.facts import Facts
from headway_notify.messaging import Message
from headway_notify.mime import Sender, message
from headway_notify.reader import Links, Reader
from headway_notify.render import Rendered, render
from headway_notify.samples import MEMBER, TRIED_WITH, sample
from headway_notify.settings import NotifySettings
from headway_notify.smtp import Connection, Ending, mailable
from headway_notify.sources import export

_READER = "Maria"
_LINKS = Links("https://example.com/preferences")
"""Shown, and leading nowhere: a preview must not change what a member chose."""

_KIND = click.option(
    "--kind", type=click.Choice(KINDS), default="progress", show_default=True, help="Which message."
)
_LOCALE = click.option(
    "--locale", default="en-US", show_default=True, help="What the reader speaks, as in de-AT."
)
_MEMBER = click.option(
    "--member", "member_id", help="Whose latest balance to tell of; else a sample."
)
_PROGRAM = click.option(
    "--program",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A programme file; else the database's programme for --member, or a shoe shop's.",
)


class Account(NamedTuple):
    """What a message is about: a programme, and a member's account or (None) a sample."""

    program: Program
    member_id: str = MEMBER
    facts: Facts | None = None


@click.command()
@_PROGRAM
@_KIND
@_LOCALE
@_MEMBER
@click.option(
    "--out",
    "--sample",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File the HTML is written to; else the text is printed.",
)
@click.option("--open", "opened", is_flag=True, help="Show it in a browser (with --out).")
def preview(
    file: Path | None, kind: Kind, locale: str, member_id: str | None, target: Path | None,
    opened: bool,
) -> None:  # fmt: skip
    """Show a message as a member would get it, with a made-up name. Sends nothing."""
    rendered, _ = _made(read(NotifySettings), file, kind, locale, member_id)
    click.echo(f"{rendered.subject}\n{rendered.preheader}\n{rendered.template}")
    if target is None:
        click.echo(f"\n{rendered.text}", nl=False)
        return
    target.write_text(rendered.html, "utf-8")
    address = target.resolve().as_uri()
    click.echo(f"open {address}")
    if opened:
        webbrowser.open(address)


@click.command("test-send")
@click.option("--to", "address", required=True, help="Where to send it.")
@_PROGRAM
@_KIND
@_LOCALE
@_MEMBER
def test_send(
    address: str, file: Path | None, kind: Kind, locale: str, member_id: str | None
) -> None:
    """Send one message through the configured mail server. No table is written."""
    settings, recipient = read(NotifySettings), mailable(address)
    if recipient is None:
        raise UserError(f"{address} cannot be mailed", "write it as in maria@example.com")
    rendered, told = _made(settings, file, kind, locale, member_id)
    raw = message(
        rendered,
        told,
        sender=Sender.parse(settings.smtp_from),
        to_name="",
        to_address=recipient,
        now=datetime.now(UTC),
    )
    click.echo(asyncio.run(_sent(settings, recipient, raw)))


@click.group()
def templates() -> None:
    """The files that messages are made from."""


@templates.command("check")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def check(folder: Path) -> None:
    """Try the templates of FOLDER in place of the built-in ones; every mistake with its line."""
    found = chosen(folder)
    click.echo("every kind of message can be worded:")
    for kind in KINDS:
        click.echo(f"  {found.version(kind, 'en')}")


@templates.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export_(folder: Path) -> None:
    """Write the built-in templates and catalogues into FOLDER, to start from."""
    for path in export(folder):
        click.echo(path)


def _made(
    settings: NotifySettings, file: Path | None, kind: Kind, locale: str, member_id: str | None
) -> tuple[Rendered, Message]:
    program = load_program(file.read_text("utf-8"), file=str(file)) if file else None
    account = run(_account(settings, program, member_id))
    today = _today(account.program)
    told = sample(account.program, kind, today, facts=account.facts, member_id=account.member_id)
    made_with = chosen(settings.notify_templates)
    return render(told, account.program, Reader(_READER, locale), _LINKS, made_with), told


def _today(program: Program) -> date:
    return program.day(datetime.now(UTC))


async def _account(
    settings: NotifySettings, program: Program | None, member_id: str | None
) -> Account:
    """From the file's programme, from the database, or neither."""
    if member_id is None:
        return Account(program or TRIED_WITH)
    async with connected(settings.postgres_dsn) as connection:
        found = await store.latest_facts(connection, member_id)
        if found is None:
            raise UserError(
                f"notify knows no member {member_id}", "try one whose balance has changed"
            )
        facts = Facts.model_validate_json(found)
        if program is None:
            program = (await read_programs(connection)).version(facts.program_version)
        return Account(program, member_id, facts)


async def _sent(settings: NotifySettings, recipient: str, raw: bytes) -> str:
    sender = Sender.parse(settings.smtp_from)
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        async with asyncio.timeout(settings.smtp_timeout):
            connection = await Connection.open(settings, sender.address)
    except (aiosmtplib.SMTPException, OSError) as error:
        raise UserError(
            f"no connection to the mail server {where}: {error}",
            "check HEADWAY_SMTP_HOST, HEADWAY_SMTP_PORT and what it takes to log in",
        ) from error
    answer = await connection.send(recipient, raw)
    if connection.usable:
        await connection.quit()
    if answer.ending is not Ending.SENT:
        raise UserError(
            f"the mail server {where} did not take it: {answer.reply}",
            "its own log says more",
        )
    return f"sent: {answer.reply}"
