"""Dumps a running installation, and asks the oracle about it.

The one place where the engine and the oracle meet: the dump knows Headway's tables and topics,
the oracle knows nothing but the dump.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from headway.local.demo import dump
from tests.oracle import command
from tests.oracle.verdict import judge


async def dump_all(
    bootstrap: str,
    prefix: str,
    dsn: str,
    folder: Path,
    *,
    accepted: Iterable[Mapping[str, object]] = (),
    kept_mail: Path | None = None,
) -> None:
    """Write everything the oracle needs into `folder`, which should be empty.

    `accepted` are the commands that the API accepted, as tests.oracle.commands describes them;
    `kept_mail` is the mail sink's folder, None where notify did not run.
    """
    await dump.dump_topics(bootstrap, prefix, folder / "topics")
    ledger = await dump.read_ledger(dsn, notified=kept_mail is not None)
    _write(folder, ledger, accepted, kept_mail)


def _write(
    folder: Path,
    ledger: bytes,
    accepted: Iterable[Mapping[str, object]],
    kept_mail: Path | None,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "topics").mkdir(exist_ok=True)
    (folder / "engine.json").write_bytes(ledger)
    dump.dump_lines(folder / "redemptions.jsonl", accepted)
    if kept_mail is not None:
        dump.dump_mails(kept_mail, folder / "mails.jsonl")


def differences(
    folder: Path, *programmes: str, restored: bool = False, doubles_allowed: bool = False
) -> list[str]:
    """Everything in which engine and oracle differ; none when all is well.

    `programmes` are the texts of all published versions. `restored` allows commands lost by a
    restore, `doubles_allowed` mails that came twice because a kill hid the mark of the first.
    """
    mails = folder / "mails.jsonl"
    verdict = judge(
        folder / "topics",
        folder / "redemptions.jsonl",
        programmes,
        command.read_engine(folder / "engine.json"),
        command.read_lines(mails) if mails.exists() else None,
        restored=restored,
    )
    if doubles_allowed:
        return verdict.problems
    twice = [f"mail {key}: came {count} times" for key, count in verdict.twice.items()]
    return verdict.problems + twice
