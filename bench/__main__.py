"""`python -m bench`, or `make bench`: every side in turn, round after round, then the ratios."""

import asyncio
import contextlib
import os
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from bench import earn, report, sides
from bench.orders import Shape
from bench.servers import (
    Databases,
    OutputTopic,
    broker,
    create_topics,
    publish_orders,
)
from bench.timing import Clock, Figures
from headway.contracts.topics import Topics
from headway.local import Endpoints, LocalStack

CONSOLE = Console()


async def measure(
    endpoints: Endpoints, shape: Shape, names: Sequence[str], rounds: int, batch_size: int
) -> dict[str, list[Figures]]:
    """Run every side once a round; the sides of a round run back to back."""
    prefix = f"bench-{uuid.uuid4().hex[:8]}."
    databases = Databases(endpoints.postgres_dsn)
    await create_topics(endpoints.kafka_bootstrap, prefix)
    await sides.make_yardstick_template(databases, shape)
    if {"floor", "earn"} & set(names):
        await earn.make_template(databases, endpoints.kafka_bootstrap, prefix, shape)
    await publish_orders(endpoints.kafka_bootstrap, prefix, shape)
    ground = sides.Ground(endpoints.kafka_bootstrap, prefix, shape, batch_size)
    out = OutputTopic(endpoints.kafka_bootstrap, Topics(prefix).balance_changed)
    await out.start()
    found: dict[str, list[Figures]] = {name: [] for name in names}
    try:
        clock = Clock(out, await databases.postmaster(), broker(endpoints))
        for number in range(rounds):
            # Turn the order about, so that no side always runs after the same other.
            for name in names if number % 2 == 0 else tuple(reversed(names)):
                dsn = await databases.fresh("bench_run", sides.template(name))
                run = await clock.run(sides.launch(name, ground, dsn, f"{prefix}{name}-{number}"))
                found[name].append(run)
                CONSOLE.print(f"round {number + 1}, {name}: {run.rate:,.0f} orders/s")
    finally:
        await out.stop()
        await databases.drop("bench_run")
    return found


@click.command()
@click.option("--orders", default=60_000, show_default=True)
@click.option("--members", default=5_000, show_default=True)
@click.option("--lines", default=1, show_default=True, help="Lines of each order.")
@click.option("--rounds", default=5, show_default=True, help="Runs of each side, interleaved.")
@click.option("--batch-size", default=1_000, show_default=True)
@click.option("--side", "chosen", multiple=True, type=click.Choice(sides.NAMES))
@click.option("--root", type=click.Path(path_type=Path), help="Keep the servers' data here.")
@click.option("--check", is_flag=True, help="Exit 1 when a goal is missed.")
def main(
    orders: int, members: int, lines: int, rounds: int, batch_size: int,
    chosen: tuple[str, ...], root: Path | None, check: bool,
) -> None:  # fmt: skip
    """Measure Headway against the yardstick; keep the figures in bench/results/latest.json."""
    shape = Shape(orders, min(members, orders), lines)
    with contextlib.ExitStack() as held:
        stack = held.enter_context(
            LocalStack(root, fast_start=False) if root else LocalStack.temporary(fast_start=False)
        )
        endpoints = stack.start()
        found = asyncio.run(measure(endpoints, shape, chosen or sides.NAMES, rounds, batch_size))
        promises = asyncio.run(Databases(endpoints.postgres_dsn).promises())
    setting = {"orders": orders, "members": members, "lines": lines, "batch_size": batch_size}
    report.show(CONSOLE, found)
    report.keep(found, setting | {"cores": os.cpu_count(), "postgres": promises})
    if check and not all(verdict.met for verdict in report.verdicts(found)):
        sys.exit(1)


if __name__ == "__main__":
    main()
