"""Medians, ratios and goals: as a table for people, as JSON for machines."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.latency import Latencies
from bench.timing import Figures

PROCESSES = ("program", "postgres", "kafka")
RESULTS = Path(__file__).parent / "results" / "latest.json"


@dataclass(frozen=True, slots=True)
class Goal:
    """`side` is to reach at least `least` of what `of` reaches."""

    side: str
    of: str
    least: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal, and the median over the rounds of the ratio within each round.

    `by_cpu` is the same ratio by all CPU spent per order: what a busy machine disturbs least. It
    judges nothing.
    """

    goal: Goal
    ratio: float
    by_cpu: float

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio >= self.goal.least


GOALS = (
    Goal("yardstick", "statement", 0.7),
    Goal("earn", "yardstick", 0.4),
    Goal("earn", "floor", 0.8),
)

Rounds = Mapping[str, Sequence[Figures]]


def verdicts(rounds: Rounds) -> list[Verdict]:
    """Every goal whose two sides were run. Ratios are taken within a round, which ran back to
    back: whatever else the machine did then, it did to both."""
    return [
        _verdict(goal, list(zip(rounds[goal.side], rounds[goal.of], strict=True)))
        for goal in GOALS
        if goal.side in rounds and goal.of in rounds
    ]


def _verdict(goal: Goal, pairs: Sequence[tuple[Figures, Figures]]) -> Verdict:
    return Verdict(
        goal,
        median(own.rate / other.rate for own, other in pairs),
        median(sum(other.cpu.values()) / sum(own.cpu.values()) for own, other in pairs),
    )


def show(console: Console, rounds: Rounds) -> None:
    """The medians of every side, and the goals."""
    table = Table(title="Median per side; CPU in microseconds per order, by process")
    table.add_column("side")
    for heading in ("orders/s", "lowest", "highest", *PROCESSES, "peak MB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for side, runs in rounds.items():
        rates = [run.rate for run in runs]
        cpu = [
            f"{median(run.cpu[name] for run in runs):.0f}" if name in runs[0].cpu else "-"
            for name in PROCESSES
        ]
        row = [f"{figure:,.0f}" for figure in (median(rates), min(rates), max(rates))]
        table.add_row(side, *row, *cpu, f"{max(run.peak for run in runs) / 1e6:.0f}")
    console.print(table)
    for verdict in verdicts(rounds):
        word = "[green]met[/]" if verdict.met else "[red]missed[/]"
        goal = verdict.goal
        console.print(
            f"{goal.side} / {goal.of}: {verdict.ratio:.2f} (by CPU {verdict.by_cpu:.2f}), "
            f"goal at least {goal.least}: {word}"
        )


def show_latencies(console: Console, latencies: Latencies) -> None:
    """What a steady stream waits for."""
    table = Table(title="From order due to balance.changed read, in milliseconds; open loop")
    table.add_column("side")
    for heading in ("orders/s", "orders", "p50", "p99", "worst"):
        table.add_column(heading, justify="right", no_wrap=True)
    for side, found in latencies.items():
        figures = (found.p50, found.p99, found.worst)
        table.add_row(side, f"{found.rate:,}", f"{found.orders:,}", *(f"{x:,.1f}" for x in figures))
    console.print(table)


def keep(
    rounds: Rounds, latencies: Latencies, setting: Mapping[str, object], path: Path = RESULTS
) -> None:
    """Write every run, the ratios and what they were measured on."""
    path.parent.mkdir(exist_ok=True)
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpu": platform.machine(), "python": platform.python_version()},
        "setting": setting,
        "runs": {side: [asdict(run) for run in runs] for side, runs in rounds.items()},
        "latency_ms": {side: asdict(found) for side, found in latencies.items()},
        "goals": [
            asdict(verdict.goal)
            | {
                "ratio": round(verdict.ratio, 3),
                "by_cpu": round(verdict.by_cpu, 3),
                "met": verdict.met,
            }
            for verdict in verdicts(rounds)
        ],
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
