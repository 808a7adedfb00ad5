"""Platforms of a test's own: servers that keep what they are sent, and answer as told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web


@dataclass
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body, parsed."""
        parsed: dict[str, Any] = orjson.loads(self.body)
        return parsed


Reply = tuple[int, dict[str, str], bytes]
HANG: Reply = (0, {}, b"")
"""Take the request and never answer."""
CUT: Reply = (-1, {}, b"")
"""Take the request and close the connection."""


@dataclass
class Platform:
    """A running server. `answer` says what to reply to a request; it may look at all before."""

    answer: Callable[["Platform", Received], Reply]
    received: list[Received] = field(default_factory=list)
    accepted: list[Received] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        """Keep it, and answer."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        one = Received(request.method, request.path, headers, await request.read())
        self.received.append(one)
        status, more, body = self.answer(self, one)
        if status == 0:
            self.accepted.append(one)
            await asyncio.sleep(60)
        if status == -1:
            self.accepted.append(one)
            if request.transport is not None:
                request.transport.close()
        if 200 <= status < 300:
            self.accepted.append(one)
        return web.Response(status=max(status, 200), headers=more, body=body)


@asynccontextmanager
async def platform(answer: Callable[[Platform, Received], Reply]) -> AsyncIterator[Platform]:
    """A server on a free port of this machine."""
    found = Platform(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    found.url = f"http://127.0.0.1:{port}"
    try:
        yield found
    finally:
        await runner.cleanup()


def always(status: int, body: bytes = b"", **headers: str) -> Callable[[Platform, Received], Reply]:
    """The same answer to everything."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda server, request: (status, given, body)
