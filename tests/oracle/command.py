"""The command line: dumps in, differences out."""

import argparse
import gc
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.oracle import commands, programme, records
from tests.oracle.comparing import check_mails, compare
from tests.oracle.computing import Known, compute
from tests.oracle.pooling import given_by

_SHOWN = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all agrees, 1 when something differs."""
    given = _options().parse_args(arguments)
    started = time.monotonic()
    gc.disable()  # millions of small things, all of them in use until the end
    engine = read_engine(given.engine) if given.engine else None
    result = compute(
        list(records.load(given.topics)),
        commands.load(given.redemptions),
        [programme.read(path.read_text(encoding="utf-8")) for path in given.program],
        taken_from(engine),
        restored=given.restored,
    )
    problems = compare(engine, result) if engine else result.problems
    doubles = 0
    if given.mails:
        wrong, twice = check_mails(read_lines(given.mails), result)
        problems += wrong
        doubles = sum(twice.values()) - len(twice)
    for problem in problems[:_SHOWN]:
        _say(problem)
    if len(problems) > _SHOWN:
        _say(f"... and {len(problems) - _SHOWN} more")
    _say(
        f"oracle: {len(result.members)} members, {len(result.inputs)} inputs, "
        f"{len(result.awards)} awards, {len(result.dead_letters)} dead letters, "
        f"{len(result.facts)} versions, {len(result.due)} mails due, {doubles} doubled, "
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


def taken_from(engine: dict[str, Any] | None) -> Known:
    """The few things that only the engine can know, none of them a result."""
    if engine is None:
        return Known()
    return Known(
        arrival={(row[0], row[1]): n for n, row in enumerate(engine["inputs"])},
        holder={(kind, id_): member for kind, id_, member in engine["holders"]},
        given=given_by(engine.get("given", ())),
        last_version={account["member_id"]: account["version"] for account in engine["accounts"]},
    )


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
