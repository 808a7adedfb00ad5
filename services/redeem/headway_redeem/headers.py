"""The headers of every answer: a request id, what browsers must not do, what the gate adds."""

import re
import secrets
from typing import cast

from starlette.datastructures import Headers as RequestHeaders
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = "X-Request-Id"
_USABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_ADDED, _ID = "answer_headers", "request_id"


class Headers:
    """ASGI middleware around everything else, refusals and preflights included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through and complete its answer's headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = RequestHeaders(scope=scope).get(REQUEST_ID, "")
        state = scope.setdefault("state", {})
        state[_ADDED] = {}
        state[_ID] = given if _USABLE_ID.fullmatch(given) else secrets.token_hex(8)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SAFE.items():
                    headers.setdefault(name, value)
                headers.update({REQUEST_ID: state[_ID], **state[_ADDED]})
            await send(message)

        await self._app(scope, receive, sending)


def answer_headers(scope: Scope) -> dict[str, str]:
    """Headers to be added to the answer, whoever gives it."""
    return cast("dict[str, str]", scope["state"][_ADDED])


def request_id(scope: Scope) -> str:
    """The caller's X-Request-Id, or one made up; for the audit log and the answer."""
    return str(scope["state"][_ID])
