"""The page docs/proof.md: what was proved, on which commit and seed, with which figures."""

import json
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "proof.md"
DATA = ROOT / "docs" / "proof.json"
_HEAD = """# Proof

Long proofs, run by `make proof`. Each starts the whole of Headway on real Kafka and PostgreSQL,
breaks something on the way, and compares what came of it with an independent oracle: inputs,
dead letters, awards, balances, tiers, savings, mails.
This page is written by the proofs themselves; a line stands for the last run that held.

| proof | commit | seed | figures | seconds | when |
| --- | --- | --- | --- | --- | --- |
"""


class Record:
    """Figures of one proof."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.figures: dict[str, object] = {}
        self._started = time.monotonic()

    def note(self, **figures: object) -> None:
        """Add figures, by name."""
        self.figures.update(figures)

    def line(self) -> dict[str, object]:
        """What is kept."""
        head = ["git", "rev-parse", "--short", "HEAD"]
        commit = subprocess.run(head, cwd=ROOT, capture_output=True, text=True, check=False)
        return {
            "proof": self.name,
            "commit": commit.stdout.strip(),
            "seed": self.figures.pop("seed", 1997),
            "figures": self.figures,
            "seconds": round(time.monotonic() - self._started),
            "when": datetime.now(UTC).date().isoformat(),
        }


def write_page(record: Record) -> None:
    """Put the record into the page, in place of an earlier one of that name."""
    known = json.loads(DATA.read_text()) if DATA.exists() else {}
    known[record.name] = record.line()
    DATA.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    rows = []
    for line in (known[name] for name in sorted(known)):
        figures = ", ".join(f"{name.replace('_', ' ')}: {v}" for name, v in line["figures"].items())
        rows.append(
            f"| {line['proof']} | {line['commit']} | {line['seed']} | {figures} "
            f"| {line['seconds']} | {line['when']} |"
        )
    PAGE.write_text(_HEAD + "\n".join(rows) + "\n")
