"""`python -m bench.programs_compared`: what does the fullest example cost beside the simplest?

The earn service as it ships, Kafka included, reads the same orders under either programme, round
after round; what is compared are orders per second within a round, and CPU per order.
"""

import asyncio
import json
import logging
import sys
import uuid
from datetime import timedelta
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
EXAMPLES = Path(__file__).parent.parent / "examples" / "programs"
RESULTS = Path(__file__).parent / "results" / "programs.json"
SPAN = timedelta(days=1)  # below the pending days of either: settling stays out of the picture
GOAL = 0.7
RUN = "bench_programs"

Found = dict[str, list[Figures]]


async def measure(
    endpoints: Endpoints, programs: dict[str, Path], shape: Shape, rounds: int
) -> Found:
    """Every programme once a round."""
    prefix, bootstrap = f"bench-{uuid.uuid4().hex[:8]}.", endpoints.kafka_bootstrap
    databases = Databases(endpoints.postgres_dsn)
    await create_topics(bootstrap, prefix)
    for name, path in programs.items():
        await earn.make_template(databases, bootstrap, prefix, shape, path, f"bench_of_{name}")
    await publish_orders(bootstrap, prefix, shape, SPAN)
    out = OutputTopic(bootstrap, Topics(prefix).balance_changed)
    await out.start()
    clock = Clock(out, await databases.postmaster(), broker(endpoints))
    found: Found = {name: [] for name in programs}

    async def once(name: str, number: int) -> Figures:
        dsn = await databases.fresh(RUN, f"bench_of_{name}")
        group = f"{prefix}{name}-{number}"
        settings = earn.environment(bootstrap, dsn, prefix, group, 1_000)
        return await clock.run(Launch(earn.COMMAND, settings, dsn, shape.orders))

    try:
        await once(next(iter(programs)), -1)  # Kafka compiles as it goes
        for number in range(rounds):
            # Turned about, so that neither always runs after the other.
            for name in list(programs)[:: 1 if number % 2 == 0 else -1]:
                found[name].append(await once(name, number))
                CONSOLE.print(f"round {number + 1}, {name}: {found[name][-1].rate:,.0f} orders/s")
    finally:
        await out.stop()
    await databases.drop(RUN)
    return found


def _cpu(figures: Figures) -> float:
    return figures.cpu["program"] + figures.cpu["postgres"]


def _figures(found: Found) -> dict[str, object]:
    pairs = list(zip(found["fullest"], found["simplest"], strict=True))
    each = {
        name: {
            "orders_per_s": round(median(run.rate for run in runs), 1),
            "program_us": round(median(run.cpu["program"] for run in runs), 1),
            "postgres_us": round(median(run.cpu["postgres"] for run in runs), 1),
        }
        for name, runs in found.items()
    }
    return {
        "fullest_to_simplest": {
            "rate": round(median(full.rate / simple.rate for full, simple in pairs), 3),
            "cpu": round(median(_cpu(simple) / _cpu(full) for full, simple in pairs), 3),
        },
        "programs": each,
    }


@click.command()
@click.option("--fullest", default=EXAMPLES / "shoe-vip.yaml", type=click.Path(path_type=Path))
@click.option("--simplest", default=EXAMPLES / "minimal.yaml", type=click.Path(path_type=Path))
@click.option("--orders", default=60_000, show_default=True)
@click.option("--members", default=5_000, show_default=True)
@click.option("--rounds", default=5, show_default=True, help="Runs of each, interleaved.")
@click.option("--check", is_flag=True, help="Exit 1 when the goal is missed.")
def main(
    fullest: Path, simplest: Path, orders: int, members: int, rounds: int, check: bool
) -> None:
    """Compare two programmes; keep bench/results/programs.json."""
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    before, shape = load(), Shape(orders, members)
    with LocalStack.temporary(fast_start=False) as stack:
        programs = {"simplest": simplest, "fullest": fullest}
        figures = _figures(asyncio.run(measure(stack.start(), programs, shape, rounds)))
    kept = figures | {
        "fullest": fullest.name,
        "simplest": simplest.name,
        "orders": orders,
        "rounds": rounds,
        "load_before": before,
    }
    RESULTS.write_text(json.dumps(kept, indent=2) + "\n")
    CONSOLE.print_json(json.dumps(kept))
    ratios = figures["fullest_to_simplest"]
    assert isinstance(ratios, dict)
    table = Table("fullest to simplest", "goal", "found")
    table.add_row("orders per second", f"at least {GOAL}", f"{ratios['rate']:.2f}")
    table.add_row("inverse of CPU per order", "", f"{ratios['cpu']:.2f}")
    CONSOLE.print(table)
    if check and ratios["rate"] < GOAL:
        sys.exit(1)


if __name__ == "__main__":
    main()
