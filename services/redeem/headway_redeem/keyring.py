"""The API keys that are alive, as this process knows them: a look-up costs no round trip."""

import asyncio
import time
from collections.abc import Callable, Mapping

import asyncpg

from headway.access.keys import ApiKey
from headway.access.store import live_keys

_PAUSE_S = 0.1


class Keyring:
    """Reads all live keys at once, at least every `trusted` seconds while it is asked.

    What is not known is looked for again before it is denied, so a new key works at once; but
    only ten times a second, so that a flood of wrong keys does not reach the database.
    """

    def __init__(
        self, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"], *, trusted: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._pool = pool
        self._trusted = trusted
        self._monotonic = monotonic
        self._keys: Mapping[str, ApiKey] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def find(self, key_id: str) -> ApiKey | None:
        """The live key of that id. Raises what the database raises when it has to be asked."""
        asked = self._monotonic()
        if self._read_at < asked - self._trusted:
            await self._read(asked - self._trusted)
        if key_id not in self._keys and self._read_at < asked:
            await self._read(asked)
        return self._keys.get(key_id)

    async def _read(self, wanted: float) -> None:
        """Read the keys, unless that was done at `wanted` or later."""
        async with self._reading:
            if self._read_at >= wanted:
                return
            await asyncio.sleep(max(self._read_at + _PAUSE_S - self._monotonic(), 0))
            began = self._monotonic()
            async with self._pool().acquire() as connection:
                found = await live_keys(connection)
            self._keys = {key.key_id: key for key in found}
            self._read_at = began
