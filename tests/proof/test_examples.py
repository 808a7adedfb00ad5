"""Every example programme runs the demo on real servers: its books tie out, the oracle agrees."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from headway.local.demo.programmes import choose, examples
from tests.oracle_dump import differences

pytestmark = [pytest.mark.proof, pytest.mark.timeout(400)]

CALLED_FOR = {
    "shoe-vip": {
        "welcome", "progress", "reward_ready", "reward_used", "certificate_issued", "tier_changed",
        "points_taken_back", "referral_thanks", "statement",
    },
    "staff-rewards": {"progress", "tier_changed", "tier_at_risk", "points_expiring"},
}  # fmt: skip
"""Kinds of message of which a demo sends some."""
LAST_LINE = re.compile(
    r"headway demo: 6919 purchases, (\d+) points events, (\d+) emails, verify ok"
)


@pytest.mark.parametrize("name", examples())
def test_an_example_runs_the_demo(name: str, tmp_path: Path) -> None:
    environment = {n: text for n, text in os.environ.items() if not n.startswith("HEADWAY_")}
    done = subprocess.run(
        [sys.executable, "-c", "from headway.cli import main; main()", "demo",
         "--program", name, "--root", str(tmp_path / "demo"), "--dump", str(tmp_path / "dump")],
        env=environment, capture_output=True, text=True, timeout=380, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    last = LAST_LINE.fullmatch(done.stdout.splitlines()[-1])
    assert last, done.stdout[-3000:]
    points_events, emails = map(int, last.groups())
    assert points_events > 6000, "a row for nearly every purchase, and for what else is rewarded"
    assert emails > 0
    engine = json.loads((tmp_path / "dump" / "engine.json").read_text("utf-8"))
    sent = {kind for _, kind, _, state, *_ in engine["messages"] if state == "sent"}
    assert sent >= CALLED_FOR.get(name, {"progress"})
    if choose(name).text.count("\npools:"):
        given = engine["given"]
        assert len({redemption for redemption, *_ in given}) > 3, "households spend together"
    assert differences(tmp_path / "dump", choose(name).text) == []
