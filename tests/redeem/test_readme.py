"""The page for checkout developers does what it says: its commands and its program are run."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from headway_redeem.access import RULES
from tests.redeem.test_process import environment, key, running

__all__ = ["environment", "key"]
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "services" / "redeem" / "README.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## A checkout in ten minutes")[2].partition("\n## ")[0]
NAMED = {"KEY": r"hk_[\w-]+_[\w-]+", "REDEMPTION": r"rdm_[\w-]{24}"}


def blocks(language: str) -> list[str]:
    """The fenced blocks of the section."""
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTION, flags=re.MULTILINE | re.DOTALL)


def run(command: list[str], settings: dict[str, str]) -> str:
    """What it prints; it must end well."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        command, env=os.environ | settings | {"PATH": path}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def test_what_the_page_says_is_run(environment: dict[str, str], key: str) -> None:
    async with running(environment, key) as process:
        await process.ready()
        settings = environment | {"DESK": str(process.client.base_url)}
        said = [""]
        for line in "".join(blocks("bash")).replace("\\\n", " ").splitlines():
            if line.startswith("export DESK="):
                continue  # where the page's own would be
            name = line.removeprefix("export ").partition("=")[0]
            if line.startswith("export "):
                found = re.search(NAMED[name], said[-1])
                assert found is not None, f"{name} is not in: {said[-1]}"
                settings[name] = found[0]
                continue
            said.append(run(["bash", "-c", line], settings))
        assert '"state":"reversed"' in said[-1]
        (program,) = blocks("python")
        told = run([sys.executable, "-c", program], settings)
    assert told.splitlines() == [
        "250 points, can get: ['$5 off', '$10 off']", "$5 off: 100 points spent, 150 left",
    ]  # fmt: skip


def test_the_page_has_every_route_and_who_may_use_it() -> None:
    rows = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
    told: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        if re.match(r"\| `(GET|POST|PUT|DELETE) /v1/", row[0]):
            scopes = tuple(sorted(re.findall(r"[a-z]+:[a-z]+", row[2])))
            told[scopes] += 2 if "/approve`, `…/reject" in row[0] else 1
    assert told == Counter(tuple(sorted(one.value for one in r.scopes)) for r in RULES.values())
