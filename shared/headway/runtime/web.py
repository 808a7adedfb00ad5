"""An ASGI application (FastAPI) served on its own port, as a part of a hosted service."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import mode
import uvicorn
from starlette.types import ASGIApp

from headway.errors import UserError
from headway.runtime.health import Health


class _Server(uvicorn.Server):
    """Uvicorn without signal handlers of its own: the host's are the only ones."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer(mode.Service):
    """Serves `app` from start to stop; running requests get five seconds to end."""

    def __init__(self, app: ASGIApp, host: str, port: int, health: Health) -> None:
        super().__init__()
        self._health = health
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._ended = asyncio.Event()
        self._server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=5,
            )
        )

    @property
    def port(self) -> int:
        """The port that is listened on, also when 0 was asked for; there from the start on."""
        if self._socket is None:
            raise RuntimeError("the web server has not been started")
        return int(self._socket.getsockname()[1])

    async def on_start(self) -> None:
        """Take the port; raises UserError if that cannot be."""
        host, port = self._address
        try:
            self._socket = socket.create_server((host, port), backlog=2048)
        except OSError as error:
            raise UserError(
                f"nothing can listen on {host}:{port}: {error}",
                "free that address or choose another one",
            ) from error

    @mode.Service.task
    async def _serve(self) -> None:
        assert self._socket is not None
        self._health.ready("api")
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self._health.ready("api", "stopped")
            self._ended.set()

    async def on_stop(self) -> None:
        """Take no more requests and wait for those that run."""
        self._server.should_exit = True
        if self._socket is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), 7)
