"""`python -m bench`, or `make bench`: every side in turn, round after round, then the ratios."""

import asyncio
import contextlib
import logging
import os
import sys
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import psutil
from rich.console import Console

from bench import earn, report, sides
from bench.latency import Latency, latency
from bench.orders import Shape
from bench.servers import (
    Databases,
    OutputTopic,
    broker,
    create_topics,
    publish_orders,
)
from bench.timing import Clock, Figures, RunFailed
from headway.contracts.topics import Topics
from headway.local import Endpoints, LocalStack

CONSOLE = Console()
RUN = "bench_run"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for."""

    shape: Shape
    sides: Sequence[str]
    rounds: int
    batch_size: int
    rate: int
    seconds: int


async def measure(
    endpoints: Endpoints, plan: Plan
) -> tuple[dict[str, list[Figures]], dict[str, Latency]]:
    """Rounds first, then latency, of every side."""
    prefix = f"bench-{uuid.uuid4().hex[:8]}."
    databases = Databases(endpoints.postgres_dsn)
    bootstrap = endpoints.kafka_bootstrap
    await create_topics(bootstrap, prefix)
    await sides.make_yardstick_template(databases, plan.shape)
    if {"floor", "earn"} & set(plan.sides):
        await earn.make_template(databases, bootstrap, prefix, plan.shape)
    ground = sides.Ground(bootstrap, prefix, plan.shape, plan.batch_size)
    clock = await _clock(endpoints, databases, prefix)
    try:
        rounds = await _rounds(clock, databases, ground, plan)
        report.show(CONSOLE, rounds)
        latencies = {}
        for side in plan.sides if plan.seconds else ():
            if side != "statement":
                latencies[side] = await latency(side, ground, databases, plan.rate, plan.seconds)
                CONSOLE.print(f"latency, {side}: p50 {latencies[side].p50:,.1f} ms")
    finally:
        await clock.out.stop()
    await databases.drop(RUN)
    return rounds, latencies


async def _clock(endpoints: Endpoints, databases: Databases, prefix: str) -> Clock:
    out = OutputTopic(endpoints.kafka_bootstrap, Topics(prefix).balance_changed)
    await out.start()
    return Clock(out, await databases.postmaster(), broker(endpoints))


async def _rounds(
    clock: Clock, databases: Databases, ground: sides.Ground, plan: Plan
) -> dict[str, list[Figures]]:
    """Every side once a round; the sides of a round run back to back."""
    await publish_orders(ground.bootstrap, ground.prefix, plan.shape)
    found: dict[str, list[Figures]] = {side: [] for side in plan.sides}
    ledgers: set[str] = set()
    await _once(clock, databases, ground, "yardstick", "warm-up")  # Kafka compiles as it goes
    for number in range(plan.rounds):
        # Turn the order about, so that no side always runs after the same other.
        for side in plan.sides if number % 2 == 0 else tuple(reversed(plan.sides)):
            run = await _once(clock, databases, ground, side, str(number))
            found[side].append(run)
            if sides.template(side) == earn.TEMPLATE:
                ledgers.add(await databases.fingerprint(RUN))
            if len(ledgers) > 1:
                raise RunFailed("floor and earn did not write the same rows; mend the floor")
            CONSOLE.print(f"round {number + 1}, {side}: {run.rate:,.0f} orders/s")
    return found


async def _once(
    clock: Clock, databases: Databases, ground: sides.Ground, side: str, name: str
) -> Figures:
    dsn = await databases.fresh(RUN, sides.template(side))
    return await clock.run(sides.launch(side, ground, dsn, f"{ground.prefix}{side}-{name}"))


@click.command()
@click.option("--orders", default=60_000, show_default=True)
@click.option("--members", default=5_000, show_default=True)
@click.option("--lines", default=1, show_default=True, help="Lines of each order.")
@click.option("--rounds", default=5, show_default=True, help="Runs of each side, interleaved.")
@click.option("--batch-size", default=1_000, show_default=True)
@click.option("--side", "chosen", multiple=True, type=click.Choice(sides.NAMES))
@click.option("--rate", default=1_000, show_default=True, help="Orders per second for latency.")
@click.option("--seconds", default=20, show_default=True, help="Of latency per side; 0: none.")
@click.option("--root", type=click.Path(path_type=Path), help="Keep the servers' data here.")
@click.option("--check", is_flag=True, help="Exit 1 when a goal is missed.")
def main(
    orders: int, members: int, lines: int, rounds: int, batch_size: int, chosen: tuple[str, ...],
    rate: int, seconds: int, root: Path | None, check: bool,
) -> None:  # fmt: skip
    """Measure Headway against the yardstick; keep the figures in bench/results/latest.json."""
    # That a new topic has no leader for a moment is no news: the producer tries again.
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    busy = psutil.getloadavg()[0]
    if busy > 0.5:
        CONSOLE.print(f"[yellow]This machine is busy (load {busy:.1f}): expect noisy figures.[/]")
    shape = Shape(orders, min(members, orders), lines)
    plan = Plan(shape, chosen or sides.NAMES, rounds, batch_size, rate, seconds)
    with contextlib.ExitStack() as held:
        stack = held.enter_context(
            LocalStack(root, fast_start=False) if root else LocalStack.temporary(fast_start=False)
        )
        endpoints = stack.start()
        found, latencies = asyncio.run(measure(endpoints, plan))
        promises = asyncio.run(Databases(endpoints.postgres_dsn).promises())
    if latencies:
        report.show_latencies(CONSOLE, latencies)
    machine = {"cores": os.cpu_count(), "load_before": round(busy, 2), "postgres": promises}
    report.keep(found, latencies, asdict(plan) | machine)
    if check and not all(verdict.met for verdict in report.verdicts(found)):
        sys.exit(1)


if __name__ == "__main__":
    main()
