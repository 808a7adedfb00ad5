"""The command line: dumps in, differences out."""

import argparse
import gc
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.oracle import commands, programme, records
from tests.oracle.comparing import check_mails, check_told, compare
from tests.oracle.computing import Known, Result, compute
from tests.oracle.pooling import given_by
from tests.oracle.telling_members import check_messages, manners_of

_SHOWN = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all agrees, 1 when something differs."""
    given = _options().parse_args(arguments)
    started = time.monotonic()
    gc.disable()  # millions of small things, all of them in use until the end
    engine = read_engine(given.engine) if given.engine else None
    read, texts = (
        list(records.load(given.topics)),
        [one.read_text("utf-8") for one in given.program],
    )
    many = manners_of(texts[-1]) is not None
    if engine and many:
        engine["notifications"] = None  # of progress alone: said of programmes without messages
    result = compute(
        read,
        commands.load(given.redemptions),
        [programme.read(text) for text in texts],
        taken_from(engine),
        restored=given.restored,
    )
    problems = compare(engine, result) if engine else result.problems
    doubles = 0
    if engine and many:
        problems += check_messages(engine, read, texts[-1], result.histories, result.until)
    if given.mails:
        wrong, twice = _mails(read_lines(given.mails), engine if many else None, result)
        problems += wrong
        doubles = sum(twice.values()) - len(twice)
    for problem in problems[:_SHOWN]:
        _say(problem)
    if len(problems) > _SHOWN:
        _say(f"... and {len(problems) - _SHOWN} more")
    _say(
        f"oracle: {len(result.members)} members, {len(result.inputs)} inputs, "
        f"{len(result.awards)} awards, {len(result.dead_letters)} dead letters, "
        f"{len(result.facts)} versions, {_told(engine, result)} mails due, {doubles} doubled, "
        f"{len(result.lost)} commands lost, {len(problems)} differences, "
        f"{time.monotonic() - started:.1f} s"
    )
    return 1 if problems or (doubles and not given.doubles_allowed) else 0


def _mails(
    mails: list[dict[str, Any]], engine: dict[str, Any] | None, result: Result
) -> tuple[list[str], Mapping[Any, int]]:
    return check_mails(mails, result) if engine is None else check_told(mails, engine, result)


def _told(engine: dict[str, Any] | None, result: Result) -> int:
    if engine is None or engine["notifications"] is not None or engine["messages"] is None:
        return len(result.due)
    return sum(state == "sent" for _, _, _, state, *_ in engine["messages"])


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
