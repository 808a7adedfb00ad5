"""The earn service as it ships: its own process, told by its own settings what to read."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import asyncpg

from bench.orders import Shape
from bench.servers import Databases, create_topics, publish_joins
from bench.sql import TIMING
from bench.timing import RunFailed, stop
from headway.ledger.migrate import migrate
from headway.ledger.programs import publish

COMMAND = (sys.executable, "-m", "headway_earn")
PROGRAM = Path(__file__).parent / "programs" / "one-rule.yaml"
TEMPLATE = "bench_headway"


def environment(bootstrap: str, dsn: str, prefix: str, group: str, batch: int) -> dict[str, str]:
    """Where this earn process finds its servers; everything else as it ships."""
    return dict(os.environ) | {
        "HEADWAY_KAFKA_BOOTSTRAP": bootstrap,
        "HEADWAY_POSTGRES_DSN": dsn,
        "HEADWAY_TOPIC_PREFIX": prefix,
        "HEADWAY_GROUP_PREFIX": group + "-",
        "HEADWAY_MAX_RECORDS": str(batch),
        "HEADWAY_LOG_LEVEL": "WARNING",
        "HEADWAY_WEB_PORT": "0",
    }


async def make_template(
    databases: Databases,
    bootstrap: str,
    prefix: str,
    shape: Shape,
    program: Path = PROGRAM,
    name: str = TEMPLATE,
) -> None:
    """A ledger in which every member has joined, by way of the earn service itself.

    The joins have topics of their own, so that a run finds nothing but orders to read.
    """
    joining = f"{prefix}joins-{name}."
    await create_topics(bootstrap, joining)
    dsn = await databases.fresh(name)
    await migrate(dsn)
    await publish(dsn, await asyncio.to_thread(program.read_text), file=program.name)
    await publish_joins(bootstrap, joining, shape)
    connection = await asyncpg.connect(dsn)
    try:
        await _join(
            connection, environment(bootstrap, dsn, joining, prefix + "joins", 1_000), shape
        )
        await connection.execute(TIMING.forget_positions)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


async def _join(connection: asyncpg.Connection, settings: dict[str, str], shape: Shape) -> None:
    with tempfile.TemporaryFile() as said:
        program = await asyncio.to_thread(
            subprocess.Popen, COMMAND, env=settings, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            until = time.time() + 120
            while await connection.fetchval(TIMING.joined) < shape.members:
                if program.poll() is not None or time.time() > until:
                    said.seek(0)
                    raise RunFailed("members could not join:\n" + said.read().decode()[-2_000:])
                await asyncio.sleep(0.2)
        finally:
            await asyncio.to_thread(stop, program)
