"""Runs a service: a Faust application hosts its parts, serves its pages, and stops it cleanly.

Faust supervises and serves; it reads nothing from Kafka itself (`producer_only`), for no write
to the ledger may depend on a Faust acknowledgement.
"""

import asyncio
import gc
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import faust
import mode
from aiokafka.errors import KafkaConnectionError
from faust.types.auth import CredentialsT
from faust.web import Request, Response, View

from headway.errors import HeadwayError, UserError
from headway.runtime import metrics
from headway.runtime.health import Health
from headway.runtime.kafka import connection
from headway.runtime.logging import configure, event, failure
from headway.runtime.settings import Settings

STOP_WITHIN = 20.0
"""Seconds a stop may take before the process is ended the hard way, of a usual grace of 30."""

EXIT_FAILED = 1
EXIT_STUCK = 70


def build(
    name: str, services: Sequence[mode.Service], settings: Settings, health: Health
) -> faust.App:
    """The Faust application that hosts `services`, started in order and stopped in reverse."""
    app = faust.App(
        f"{settings.group_prefix}{name}",
        broker=";".join(f"kafka://{host}" for host in settings.kafka_bootstrap.split(",")),
        store="memory://",
        datadir=tempfile.gettempdir(),
        topic_disable_leader=True,
        topic_allow_declare=False,
        worker_redirect_stdouts=False,
        web_enabled=settings.web_port > 0,
        web_bind=settings.web_bind,
        web_port=settings.web_port or 6066,
        broker_credentials=_credentials(connection(settings)),
    )
    app.producer_only = True

    @app.service
    class Parts(mode.Service):
        """All parts of the service, as one tree."""

        def on_init_dependencies(self) -> Iterable[mode.types.ServiceT]:
            return services

    _pages(app, health)
    return app


def _credentials(kafka: Mapping[str, Any]) -> CredentialsT | None:
    """The same for Faust, whose producer connects at the start and then sends nothing."""
    context = kafka.get("ssl_context")
    if "sasl_mechanism" in kafka:
        return faust.SASLCredentials(
            username=kafka["sasl_plain_username"],
            password=kafka["sasl_plain_password"],
            mechanism=kafka["sasl_mechanism"],
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)


def _pages(app: faust.App, health: Health) -> None:
    @app.page("/live")
    async def live(view: View, request: Request) -> Response:
        answer = health.live()
        return view.json(answer.body, status=answer.status)

    @app.page("/ready")
    async def ready(view: View, request: Request) -> Response:
        answer = health.readiness()
        return view.json(answer.body, status=answer.status)

    @app.page("/metrics")
    async def exposition(view: View, request: Request) -> Response:
        return view.bytes(metrics.exposition(), content_type="text/plain")


class _Worker(faust.Worker):
    """Faust's worker without its own logging, its spinner and its endless stop."""

    def __init__(self, app: faust.App, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(app, quiet=True, override_logging=False, loop=loop)
        self.spinner = None
        self.failed_with: BaseException | None = None

    async def start(self) -> None:
        try:
            await super().start()
        except Exception as error:
            self.failed_with = error
            raise

    async def on_first_start(self) -> None:
        self.install_signal_handlers()

    async def stop(self) -> None:
        _end_unless_done_within(STOP_WITHIN)
        await super().stop()


def _end_unless_done_within(seconds: float) -> None:
    def end() -> None:
        event("stop", "the stop hangs: ending the process", level=logging.CRITICAL)
        sys.stderr.flush()
        os._exit(EXIT_STUCK)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def run(name: str, services: Sequence[mode.Service], settings: Settings, health: Health) -> None:
    """Run until told to stop by SIGTERM or SIGINT (exit code 0) or until a part fails (1).

    Never returns. To be called with no event loop running; `services` are started on a new one.
    """
    configure(name, settings.log_level)
    loop = _new_loop()
    asyncio.set_event_loop(loop)
    app = build(name, services, settings, health)
    worker = _Worker(app, loop)
    calm_collector()
    event("start", f"{name} is starting", topics=settings.topic_prefix, web=settings.web_port)
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        reason = worker.crash_reason or worker.failed_with
        if reason is None and not end.code:
            event("stop", f"{name} has stopped")
            sys.exit(0)
        _explain(name, reason)
        sys.exit(end.code or EXIT_FAILED)


def _explain(name: str, reason: BaseException | None) -> None:
    if isinstance(reason, KafkaConnectionError):
        reason = UserError(
            f"Kafka cannot be reached: {reason}",
            "check that it runs and that HEADWAY_KAFKA_BOOTSTRAP names it",
        )
    if isinstance(reason, UserError | HeadwayError):
        event("stop", f"{name} stopped: {reason}", level=logging.CRITICAL)
    elif reason is not None:
        failure("stop", f"{name} stopped: {type(reason).__name__}", reason)


def calm_collector() -> None:
    """Look for cycles seldom: a batch makes tens of thousands of values, and hardly any cycle.

    Measured on decisions alone: about a quarter less time than with Python's own thresholds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # Not there on Windows.
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
