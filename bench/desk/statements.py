"""The statements of the ledger by name, and the pair of commands as a script for pgbench."""

import re
from collections.abc import Iterator
from pathlib import Path

from headway.ledger.queries import load

DESK = load("bench.desk", "desk.sql")
PAIR = Path(__file__).with_name("pair.sql")
_LEDGER = [load("headway.ledger", f"{name}.sql") for name in ("queries", "redemptions")]
STATEMENTS = {name: queries[name] for queries in _LEDGER for name in queries.names()}
NAMES = {text: name for name, text in STATEMENTS.items()}
_ARGUMENT = re.compile(r"\$(\d+)(?:\.\.\$(\d+))? (.+)")
_COMMENT = re.compile(r"^\s*--.*\n|\s+--[^\n']*$", re.MULTILINE)


def named(text: str) -> list[str]:
    """The ledger's statements in a script, in order."""
    return re.findall(r"^@ (\w+)$", text, re.MULTILINE)


def script(text: str) -> str:
    """The script with each statement of the ledger written out. LookupError if it has no such
    statement, or an argument too many or too few."""
    return "\n".join(_written_out(text.splitlines())) + "\n"


def _written_out(lines: list[str]) -> Iterator[str]:
    lines = [*lines, ""]
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if not line.startswith("@ "):
            yield line
            continue
        given: dict[int, str] = {}
        while found := _ARGUMENT.fullmatch(lines[at]):
            first, last = int(found[1]), int(found[2] or found[1])
            given.update(dict.fromkeys(range(first, last + 1), found[3]))
            at += 1
        end = "" if lines[at].startswith("\\gset") else ";"
        yield _with_arguments(line[2:], given) + end


def _with_arguments(name: str, given: dict[int, str]) -> str:
    statement = _COMMENT.sub("", STATEMENTS[name])
    wanted = {int(number) for number in re.findall(r"\$(\d+)", statement)}
    if wanted != given.keys():
        raise LookupError(f"{name} takes {sorted(wanted)}, given are {sorted(given)}")
    return re.sub(r"\$(\d+)", lambda found: f"({given[int(found[1])]})", statement)
