"""What every request passes: limits on time and size, and no error that tells too much."""

import asyncio

import asyncpg
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headway.runtime.logging import event, failure
from headway.runtime.requests import note
from headway.stream.errors import Verdict, classify
from headway_redeem import metrics, problems
from headway_redeem.refusal import MEDIA_TYPE, Refusal


def problem_response(refusal: Refusal, path: str) -> Response:
    """The refusal as an HTTP response; counted."""
    metrics.PROBLEMS.labels(refusal.kind.name or "other").inc()
    note(outcome="refused", reason=refusal.kind.name or "other")
    return Response(
        refusal.body(path),
        status_code=int(refusal.kind.status),
        headers=refusal.headers(),
        media_type=MEDIA_TYPE,
    )


class Guard:
    """ASGI middleware: reads the body up to `limit` bytes, ends what takes longer than `seconds`,
    and answers every error that nobody else has with a problem document."""

    def __init__(self, app: ASGIApp, *, limit: int, seconds: float) -> None:
        self._app = app
        self._limit = limit
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer in its place."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            async with asyncio.timeout(self._seconds):
                body = await self._read(receive)
                await self._app(scope, _again(body, receive), sending)
        except Exception as error:
            refusal = _refusal(error)
            if not started:
                await problem_response(refusal, scope["path"])(scope, receive, send)

    async def _read(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return b"".join(parts)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._limit:
                raise Refusal(problems.TOO_LARGE, f"At most {self._limit} bytes are read.")
            if not message.get("more_body", False):
                return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body that was read, in one piece; then whatever else comes."""
    given = False

    async def receiving() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving


def _refusal(error: Exception) -> Refusal:
    """What the caller is told; the rest goes to the log alone."""
    if isinstance(error, Refusal):
        return error
    if classify(error) in (Verdict.RETRY, Verdict.REDO):
        event("busy", "a request was put off", error=repr(error))
        return Refusal(problems.TRY_AGAIN, _why(error))
    failure("request", "a request failed", error)
    return Refusal(problems.INTERNAL, "It has been noted.")


def _why(error: Exception) -> str:
    if isinstance(error, asyncpg.LockNotAvailableError):
        return "Another request for the same member or key is still running."
    if isinstance(error, TimeoutError):
        return "It took too long."
    return "The database could not be used just now."
