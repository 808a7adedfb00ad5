"""Medians over the rounds, goals, and a table for people."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.desk.backlog import Drained
from bench.desk.figures import Run

Found = dict[tuple[str, int], list[Run]]
"""Runs by side and number of clients, one a round."""

JUDGED_AT = 16
A_QUARTER = 0.25
"""What redeem is to reach of pgbench at 16 clients, and a hot reward of a plain one."""


def figures(found: Found, drained: Drained) -> dict[str, object]:
    """Everything that is kept of the runs."""
    clients = sorted({number for _, number in found})
    sides = {
        str(number): {side: _median(runs) for (side, of), runs in found.items() if of == number}
        for number in clients
    }
    return {
        "sides": sides,
        "redeem_to_pgbench": {str(n): _ratio(found, "plain", "pgbench", n) for n in clients},
        "redeem_to_pgbench_by_cpu": {number: by_cpu(of) for number, of in sides.items()},
        "hot_to_plain": {str(n): _ratio(found, "hot", "plain", n) for n in clients},
        "draining": asdict(drained.run) | {"orders_per_s": drained.orders_per_s},
    }


def _median(runs: Sequence[Run]) -> dict[str, object]:
    cpu = {name: round(median(run.cpu[name] for run in runs), 1) for name in runs[0].cpu}
    return {
        "pairs_per_s": round(median(run.rate for run in runs), 1),
        "p50_ms": round(median(run.p50 for run in runs), 2),
        "p99_ms": round(median(run.p99 for run in runs), 2),
        "cpu_us": cpu,
        "busy": sum(run.busy for run in runs),
    }


def by_cpu(sides: Mapping[str, Any]) -> float:
    """All CPU of a pair by pgbench to that of one by redeem, clients included: what a busy machine
    disturbs least. It judges nothing."""
    spent: dict[str, float] = {side: sum(one["cpu_us"].values()) for side, one in sides.items()}
    return round(spent["pgbench"] / spent["plain"], 3)


def _ratio(found: Found, side: str, of: str, clients: int) -> float:
    """The median of the ratios within a round: whatever else the machine did, it did to both."""
    pairs = zip(found[side, clients], found[of, clients], strict=True)
    return round(median(own.rate / other.rate for own, other in pairs), 3)


def show(console: Console, told: Mapping[str, Any]) -> bool:
    """Print it all; whether every goal is met."""
    table = Table(title="Reserve + confirm; CPU in microseconds per pair, by process")
    for heading in ("clients", "side", "pairs/s", "p50 ms", "p99 ms", "redeem", "postgres", "sent"):
        table.add_column(heading, justify="left" if heading == "side" else "right", no_wrap=True)
    for clients, sides in told["sides"].items():
        for side, one in sides.items():
            cpu = [f"{one['cpu_us'].get(n, 0):,.0f}" for n in ("program", "postgres", "clients")]
            times = [f"{one[name]:,.1f}" for name in ("pairs_per_s", "p50_ms", "p99_ms")]
            table.add_row(clients, side, *times, *cpu)
    console.print(table)
    drained = told["draining"]
    console.print(
        f"while earn decides {drained['orders_per_s']:,.0f} orders/s, {JUDGED_AT} clients: "
        f"{drained['rate']:,.0f} pairs/s, p50 {drained['p50']:,.0f} ms, "
        f"p99 {drained['p99']:,.0f} ms, put off {drained['busy']} times"
    )
    cpu = told["redeem_to_pgbench_by_cpu"][str(JUDGED_AT)]
    console.print(f"redeem / pgbench by all CPU of a pair, {JUDGED_AT} clients: {cpu:.2f}")
    judged = [("redeem / pgbench", JUDGED_AT, told["redeem_to_pgbench"][str(JUDGED_AT)])]
    judged += [("hot / plain", int(n), ratio) for n, ratio in told["hot_to_plain"].items()]
    for what, clients, ratio in judged:
        word = "[green]met[/]" if ratio >= A_QUARTER else "[red]missed[/]"
        console.print(f"{what}, {clients} clients: {ratio:.2f}, goal at least {A_QUARTER}: {word}")
    return all(ratio >= A_QUARTER for _, _, ratio in judged)
