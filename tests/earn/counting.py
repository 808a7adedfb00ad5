"""A proxy before Postgres that counts round trips: how often a client speaks after an answer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit


class Counter:
    """`trips` counts all connections through the proxy; set it to 0 to begin anew."""

    def __init__(self, host: str, port: int) -> None:
        self.trips = 0
        self._host, self._port = host, port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection, from beginning to end."""
        there, here = await asyncio.open_connection(self._host, self._port)
        answered = [True]
        ways = [
            asyncio.create_task(self._ask(reader, here, answered)),
            asyncio.create_task(self._answer(there, writer, answered)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            here.close()
            writer.close()

    async def _ask(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, answered: list[bool]
    ) -> None:
        while data := await source.read(1 << 16):
            if answered[0]:
                self.trips += 1
                answered[0] = False
            target.write(data)
            await target.drain()

    async def _answer(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, answered: list[bool]
    ) -> None:
        while data := await source.read(1 << 16):
            answered[0] = True
            target.write(data)
            await target.drain()


@asynccontextmanager
async def counting(dsn: str) -> AsyncIterator[tuple[str, Counter]]:
    """The DSN through a counting proxy, and its counter."""
    parts = urlsplit(dsn)
    counter = Counter(parts.hostname or "127.0.0.1", parts.port or 5432)
    server = await asyncio.start_server(counter.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    who = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    try:
        yield urlunsplit(parts._replace(netloc=f"{who}127.0.0.1:{port}")), counter
    finally:
        server.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 5)
