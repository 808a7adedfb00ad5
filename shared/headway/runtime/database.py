"""A pool of connections to the ledger's database, as a service that others start after."""

import asyncio

import asyncpg
import mode

from headway.errors import UserError
from headway.runtime.settings import Settings

SERVER_SETTINGS = {
    # A frozen process must not keep accounts locked.
    "idle_in_transaction_session_timeout": "10000",
    "timezone": "UTC",
}


async def _nothing_to_reset(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Transactions set only what ends with them, so giving a connection back costs no round trip.

    (A transaction that was left open is rolled back by the pool itself.)
    """


class Database(mode.Service):
    """Holds `pool` from start to stop."""

    def __init__(self, settings: Settings, application: str) -> None:
        super().__init__()
        self._settings = settings
        self._application = application
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        """The pool; there from this service's start on."""
        if self._pool is None:
            raise RuntimeError("the database service has not been started")
        return self._pool

    async def on_start(self) -> None:
        """Open the pool; raises UserError if the database cannot be reached."""
        try:
            self._pool = await asyncpg.create_pool(
                self._settings.postgres_dsn,
                min_size=1,
                max_size=self._settings.pool_size,
                command_timeout=30,
                server_settings={**SERVER_SETTINGS, "application_name": self._application},
                reset=_nothing_to_reset,
            )
        except (
            OSError, asyncpg.PostgresError, asyncpg.ClientConfigurationError, TimeoutError,
        ) as error:  # fmt: skip
            raise UserError(
                f"the database cannot be reached: {error}",
                "check that it runs and that HEADWAY_POSTGRES_DSN names it",
            ) from error

    async def on_shutdown(self) -> None:
        """Close the pool; connections that do not end in two seconds are cut."""
        if self._pool is None:
            return
        try:
            await asyncio.wait_for(self._pool.close(), 2)
        except TimeoutError:
            self._pool.terminate()
