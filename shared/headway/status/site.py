"""What every page needs, and how every answer is made."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import orjson
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headway.errors import UserError
from headway.runtime.clock import Clock
from headway.runtime.logging import event, failure
from headway.status.login import Caller, Login
from headway.status.rendering import HEADERS, page
from headway.status.watching import Board
from headway.stream.errors import TROUBLE
from headway.stream.positions import Pool

_HEADINGS = {
    400: "That cannot be read",
    401: "Log in first",
    403: "That is not for you",
    404: "There is no such page",
    405: "That cannot be done here",
    413: "That is too long",
    422: "That cannot be read",
    503: "Not now",
}


class Site(NamedTuple):
    """What the pages look at. `kafka` is how aiokafka's clients reach the brokers."""

    board: Board
    login: Login
    pool: Callable[[], Pool]
    kafka: Mapping[str, object]
    topic_prefix: str
    clock: Clock


def html(
    request: Request, name: str, caller: Caller | None, *, status: int = 200, **values: object
) -> HTMLResponse:
    """The page of that name, as an answer to this caller."""
    path = request.url.path
    here = "/" if path == "/" else "/" + path.split("/")[1]
    address = path + (f"?{request.url.query}" if request.url.query else "")
    return HTMLResponse(page(name, caller=caller, here=here, address=address, **values), status)


def json(value: object, status: int = 200) -> Response:
    """The value as JSON; times in ISO 8601."""
    return Response(orjson.dumps(value, default=_plain), status, media_type="application/json")


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    raise TypeError(f"{type(value).__name__} has no JSON form")


async def refused(request: Request, error: Exception) -> Response:
    """The answer to whatever was raised: a page, or a problem document (RFC 9457) for machines."""
    headers: Mapping[str, str] = {}
    step = ""
    if isinstance(error, HTTPException):
        code, detail, headers = error.status_code, str(error.detail), error.headers or {}
    elif isinstance(error, UserError):
        code, detail, step = 404, error.message, error.next_step
    elif isinstance(error, TROUBLE):
        event("page", "not now", level=logging.WARNING, error=type(error).__name__)
        code, detail = 503, "The database does not answer. The status page says more."
    else:
        failure("page", "a page failed", error)
        code, detail = 500, "Something is wrong on our side; nothing was changed."
    heading = _HEADINGS.get(code, "Something went wrong")
    if request.url.path.startswith("/api/"):
        body = {"type": "about:blank", "title": heading, "status": code, "detail": detail}
        answer = json(body, code)
        answer.headers["content-type"] = "application/problem+json"
    else:
        values = {"heading": heading, "detail": detail, "step": step}
        answer = html(request, "message", None, status=code, **values)
    answer.headers.update(headers)
    return answer


class Answers:
    """ASGI middleware around everything: safe headers, and one line in the log for each request.

    The line has the route's template, never the path: a member's id is in some.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "")
            if route not in _QUIET:
                event(
                    "request", f"{scope['method']} {route}", method=scope["method"], route=route,
                    status=status, duration_s=round(time.monotonic() - began, 4),
                )  # fmt: skip


_QUIET = frozenset({"/live", "/ready", "/metrics", "/static/{name}"})
