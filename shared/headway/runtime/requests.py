"""One canonical line in the log for each HTTP request, and its time in the metrics.

What is told is what the route is, never what was in the path, the query, a header or a body: those
may hold tokens, codes, names and addresses. Whoever serves the request adds what it came to by
`note`.
"""

import secrets
import time
from contextvars import ContextVar
from hashlib import sha256

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headway.runtime import metrics
from headway.runtime.logging import event

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ROUTE = "none"
_notes: ContextVar[dict[str, object]] = ContextVar("notes")


def note(**fields: object) -> None:
    """Add to the line of the request that is being served; outside of one nothing happens."""
    notes = _notes.get(None)
    if notes is not None:
        notes.update(fields)


def key_digest(key: str) -> str:
    """How an idempotency key is told, which its sender may have made of anything: sixteen digits of
    its SHA-256, enough to find the requests that share it."""
    return sha256(key.encode()).hexdigest()[:16]


class RequestLines:
    """ASGI middleware, to be added last: around everything else that answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through; tell of it when its answer is over, however that is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began, notes = 0, time.perf_counter(), dict[str, object]()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        token = _notes.set(notes)
        try:
            await self._app(scope, receive, sending)
        finally:
            _notes.reset(token)
            _tell(scope, status, time.perf_counter() - began, notes)


def _tell(scope: Scope, status: int, seconds: float, notes: dict[str, object]) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    route = _template(scope)
    metrics.REQUEST_SECONDS.labels(method, route, str(status)).observe(seconds)
    event(
        "request",
        "request answered",
        method=method,
        route=route,
        status=status,
        duration_s=round(seconds, 4),
        request_id=scope.get("state", {}).get("request_id") or secrets.token_hex(8),
        more={"outcome": "ok" if 0 < status < 400 else "failed"} | notes,
    )


def _template(scope: Scope) -> str:
    """The path of the route that took the request, with its {parameters}."""
    taken = scope.get("endpoint")
    routes = scope["app"].routes if "app" in scope and taken is not None else ()
    found = (
        getattr(route, "path_format", _NO_ROUTE) for route in routes if _endpoint(route) is taken
    )
    return next(found, _NO_ROUTE)


def _endpoint(route: object) -> object:
    return getattr(route, "endpoint", None)
