"""From what an installation took in and what it made of it, to everything that is wrong with it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.oracle import commands, programme, records
from tests.oracle.comparing import check_mails, check_told, compare
from tests.oracle.computing import Known, Result, compute
from tests.oracle.pooling import given_by
from tests.oracle.telling_members import check_messages, manners_of


class Verdict(NamedTuple):
    """`problems`: in what engine and oracle differ. `twice`: mails that came more often than once,
    how often. `due`: how many mails there should be."""

    result: Result
    problems: list[str]
    twice: Mapping[Any, int]
    due: int


def judge(
    topics: Path,
    redemptions: Path,
    programmes: Sequence[str],
    engine: dict[str, Any] | None,
    mails: list[dict[str, Any]] | None,
    *,
    restored: bool,
) -> Verdict:
    """Compute everything again. `programmes` are the texts of all published versions; without the
    engine's dump there is nothing to compare with, without mails they are not looked at."""
    read = list(records.load(topics))
    # Without messages a programme tells of progress alone, which is decided in another way.
    many = engine is not None and manners_of(programmes[-1]) is not None
    if engine and many:
        engine = {**engine, "notifications": None}
    result = compute(
        read,
        commands.load(redemptions),
        [programme.read(text) for text in programmes],
        taken_from(engine),
        restored=restored,
    )
    problems = compare(engine, result) if engine else list(result.problems)
    if engine and many and engine["messages"] is not None:
        problems += check_messages(engine, read, programmes[-1], result.histories, result.until)
    twice: Mapping[Any, int] = {}
    if mails is not None:
        wrong, twice = (
            check_told(mails, engine, result) if engine and many else check_mails(mails, result)
        )
        problems += wrong
    return Verdict(result, problems, twice, _due(engine if many else None, result))


def _due(engine: dict[str, Any] | None, result: Result) -> int:
    if engine is None or engine["messages"] is None:
        return len(result.due)
    return sum(state == "sent" for _, _, _, state, *_ in engine["messages"])


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
