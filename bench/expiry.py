"""`python -m bench.expiry`: do a million due lots expire while earn runs, and at what rate?

The earn service as it ships reads orders of some members from Kafka while its jobs expire the lots
of others. Counted is what was recorded between the first batch of orders and the last one.
"""

import asyncio
import contextlib
import json
import logging
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import click
from rich.console import Console

from bench import earn
from bench.direct import load
from bench.orders import Shape
from bench.servers import Databases, create_topics, publish_orders
from bench.timing import RunFailed, stop
from headway.ledger.queries import load as load_queries
from headway.local import Endpoints, LocalStack

CONSOLE = Console()
EXPIRY = load_queries("bench", "expiry.sql")
RESULTS = Path(__file__).parent / "results" / "expiry.json"
A_QUARTER = 0.25
LIMIT_S = 900
RUN = "bench_expiry"


@contextlib.asynccontextmanager
async def _running(settings: dict[str, str]) -> AsyncIterator["subprocess.Popen[bytes]"]:
    with tempfile.TemporaryFile() as said:
        program = await asyncio.to_thread(
            subprocess.Popen, earn.COMMAND, env=settings, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            yield program
            if program.poll() is not None:
                said.seek(0)
                raise RunFailed("earn ended by itself:\n" + said.read().decode()[-2_000:])
        finally:
            await asyncio.to_thread(stop, program)


async def measure(endpoints: Endpoints, shape: Shape, accounts: int, each: int) -> dict[str, float]:
    """Fill, run, count."""
    prefix, bootstrap = f"bench-{uuid.uuid4().hex[:8]}.", endpoints.kafka_bootstrap
    databases = Databases(endpoints.postgres_dsn)
    await create_topics(bootstrap, prefix)
    await earn.make_template(databases, bootstrap, prefix, shape)
    dsn = await databases.fresh(RUN, earn.TEMPLATE)
    connection = await asyncpg.connect(dsn)
    try:
        with CONSOLE.status(f"{accounts * each:,} due lots"):
            began = time.time()
            await connection.execute("set max_parallel_workers_per_gather = 0")
            await connection.fetch(EXPIRY.fill, accounts, each, timeout=1200)
            await connection.execute("vacuum analyze", timeout=1200)
            await connection.execute("checkpoint", timeout=600)
        CONSOLE.print(f"{accounts * each:,} due lots in {time.time() - began:.0f} s")
        await publish_orders(bootstrap, prefix, shape)
        settings = earn.environment(bootstrap, dsn, prefix, prefix + "expiry", 1_000)
        async with _running(settings) as program:
            since = datetime.now(UTC)
            while (done := await connection.fetchval(EXPIRY.consumed)) < shape.orders:
                if (
                    program.poll() is not None
                    or datetime.now(UTC).timestamp() - since.timestamp() > 900
                ):
                    break
                CONSOLE.print(f"{done:,} of {shape.orders:,} orders")
                await asyncio.sleep(2)
        row = await connection.fetchrow(EXPIRY.decided, since)
        assert row is not None
        found = await connection.fetchrow(EXPIRY.after, row["first"], row["last"], timeout=600)
        assert found is not None
        seconds = (row["last"] - row["first"]).total_seconds()
    finally:
        await connection.close()
    await databases.drop(RUN)
    return {
        "seconds": round(seconds, 1),
        "orders_per_s": round(found["orders"] / seconds, 1),
        "lots_per_s": round(found["lots"] / seconds, 1),
        "accounts_per_s": round(found["accounts"] / seconds, 1),
        "lots_per_order": round(found["lots"] / found["orders"], 3),
    }


@click.command()
@click.option("--accounts", default=250_000, show_default=True, help="Accounts with due lots.")
@click.option("--each", default=4, show_default=True, help="Due lots of each account.")
@click.option("--orders", default=100_000, show_default=True)
@click.option("--members", default=5_000, show_default=True, help="Who order meanwhile.")
@click.option("--check", is_flag=True, help="Exit 1 when the goal is missed.")
def main(accounts: int, each: int, orders: int, members: int, check: bool) -> None:
    """Expire due lots while earn decides orders; keep bench/results/expiry.json."""
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    before = load()
    with LocalStack.temporary(fast_start=False) as stack:
        shape = Shape(orders, members)
        figures = asyncio.run(measure(stack.start(), shape, accounts, each))
    kept = figures | {"due_lots": accounts * each, "lots_each": each, "load_before": before}
    CONSOLE.print_json(json.dumps(kept))
    CONSOLE.print(f"goal: at least {A_QUARTER} lots expired for each order decided")
    name = RESULTS if each > 1 else RESULTS.with_stem("expiry-single")
    name.write_text(json.dumps(kept, indent=2) + "\n")
    if check and figures["lots_per_order"] < A_QUARTER:
        sys.exit(1)


if __name__ == "__main__":
    main()
