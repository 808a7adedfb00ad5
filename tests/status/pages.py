"""The pages on a test's database, with what is seen put there by the test. No Kafka."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import httpx

from headway.runtime.clock import FixedClock
from headway.runtime.health import Health
from headway.status.judging import Objectives, judged
from headway.status.login import Login
from headway.status.site import Site
from headway.status.snapshot import Group, Sample, Snapshot
from headway.status.watching import Board, Status
from headway.status.web import build
from headway.stream.positions import Pool
from tests.earn.kit import NOW, PREFIX

HERE = "http://localhost:8090"
AT = datetime(2024, 6, 1, 12, tzinfo=UTC)
SEEN = Snapshot(
    at=AT,
    groups=(
        Group(
            group="earn", state="WARN", complete=1.0, members=2, lag=1234, lag_seconds=9,
            consumed_per_second=10, produced_per_second=20,
            series=tuple(
                Sample(
                    at=AT.replace(minute=minute), lag=lag, consumed_per_second=10,
                    produced_per_second=20,
                )
                for minute, lag in ((1, 10), (2, 600), (3, 1234))
            ),
        ),
    ),
)  # fmt: skip


def meant(snapshot: Snapshot) -> Status:
    """The snapshot with what it means."""
    return Status(judgement=judged(snapshot, Objectives()), snapshot=snapshot)


@dataclass
class Pages:
    """The application, and a browser of it that has not logged in."""

    pool: Pool
    board: Board
    login: Login
    client: httpx.AsyncClient


@asynccontextmanager
async def served(
    dsn: str, bind: str = "127.0.0.1", exposition: Callable[[], bytes] = lambda: b"some 1\n",
    *, kafka: str = "127.0.0.1:1", prefix: str = PREFIX,
) -> AsyncIterator[Pages]:  # fmt: skip
    """The pages, as if they were bound to that address. Unless `kafka` says where one listens,
    what is sent fails the test."""
    pool = asyncpg.create_pool(dsn, min_size=0, max_size=2)
    async with pool:
        board = Board()
        board.put(meant(SEEN))
        login = Login(lambda: pool, bind)
        brokers = {"bootstrap_servers": kafka}
        site = Site(board, login, lambda: pool, brokers, prefix, FixedClock(NOW))
        health = Health()
        health.ready("pages")
        # What is raised is answered, as by a server.
        transport = httpx.ASGITransport(build(site, exposition, health), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            yield Pages(pool, board, login, client)
