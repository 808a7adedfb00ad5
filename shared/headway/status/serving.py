"""The composition root of the status: one look for the terminal, or the page for browsers.

It starts while Kafka and the database are away: that is when it is needed.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from prometheus_client import CollectorRegistry, generate_latest

from headway.lag.burrow import Rules
from headway.lag.exposition import LagCollector
from headway.operations.exposing import FiguresCollector
from headway.operations.figures import DatabaseFigures
from headway.runtime.clock import SystemClock
from headway.runtime.database import SERVER_SETTINGS
from headway.runtime.health import Health
from headway.runtime.kafka import connection
from headway.runtime.logging import configure, event
from headway.runtime.web import WebServer
from headway.status.gathering import Gathering
from headway.status.lagging import Lagging
from headway.status.login import Login
from headway.status.settings import StatusSettings
from headway.status.site import Site
from headway.status.watching import Board, Status, Watch
from headway.status.web import build
from headway.stream.positions import Pool

NAME = "status"
_READERS = ("earn", "notify")
"""The services that every installation has a consumer group of."""


class Parts:
    """Everything that the page is made of, wired; nothing is started."""

    def __init__(self, settings: StatusSettings, pool: Pool) -> None:
        clock, kafka = SystemClock(), connection(settings)
        self.health = Health()
        self.board = Board()
        self.lagging = Lagging(
            kafka, group_prefix=settings.group_prefix, topic_prefix=settings.topic_prefix,
            dsn=settings.postgres_dsn, rules=Rules(offset_refresh=settings.status_offset_refresh),
        )  # fmt: skip
        figures = DatabaseFigures(pool)
        gathering = Gathering(self.lagging.groups, figures, lambda: pool, clock)
        self.watch = Watch(
            gathering.look, self.board, settings.objectives, self.health, settings.status_every,
            expected=[settings.group(name) for name in _READERS],
        )  # fmt: skip
        registry = CollectorRegistry()
        registry.register(FiguresCollector(figures))
        registry.register(LagCollector(self.lagging.watch.snapshot, settings.status_cluster_name))
        login = Login(lambda: pool, settings.status_bind)
        site = Site(self.board, login, lambda: pool, kafka, settings.topic_prefix, clock)
        app = build(site, lambda: generate_latest(registry), self.health)
        self.web = WebServer(app, settings.status_bind, settings.status_port, self.health)


@asynccontextmanager
async def opened(settings: StatusSettings) -> AsyncIterator[Parts]:
    """The parts on a pool of their own, which connects when it is first needed."""
    pool = asyncpg.create_pool(
        settings.postgres_dsn, min_size=0, max_size=4, timeout=5, command_timeout=10,
        server_settings={**SERVER_SETTINGS, "application_name": f"headway-{NAME}"},
    )  # fmt: skip
    async with pool:
        parts = Parts(settings, pool)
        try:
            yield parts
        finally:
            await parts.lagging.close()


async def look_once(settings: StatusSettings) -> Status:
    """The status as it is now."""
    _hush()
    async with opened(settings) as parts:
        return await parts.watch.run_once()


def serve(settings: StatusSettings) -> None:
    """Serve the page until SIGTERM or SIGINT."""
    configure(NAME, settings.log_level)
    _hush()
    asyncio.run(_serve(settings))


def _hush() -> None:
    """What cannot be reached is told by the status, once and in words."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


async def _serve(settings: StatusSettings) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with opened(settings) as parts, parts.web, parts.watch:
        address = f"http://{settings.status_bind}:{parts.web.port}/"
        event("start", f"the status is at {address}", web=parts.web.port)
        await parts.watch.wait(ended.wait())
        if parts.watch.crash_reason is not None:
            # A page that shows what was so some time ago is worse than none.
            raise parts.watch.crash_reason
    event("stop", "status has stopped")
