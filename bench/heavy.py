"""`python -m bench.heavy`: does an event of a member of ten years cost what a new one's does?

One member with 10,000 inputs and 5,000 open lots, built through the earn handler itself, and new
members; the same number of orders of either in interleaved rounds, one to a batch and all in one.
Then late orders, dated in the middle of that history, each decided again from the whole of it.
"""

import asyncio
import cProfile
import json
import pstats
import sys
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median

import click
from rich.console import Console
from rich.table import Table

from bench.direct import Cost, Direct, direct, load
from bench.heavy_story import HEAVY, NOW, Story
from bench.servers import Databases
from headway.local import LocalStack
from headway.stream.batch import Record

CONSOLE = Console()
PROGRAM = Path(__file__).parent / "programs" / "heavy.yaml"
RESULTS = Path(__file__).parent / "results" / "heavy.json"
TWICE, A_SECOND = 2.0, 1.0

Rounds = dict[str, list[Cost]]


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


async def measure(
    dsn: str, inputs: int, events: int, rounds: int, profile: bool
) -> dict[str, object]:
    """All figures, as they go to the results."""
    async with direct(dsn, PROGRAM.read_text(), NOW) as earn:
        story = Story(earn, inputs, timedelta(days=3652), Random(10_000))
        with CONSOLE.status("ten years") as status:
            await story.live(
                lambda done: status.update(f"ten years: {done:,} of {inputs:,} inputs")
            )
        await earn.pool.execute("vacuum analyze")
        facts = await _facts(earn)
        CONSOLE.print(facts)
        await _round(earn, story, events)  # nothing is compiled or cached before it
        found: Rounds = {}
        for number in range(rounds):
            for name, cost in (await _round(earn, story, events)).items():
                found.setdefault(name, []).append(cost)
                CONSOLE.print(f"round {number + 1}, {name}: {cost.cpu:,.0f} us CPU an event")
        profiler = cProfile.Profile()
        if profile:
            profiler.enable()
        late = [await earn.cost([batch]) for batch in story.late(rounds)]
        if profile:
            profiler.disable()
            pstats.Stats(profiler).sort_stats("tottime").print_stats(35)
        return facts | _figures(found, late)


async def _facts(earn: Direct) -> dict[str, object]:
    row = await earn.pool.fetchrow(
        "select a.inputs, count(l) filter (where l.pending > 0 or l.available > 0) as open_lots, a.tier,"
        " length(a.state::text) as state_bytes from accounts a join lots l using (account_id)"
        " where a.member_id = $1 group by a.account_id",
        HEAVY,
    )
    assert row is not None
    return dict(row)


def _figures(found: Rounds, late: list[Cost]) -> dict[str, object]:
    ratios = {
        way: {
            "cpu": round(median(_ratios(found, way, "cpu")), 3),
            "wall": round(median(_ratios(found, way, "each")), 3),
        }
        for way in ("single", "batch")
    }
    each = {
        name: {
            "cpu_us": round(median(cost.cpu for cost in costs), 1),
            "program_us": round(median(cost.program / cost.events for cost in costs) * 1e6, 1),
            "postgres_us": round(median(cost.postgres / cost.events for cost in costs) * 1e6, 1),
            "wall_us": round(median(cost.each for cost in costs), 1),
        }
        for name, costs in found.items()
    }
    return {
        "heavy_to_new": ratios,
        "per_event": each,
        "late_event": {
            "wall_s": round(median(cost.wall for cost in late), 3),
            "program_s": round(median(cost.program for cost in late), 3),
            "postgres_s": round(median(cost.postgres for cost in late), 3),
        },
    }


def _ratios(found: Rounds, way: str, of: str) -> list[float]:
    pairs = zip(found[f"heavy, {way}"], found[f"new, {way}"], strict=True)
    return [getattr(heavy, of) / getattr(new, of) for heavy, new in pairs]


def _show(figures: dict[str, object]) -> bool:
    CONSOLE.print_json(json.dumps(figures))
    ratios = figures["heavy_to_new"]
    late = figures["late_event"]
    assert isinstance(ratios, dict)
    assert isinstance(late, dict)
    table = Table("what", "goal", "found")
    for way, ratio in ratios.items():
        table.add_row(f"heavy to new, {way}, CPU", f"at most {TWICE}", f"{ratio['cpu']:.2f}")
    table.add_row("a late event", f"{A_SECOND} s", f"{late['wall_s']:.2f} s")
    CONSOLE.print(table)
    met = all(ratio["cpu"] <= TWICE for ratio in ratios.values())
    return met and bool(late["wall_s"] <= A_SECOND)


@click.command()
@click.option("--inputs", default=10_000, show_default=True, help="Of the heavy member.")
@click.option("--events", default=200, show_default=True, help="Orders of either in a round.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--profile", is_flag=True, help="Show where the time of late events goes.")
@click.option("--check", is_flag=True, help="Exit 1 when a goal is missed.")
def main(inputs: int, events: int, rounds: int, profile: bool, check: bool) -> None:
    """Compare a member of ten years with new ones; keep bench/results/heavy.json."""
    before = load()
    with LocalStack.temporary(fast_start=False) as stack:
        server = Databases(stack.start(kafka=False).postgres_dsn)

        async def run() -> dict[str, object]:
            dsn = await server.fresh("bench_heavy")
            return await measure(dsn, inputs, events, rounds, profile)

        figures = asyncio.run(run()) | {"rounds": rounds, "events": events, "load_before": before}
    met = _show(figures)
    if not profile:
        RESULTS.write_text(json.dumps(figures, indent=2) + "\n")
    if check and not met:
        sys.exit(1)


if __name__ == "__main__":
    main()
