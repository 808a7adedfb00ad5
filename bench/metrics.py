"""`python -m bench.metrics`: what share of earn are its metrics?

The earn service as it ships, and the same without what counts and times (bench/unmetered.py), read
the same orders, round after round. Compared is the CPU time of the program for each order, within a
round: what another program does beside it disturbs that least.
"""

import asyncio
import json
import logging
import sys
import uuid
from pathlib import Path
from statistics import median

import click
from rich.console import Console
from rich.table import Table

from bench import earn
from bench.direct import load
from bench.orders import Shape
from bench.servers import Databases, OutputTopic, broker, create_topics, publish_orders
from bench.timing import Clock, Figures, Launch
from headway.contracts.topics import Topics
from headway.local import Endpoints, LocalStack

CONSOLE = Console()
RESULTS = Path(__file__).parent / "results" / "metrics.json"
COMMANDS = {"with": earn.COMMAND, "without": (sys.executable, "-m", "bench.unmetered")}
GOAL = 0.02
RUN = "bench_metrics"

Found = dict[str, list[Figures]]


async def measure(endpoints: Endpoints, shape: Shape, rounds: int) -> Found:
    """Both once a round, the order turned about from round to round."""
    prefix, bootstrap = f"bench-{uuid.uuid4().hex[:8]}.", endpoints.kafka_bootstrap
    databases = Databases(endpoints.postgres_dsn)
    await create_topics(bootstrap, prefix)
    await earn.make_template(databases, bootstrap, prefix, shape)
    await publish_orders(bootstrap, prefix, shape)
    out = OutputTopic(bootstrap, Topics(prefix).balance_changed)
    await out.start()
    clock = Clock(out, await databases.postmaster(), broker(endpoints))
    found: Found = {side: [] for side in COMMANDS}

    async def once(side: str, number: int) -> Figures:
        dsn = await databases.fresh(RUN, earn.TEMPLATE)
        settings = earn.environment(bootstrap, dsn, prefix, f"{prefix}{side}-{number}", 1_000)
        return await clock.run(Launch(COMMANDS[side], settings, dsn, shape.orders))

    try:
        await once("with", -1)  # Kafka compiles as it goes
        for number in range(rounds):
            for side in list(COMMANDS)[:: 1 if number % 2 == 0 else -1]:
                found[side].append(await once(side, number))
                spent = found[side][-1].cpu["program"]
                CONSOLE.print(f"round {number + 1}, {side}: {spent:.1f} us of CPU an order")
    finally:
        await out.stop()
    await databases.drop(RUN)
    return found


def share(found: Found) -> float:
    """The median over the rounds of what metrics add to the program's CPU time."""
    pairs = zip(found["with"], found["without"], strict=True)
    return median(1 - bare.cpu["program"] / full.cpu["program"] for full, bare in pairs)


@click.command()
@click.option("--orders", default=60_000, show_default=True)
@click.option("--members", default=5_000, show_default=True)
@click.option("--rounds", default=7, show_default=True, help="Runs of each, interleaved.")
@click.option("--check", is_flag=True, help="Exit 1 when the goal is missed.")
def main(orders: int, members: int, rounds: int, check: bool) -> None:
    """Measure what metrics cost; keep bench/results/metrics.json."""
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    before = load()
    with LocalStack.temporary(fast_start=False) as stack:
        found = asyncio.run(measure(stack.start(), Shape(orders, members), rounds))
    spent = {
        side: {
            process: round(median(run.cpu[process] for run in runs), 1)
            for process in ("program", "postgres")
        }
        for side, runs in found.items()
    }
    part = share(found)
    kept = {
        "share": round(part, 4), "cpu_us_per_order": spent, "orders": orders, "rounds": rounds,
        "load_before": before,
    }  # fmt: skip
    RESULTS.write_text(json.dumps(kept, indent=2) + "\n")
    table = Table("metrics' share of earn's CPU time", "goal", "found")
    table.add_row("median over the rounds", f"under {GOAL:.0%}", f"{part:.2%}")
    CONSOLE.print(table)
    if check and part >= GOAL:
        sys.exit(1)


if __name__ == "__main__":
    main()
