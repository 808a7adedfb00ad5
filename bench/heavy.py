"""`python -m bench.heavy`: does an event of a member of ten years cost what a new one's does?

One member with 10,000 inputs and 5,000 open lots, built through the earn handler itself, and new
members; the same number of orders of either in interleaved rounds, one to a batch and all in one.
Then late orders, dated in the middle of that history, each decided again from the whole of it.
"""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from random import Random

import click
from rich.console import Console

from bench.direct import Cost, Direct, direct, load
from bench.heavy_report import Rounds, figures, show
from bench.heavy_story import HEAVY, NOW, Story
from bench.servers import Databases
from headway.ledger.queries import load as load_queries
from headway.local import LocalStack
from headway.stream.batch import Record

CONSOLE = Console()
PROGRAM = Path(__file__).parent / "programs" / "heavy.yaml"
RESULTS = Path(__file__).parent / "results" / "heavy.json"
HEAVY_SQL = load_queries("bench", "heavy.sql")


def _one_by_one(records: list[Record]) -> list[list[Record]]:
    return [[record] for record in records]


async def _round(earn: Direct, story: Story, events: int) -> dict[str, Cost]:
    """New and heavy, one to a batch and all in one; what is told of is made beforehand."""
    costs: dict[str, Cost] = {}
    for way in ("single", "batch"):
        new, heavy = await story.new(events), story.heavy(events)
        for name, records in (("new", new), ("heavy", heavy)):
            batches = _one_by_one(records) if way == "single" else [records]
            costs[f"{name}, {way}"] = await earn.cost(batches)
    return costs


async def measure(dsn: str, inputs: int, events: int, rounds: int) -> dict[str, object]:
    """All figures, as they go to the results."""
    async with direct(dsn, PROGRAM.read_text(), NOW) as earn:
        story = Story(earn, inputs, timedelta(days=3652), Random(10_000))
        with CONSOLE.status("ten years") as status:
            await story.live(lambda done: status.update(f"{done:,} of {inputs:,} inputs"))
        await earn.pool.execute("vacuum analyze")
        row = await earn.pool.fetchrow(HEAVY_SQL.facts, HEAVY)
        if row is None:
            raise RuntimeError("the heavy member is not there")
        late = [await earn.cost([batch]) for batch in story.late(rounds)]
        await _round(earn, story, events)  # nothing is compiled or cached before it
        found: Rounds = {}
        for number in range(rounds):
            for name, cost in (await _round(earn, story, events)).items():
                found.setdefault(name, []).append(cost)
                CONSOLE.print(f"round {number + 1}, {name}: {cost.cpu:,.0f} us CPU an event")
        return dict(row) | figures(found, late)


@click.command()
@click.option("--inputs", default=10_000, show_default=True, help="Of the heavy member.")
@click.option("--events", default=200, show_default=True, help="Orders of either in a round.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--check", is_flag=True, help="Exit 1 when a goal is missed.")
def main(inputs: int, events: int, rounds: int, check: bool) -> None:
    """Compare a member of ten years with new ones; keep bench/results/heavy.json."""
    before = load()
    with LocalStack.temporary(fast_start=False) as stack:
        server = Databases(stack.start(kafka=False).postgres_dsn)

        async def run() -> dict[str, object]:
            dsn = await server.fresh("bench_heavy")
            return await measure(dsn, inputs, events, rounds)

        told = asyncio.run(run()) | {"rounds": rounds, "events": events, "load_before": before}
    met = show(CONSOLE, told)
    RESULTS.write_text(json.dumps(told, indent=2) + "\n")
    if check and not met:
        sys.exit(1)


if __name__ == "__main__":
    main()
