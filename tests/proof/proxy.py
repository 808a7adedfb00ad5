"""A TCP proxy that cuts a connection between a request and its answer."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

Trigger = Callable[[bytes], bool]


def postgres_commit(sent: bytes) -> bool:
    """Whether what a client sends to PostgreSQL ends a transaction."""
    return b"COMMIT;" in sent


def kafka_request(api_key: int) -> Trigger:
    """Whether what a client sends to Kafka begins with a request of that kind."""

    def found(sent: bytes) -> bool:
        return len(sent) > 8 and int.from_bytes(sent[4:6], "big") == api_key

    return found


PRODUCE, OFFSET_COMMIT = 0, 8


class Proxy:
    """Forwards to a port. Every `every`th request that `trigger` finds is passed on, and its
    connection cut before the answer comes back; `cuts` counts."""

    def __init__(self, target: int, trigger: Trigger, *, every: int, limit: int) -> None:
        self.cuts = 0
        self._target = target
        self._trigger = trigger
        self._every = every
        self._limit = limit
        self._found = 0
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Take no more connections."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner, outer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        back = asyncio.create_task(_pump(inner, writer))
        there = asyncio.create_task(self._requests(reader, outer, back))
        await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        if back.cancelled():
            await asyncio.gather(there, return_exceptions=True)
        for task in (there, back):
            task.cancel()
        await asyncio.gather(there, back, return_exceptions=True)
        for side in (writer, outer):
            side.transport.abort()

    async def _requests(
        self, reader: asyncio.StreamReader, outer: asyncio.StreamWriter, back: "asyncio.Task[None]"
    ) -> None:
        with suppress(OSError):
            while sent := await reader.read(65536):
                if self._is_due(sent):
                    self.cuts += 1
                    # From here on the client hears nothing; the server gets the request whole, and
                    # time to act on it.
                    back.cancel()
                    await asyncio.gather(back, return_exceptions=True)
                    outer.write(sent)
                    await outer.drain()
                    await asyncio.sleep(0.2)
                    return
                outer.write(sent)
                await outer.drain()

    def _is_due(self, sent: bytes) -> bool:
        if self.cuts >= self._limit or not self._trigger(sent):
            return False
        self._found += 1
        return self._found % self._every == 0


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while got := await reader.read(65536):
            writer.write(got)
            await writer.drain()
