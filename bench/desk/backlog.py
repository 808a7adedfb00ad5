"""Reserve and confirm while earn works off a backlog of orders of the same members."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import asyncpg

from bench import earn
from bench.desk.clients import Errand
from bench.desk.figures import Run
from bench.desk.service import Desk, Servers, running, visit
from bench.desk.statements import DESK
from bench.orders import Shape, history
from bench.servers import publish
from bench.timing import RunFailed
from headway.contracts.topics import Topics

_BEGIN_S = 60
_SPAN = timedelta(days=5)


class Drained(NamedTuple):
    """The clients' run, and the orders per second that were decided meanwhile."""

    run: Run
    orders_per_s: float


async def measure(
    servers: Servers, dsn: str, desk: Desk, errand: Errand, *, orders: int, members: int
) -> Drained:
    """Raises RunFailed if the backlog was gone before the clients were."""
    end = datetime.now(UTC) - timedelta(hours=1)
    topic = Topics(servers.prefix).orders
    await publish(servers.bootstrap, topic, history(Shape(orders, members), end, _SPAN))
    group = servers.prefix + "backlog"
    settings = earn.environment(servers.bootstrap, dsn, servers.prefix, group, 1_000)
    connection = await asyncpg.connect(dsn)
    try:
        async with running(earn.COMMAND, settings) as program:
            until = time.monotonic() + _BEGIN_S
            while not (before := await connection.fetchval(DESK.orders_decided)):
                if program.poll() is not None or time.monotonic() > until:
                    raise RunFailed("earn decided no order")
                await asyncio.sleep(0.1)
            began = time.monotonic()
            run = await visit(servers, desk, errand)
            decided = await connection.fetchval(DESK.orders_decided)
            took = time.monotonic() - began
    finally:
        await connection.close()
    if decided >= orders:
        raise RunFailed(f"all {orders:,} orders were decided too early: ask for more of them")
    return Drained(run, round((decided - before) / took, 1))
