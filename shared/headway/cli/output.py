"""What the commands share: settings, a connection, and how results are shown."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

import click

from headway.errors import UserError
from headway.runtime.settings import Settings, read

if TYPE_CHECKING:
    import asyncpg
    from rich.console import Console

Result = TypeVar("Result")


def settings() -> Settings:
    """The settings of the environment; UserError names the first that is wrong."""
    return read(Settings)


def run(work: Coroutine[object, object, Result]) -> Result:
    """Run to the end. A database that cannot be used is a UserError that says what to do."""
    import asyncpg

    try:
        return asyncio.run(work)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise UserError(
            f"the database is not this release's ledger: {error}", "run `headway migrate` first"
        ) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise UserError(
            f"the database refuses: {error}", "use a role that may, in HEADWAY_POSTGRES_DSN"
        ) from error
    except (
        asyncpg.PostgresConnectionError,
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidCatalogNameError,
        asyncpg.ClientConfigurationError,
        OSError,
    ) as error:
        raise UserError(
            f"the database cannot be reached: {error}",
            "check that it runs and that HEADWAY_POSTGRES_DSN names it",
        ) from error


@asynccontextmanager
async def connected(dsn: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """A connection to the ledger."""
    import asyncpg

    connection = await asyncpg.connect(dsn, timeout=10, server_settings={"timezone": "UTC"})
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def snapshot(dsn: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """A connection that sees the ledger at one moment and cannot change it."""
    async with (
        connected(dsn) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield connection


def with_database(
    work: "Callable[[asyncpg.Connection[asyncpg.Record]], Awaitable[Result]]",
) -> "Result":
    """Run `work` on a connection to the ledger that the settings name."""

    async def on_connection() -> "Result":
        async with connected(settings().postgres_dsn) as connection:
            return await work(connection)

    return run(on_connection())


def console() -> "Console":
    """Where tables go: standard output, as wide as it is."""
    from rich.console import Console

    return Console(highlight=False)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """Something to call with how far it is, and of how much; None if nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def print_json(value: object) -> None:
    """For machines: one JSON document on standard output."""
    click.echo(json.dumps(value, default=_plain, indent=2, ensure_ascii=False))


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"{type(value).__name__} has no JSON form")
