"""The command line: dumps in, differences out."""

import argparse
import gc
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.oracle.verdict import judge

_SHOWN = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all agrees, 1 when something differs."""
    given = _options().parse_args(arguments)
    started = time.monotonic()
    gc.disable()  # millions of small things, all of them in use until the end
    verdict = judge(
        given.topics,
        given.redemptions,
        [one.read_text("utf-8") for one in given.program],
        read_engine(given.engine) if given.engine else None,
        read_lines(given.mails) if given.mails else None,
        restored=given.restored,
    )
    result, problems = verdict.result, verdict.problems
    doubles = sum(verdict.twice.values()) - len(verdict.twice)
    for problem in problems[:_SHOWN]:
        _say(problem)
    if len(problems) > _SHOWN:
        _say(f"... and {len(problems) - _SHOWN} more")
    _say(
        f"oracle: {len(result.members)} members, {len(result.inputs)} inputs, "
        f"{len(result.awards)} awards, {len(result.dead_letters)} dead letters, "
        f"{len(result.facts)} versions, {verdict.due} mails due, {doubles} doubled, "
        f"{len(result.lost)} commands lost, {len(problems)} differences, "
        f"{time.monotonic() - started:.1f} s"
    )
    return 1 if problems or (doubles and not given.doubles_allowed) else 0


def read_engine(path: Path) -> dict[str, Any]:
    """The engine's dump: its tables by name."""
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def read_lines(path: Path) -> list[dict[str, Any]]:
    """JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("oracle", description=__doc__)
    parser.add_argument("--topics", type=Path, required=True, help="folder of dumped records")
    parser.add_argument("--redemptions", type=Path, required=True, help="accepted commands")
    parser.add_argument(
        "--program", type=Path, required=True, action="append", help="each version's YAML"
    )
    parser.add_argument("--engine", type=Path, help="the engine's dump to compare with")
    parser.add_argument("--mails", type=Path, help="mails kept by the mail server, JSON lines")
    parser.add_argument("--restored", action="store_true", help="the database was restored")
    parser.add_argument("--doubles-allowed", action="store_true", help="mails may have doubled")
    return parser


def _say(text: str) -> None:
    print(text)  # noqa: T201
