"""The programs that are compared, and the database each starts from."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from bench import earn
from bench.orders import Shape, member_name
from bench.servers import Databases
from bench.sql import YARDSTICK
from bench.timing import Launch

YARDSTICK_TEMPLATE = "bench_yardstick"
NAMES = ("statement", "yardstick", "floor", "earn")


@dataclass(frozen=True, slots=True)
class Ground:
    """What all sides of one bench share."""

    bootstrap: str
    prefix: str
    shape: Shape
    batch_size: int


def launch(side: str, ground: Ground, dsn: str, group: str) -> Launch:
    """How `side` is started on a database of its own."""
    if side == "earn":
        settings = earn.environment(ground.bootstrap, dsn, ground.prefix, group, ground.batch_size)
        return Launch(earn.COMMAND, settings, dsn, ground.shape.orders)
    return Launch(
        command=[sys.executable, "-m", f"bench.{side}", *_options(side, ground, dsn, group)],
        environment=os.environ,
        dsn=dsn,
        orders=ground.shape.orders,
        publishes=side != "statement",
    )


def _options(side: str, ground: Ground, dsn: str, group: str) -> Sequence[str]:
    common = ["--dsn", dsn, "--batch-size", str(ground.batch_size)]
    if side != "statement":
        kafka = ["--bootstrap", ground.bootstrap, "--prefix", ground.prefix, "--group", group]
        return [*common, *kafka]
    shape = ground.shape
    sizes = {"--orders": shape.orders, "--members": shape.members, "--lines": shape.lines}
    end = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S%z")
    return [*common, *(part for pair in sizes.items() for part in map(str, pair)), "--end", end]


def template(side: str) -> str:
    """Name of the database a side's runs are copied from."""
    return earn.TEMPLATE if side in ("floor", "earn") else YARDSTICK_TEMPLATE


async def make_yardstick_template(databases: Databases, shape: Shape) -> None:
    """Every member is there, none has an order, statistics are fresh."""
    members = [member_name(number) for number in range(shape.members)]
    dsn = await databases.fresh(YARDSTICK_TEMPLATE)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(YARDSTICK.schema)
        await connection.execute(YARDSTICK.create_accounts, members)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()
