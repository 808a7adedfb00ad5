"""Notify's web application: the unsubscribe page, and feedback."""

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from headway.errors import Retryable
from headway.runtime.logging import event, failure
from headway.runtime.requests import RequestLines, note
from headway.stream.errors import Verdict, classify
from headway_notify.web.listening import Listening
from headway_notify.web.page import HEADERS
from headway_notify.web.unsubscribing import Unsubscribing


def build(unsubscribing: Unsubscribing, listening: Listening) -> ASGIApp:
    """The application, with an answer to everything that can go wrong."""
    application = Starlette(
        routes=[
            Route("/u/{token}", unsubscribing.show, methods=["GET"]),
            Route("/u/{token}", unsubscribing.act, methods=["POST"]),
            Route("/feedback/ses", listening.ses, methods=["POST"]),
            Route("/feedback/generic", listening.generic, methods=["POST"]),
        ],
        exception_handlers={
            HTTPException: _refused,
            Retryable: _not_now,
            asyncpg.PostgresError: _not_now,
            asyncpg.InterfaceError: _not_now,
            OSError: _not_now,
            TimeoutError: _not_now,
            Exception: _not_now,
        },
    )
    # Outside of it, for what nobody handled is answered by the outermost layer.
    return RequestLines(application)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    note(outcome="refused")
    return _problem(error.status_code, error.detail, **(error.headers or {}))


async def _not_now(request: Request, error: Exception) -> Response:
    """Nothing was done, and nobody is told that it was."""
    # Never the path: who has it can choose for the member.
    if not isinstance(error, Retryable) and classify(error) not in (Verdict.RETRY, Verdict.REDO):
        note(outcome="failed")
        failure("web", "a request failed", error)
        return _problem(500, "Something is wrong on our side; nothing was changed.")
    note(outcome="put off")
    event("busy", "a request was put off", error=type(error).__name__)
    retry = {"Retry-After": "60"}
    return _problem(503, "Not now; nothing was changed. Please try again in a minute.", **retry)


def _problem(status: int, detail: str, **headers: str) -> Response:
    """A problem document (RFC 9457) that says no more than its status and this."""
    body = {"type": "about:blank", "status": status, "detail": detail}
    return Response(
        orjson.dumps(body), status, {**HEADERS, **headers}, media_type="application/problem+json"
    )
