"""The exporter: one process that measures, and serves what it measured, until it is stopped."""

import asyncio
import signal

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, generate_latest
from starlette.responses import JSONResponse, Response

from headway.lag.exposition import registry
from headway.lag.watching import LagWatch
from headway.runtime.health import Health
from headway.runtime.metrics import CONTENT_TYPE
from headway.runtime.web import WebServer


def application(series: CollectorRegistry, health: Health) -> FastAPI:
    """/metrics, /live and /ready.

    A cluster that is away makes it not ready. Only a loop that hangs makes it not alive: nothing
    else is mended by a restart.
    """
    app = FastAPI(title="Headway lag", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/metrics")
    async def exposition() -> Response:
        return Response(generate_latest(series), media_type=CONTENT_TYPE)

    @app.get("/live")
    async def live() -> Response:
        answer = health.live()
        return JSONResponse(answer.body, answer.status)

    @app.get("/ready")
    async def ready() -> Response:
        answer = health.readiness()
        return JSONResponse(answer.body, answer.status)

    return app


async def serve(watch: LagWatch, health: Health, bind: str, port: int, cluster_name: str) -> None:
    """Serve until SIGTERM or SIGINT. Raises UserError if the address cannot be had."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    web = WebServer(application(registry(watch.snapshot, cluster_name), health), bind, port, health)
    async with watch, web:
        await stopped.wait()
