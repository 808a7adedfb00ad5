"""TLS in front of a PostgreSQL that was built without it, spoken as PostgreSQL's clients expect."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headway.local.ports import HOST

_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")


@contextmanager
def tls_front(target: int, certificate: Path, key: Path) -> Iterator[int]:
    """A port that asks for TLS and passes what is inside on to `target`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    front = _Front(target, context)
    thread = threading.Thread(target=lambda: asyncio.run(front.serve()), daemon=True)
    thread.start()
    front.listening.wait(10)
    try:
        yield front.port
    finally:
        front.stop()
        thread.join(10)


class _Front:
    def __init__(self, target: int, context: ssl.SSLContext) -> None:
        self._target = target
        self._context = context
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.listening = threading.Event()
        self.port = 0

    async def serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._connection, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        self.listening.set()
        await self._stop.wait()
        server.close()

    def stop(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if await reader.readexactly(len(_SSL_REQUEST)) == _SSL_REQUEST:
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(self._context)
                inner, outer = await asyncio.open_connection(HOST, self._target)
                pumps = [_pump(reader, outer), _pump(inner, writer)]
                await asyncio.wait(
                    map(asyncio.ensure_future, pumps), return_when=asyncio.FIRST_COMPLETED
                )
                outer.close()
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while got := await reader.read(1 << 16):
            writer.write(got)
            await writer.drain()
