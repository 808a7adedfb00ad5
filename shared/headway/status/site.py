"""What every page needs, and how every answer is made."""

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

import orjson
from aiokafka.errors import KafkaError
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
    request: Request, name: str, caller: Caller | None, values: Mapping[str, object],
    status: int = 200,
) -> HTMLResponse:  # fmt: skip
    """The page of that name with these values, as an answer to this caller."""
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
    elif isinstance(error, KafkaError):
        event("page", "not now", level=logging.WARNING, error=type(error).__name__)
        code, detail = (
            503,
            "Kafka does not answer. Send it again: what went already cannot count twice.",
        )
    else:
        failure("page", "a page failed", error)
        code, detail = 500, "Something is wrong on our side."
    heading = _HEADINGS.get(code, "Something went wrong")
    if request.url.path.startswith("/api/"):
        body = {"type": "about:blank", "title": heading, "status": code, "detail": detail}
        answer = json(body, code)
        answer.headers["content-type"] = "application/problem+json"
    else:
        values = {"heading": heading, "detail": detail, "step": step}
        answer = html(request, "message", None, values, code)
    answer.headers.update(headers)
    return answer


class SafeAnswers:
    """ASGI middleware: every answer has the headers that keep browsers from doing harm."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through and complete its answer's headers."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending)
