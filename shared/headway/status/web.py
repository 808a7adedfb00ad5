"""The page and what is served beside it: JSON, events, metrics, probes."""

from collections.abc import AsyncIterable, Callable
from typing import Annotated

from aiokafka.errors import KafkaError
from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp

from headway.errors import UserError
from headway.runtime.health import Health
from headway.runtime.metrics import CONTENT_TYPE
from headway.runtime.requests import RequestLines
from headway.status.events import Front
from headway.status.letter_pages import add_letters
from headway.status.login import Caller, challenge, local_path
from headway.status.member_pages import add_members
from headway.status.rendering import CARDS, STATIC, static
from headway.status.runbook import runbook
from headway.status.site import SafeAnswers, Site, html, refused
from headway.stream.errors import TROUBLE


def build(site: Site, exposition: Callable[[], bytes], health: Health) -> ASGIApp:
    """The application; `exposition` is what `/metrics` answers."""
    app = FastAPI(title="Headway status", openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(RequestLines)
    _probes(app, exposition, health)
    _front(app, site)
    add_letters(app, site)
    add_members(app, site)
    for kind in (HTTPException, UserError, KafkaError, *TROUBLE, Exception):
        app.add_exception_handler(kind, refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    # Around it, not within: Starlette answers what nobody expected outside of its middleware.
    return SafeAnswers(app)


async def _unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return await refused(request, HTTPException(422, f"{where}: {first['msg']}"))


def _probes(app: FastAPI, exposition: Callable[[], bytes], health: Health) -> None:
    """Open to everybody: they say nothing but figures."""

    @app.get("/live")
    async def live() -> Response:
        answer = health.live()
        return JSONResponse(answer.body, answer.status)

    @app.get("/ready")
    async def ready() -> Response:
        answer = health.readiness()
        return JSONResponse(answer.body, answer.status)

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(exposition(), headers={"Content-Type": CONTENT_TYPE})


def _front(app: FastAPI, site: Site) -> None:
    front = Front(site.board)
    Reader = Annotated[Caller | None, Depends(site.login.reader)]

    @app.get("/")
    async def status(request: Request, caller: Reader, still: bool = False) -> Response:
        found, parts = await front.latest()
        values = {"judgement": found.judgement, "parts": parts, "cards": CARDS, "still": still}
        return html(request, "status", caller, values)

    @app.get("/api/status")
    async def api_status(caller: Reader) -> Response:
        found, _ = await front.latest()
        return Response(found.model_dump_json(), media_type="application/json")

    @app.get("/events", response_class=EventSourceResponse)
    async def events(caller: Reader) -> AsyncIterable[ServerSentEvent]:
        async for serial, change in front.changes():
            yield ServerSentEvent(event="status", id=str(serial), data=change)

    @app.get("/login")
    async def login(request: Request, next: str = "/") -> Response:
        caller = await site.login.caller(request)
        if caller is None:
            raise challenge("The password is an API key; the name may be anything.")
        return RedirectResponse(local_path(next), 303)

    @app.get("/runbook")
    async def operating(request: Request, caller: Reader) -> Response:
        return html(request, "runbook", caller, {"text": runbook()})

    @app.get("/static/{name}")
    async def file(name: str) -> Response:
        if name not in STATIC:
            raise HTTPException(404, "There is no such file.")
        return Response(static(name), headers={"Content-Type": STATIC[name]})
