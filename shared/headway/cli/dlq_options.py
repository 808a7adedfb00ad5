"""What the commands on dead letters share: filters, moments, connections, and text for people."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import asyncpg
import click
from aiokafka.errors import KafkaError

from headway.access.audit import Actor, operator
from headway.errors import UserError
from headway.runtime import kafka as kafka_settings
from headway.runtime.settings import Settings, read
from headway.stream.dead_letters.kept import Filter
from headway.stream.errors import TROUBLE
from headway.stream.positions import Connection

Result = TypeVar("Result")
Command = TypeVar("Command", bound=Callable[..., Any])

_AGO = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType):
    """A moment: 2026-05-01, 2026-05-01T12:30 (UTC unless it says), or 30m, 2h, 7d ago."""

    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        if ago := _AGO.fullmatch(value):
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value} is no moment; write 2026-05-01T12:30, or 2h for two hours ago")
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


_FILTERS = (
    click.option("--topic", help="Of this topic, by its full name."),
    click.option("--reason", help="Refused for this reason, such as not-json."),
    click.option("--field", help="With this field at fault, such as data.currency."),
    click.option("--group", help="Refused by this consumer group."),
    click.option("--since", type=Moment(), help="Refused from then on: a time, or 30m, 2h, 7d."),
    click.option("--until", type=Moment(), help="Refused before then."),
    click.option("--key", help="With this key: a member's id."),
    click.option("--contains", help="With this text somewhere in the body."),
)


def filters(command: Command) -> Command:
    """Add the options that say which letters; `filter_of` reads them."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def filter_of(options: dict[str, Any]) -> Filter:
    """The filter in a command's options."""
    given = {name: value for name, value in options.items() if value is not None}
    for name in ("key", "contains"):
        if name in given:
            given[name] = given[name].encode()
    return Filter(**given)


def actor(by: str | None) -> Actor:
    """Who acts: as named, or whoever runs this process."""
    if by is None:
        return operator()
    if not 0 < len(by.strip()) <= 128:
        raise click.UsageError("--by should have 1 to 128 characters")
    return Actor("operator", by.strip())


def kafka() -> kafka_settings.Connection:
    """How to reach the brokers, as aiokafka's clients take it."""
    return kafka_settings.connection(read(Settings))


def with_database(work: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Run `work` on a connection; exits 1 for what cannot be, 2 when a server does not answer."""

    async def run() -> Result:
        connection = await asyncpg.connect(read(Settings).postgres_dsn, command_timeout=30)
        try:
            return await work(connection)
        finally:
            await connection.close()

    try:
        return asyncio.run(run())
    except UserError as error:
        raise click.ClickException(text(str(error))) from error
    except (*TROUBLE, KafkaError) as error:
        click.echo(
            f"no answer: {error}\n  -> check HEADWAY_POSTGRES_DSN and HEADWAY_KAFKA_BOOTSTRAP",
            err=True,
        )
        raise SystemExit(2) from error


def text(value: bytes | str | None) -> str:
    """What others wrote, for a terminal, which is not to obey what stands in it."""
    if value is None:
        return "-"
    said = value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in said)
