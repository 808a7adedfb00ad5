"""What the heavy bench found, as ratios of the same round, beside its goals."""

import json
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.direct import Cost

TWICE, A_SECOND = 2.0, 1.0

Rounds = dict[str, list[Cost]]
"""By who and how ("heavy, single"), one cost a round."""


def figures(found: Rounds, late: list[Cost]) -> dict[str, object]:
    """Medians: of the ratio within a round, and of what each event cost."""
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


def show(console: Console, told: dict[str, object]) -> bool:
    """Print it beside the goals; whether they are met."""
    console.print_json(json.dumps(told))
    ratios = told["heavy_to_new"]
    late = told["late_event"]
    assert isinstance(ratios, dict)
    assert isinstance(late, dict)
    table = Table("what", "goal", "found")
    for way, ratio in ratios.items():
        table.add_row(f"heavy to new, {way}, CPU", f"at most {TWICE}", f"{ratio['cpu']:.2f}")
    table.add_row("a late event", f"{A_SECOND} s", f"{late['wall_s']:.2f} s")
    console.print(table)
    met = all(ratio["cpu"] <= TWICE for ratio in ratios.values())
    return met and bool(late["wall_s"] <= A_SECOND)
