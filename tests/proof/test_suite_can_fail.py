"""The suite can fail: with one safeguard taken out of a copy of the code, a named test fails.

Each safeguard is one that the design rests on. A mutation replaces exact text that must be there
once, so that this page cannot go stale in silence.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from headway.local import LocalStack
from tests.proof.recording import Record

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]


class Mutation(NamedTuple):
    """What is taken out, and the test that must notice."""

    name: str
    changes: Mapping[str, tuple[tuple[str, str], ...]]
    test: str


BOOKS = "shared/headway/ledger/books.py"
OPEN = "await _open(connection, cache, rows, work, topic_prefix, reached)\n"
MUTATIONS = [
    Mutation(
        "the input key check removed",
        {
            "shared/headway/ledger/queries.sql": (
                (
                    "insert into inputs select * from unnest($1::inputs[])",
                    "insert into inputs select * from unnest($1::inputs[]) on conflict do nothing",
                ),
            ),
            "services/earn/headway_earn/reading.py": (
                ("digest = known.get((item.source, item.id))", "digest = None"),
            ),
        },
        "tests/earn/test_batches.py::test_a_repeat_is_silent_in_the_same_batch_and_in_a_later_one",
    ),
    Mutation(
        "offsets committed before the transaction",
        {
            "shared/headway/stream/consumer.py": (
                (
                    "            await self._as_work(self._applier.settle(batch))\n"
                    "        except LookAgain:",
                    "            self._held.done(batch, {})\n"
                    "            await self._commit()\n"
                    "            await self._as_work(self._applier.settle(batch))\n"
                    "        except LookAgain:",
                ),
            ),
            "services/earn/headway_earn/batch.py": (
                (
                    "        result = read(batch, self._clock.now())\n",
                    "        result = read(batch, self._clock.now())\n"
                    "        async with self._pool().acquire() as early:\n"
                    "            await write_positions(early, batch.positions())\n",
                ),
            ),
        },
        "tests/proof/test_faults.py::test_earn_is_killed[earn.before_commit:7]",
    ),
    Mutation(
        "outbox rows deleted before the ack",
        {
            "shared/headway/stream/relay.py": (
                (
                    "        sending = asyncio.create_task(publisher.send(rows))\n",
                    "        await connection.execute(\n"
                    "            QUERIES.outbox_delete,\n"
                    "            [r['shard'] for r in rows], [r['id'] for r in rows]\n"
                    "        )\n"
                    '        fail_point("relay.after_send")\n'
                    "        sending = asyncio.create_task(publisher.send(rows))\n",
                ),
            ),
        },
        "tests/proof/test_faults.py::test_earn_is_killed[relay.after_send:5]",
    ),
    Mutation(
        "parked and business keys looked up before the locks",
        {
            BOOKS: (
                (
                    "    rows = await connection.fetch(QUERIES.lock_accounts, members)\n",
                    "    plain = QUERIES.lock_accounts.replace('for no key update', '')\n"
                    "    rows = await connection.fetch(plain, members)\n",
                ),
                (
                    f"    return {OPEN}",
                    f"    early = {OPEN}"
                    "    for row in await connection.fetch(QUERIES.lock_accounts, members):\n"
                    "        account = early.accounts[row['account_id']]\n"
                    "        fresh = snapshot.account_from(row, early.keys, account.parked)\n"
                    "        early.hold(row, fresh)\n"
                    "    return early\n",
                ),
            ),
        },
        "tests/earn/test_order_of_locks.py",
    ),
    Mutation(
        "versions not deduplicated by notify",
        {
            "services/notify/headway_notify/queries.sql": (
                ("where (b.epoch, b.version) < (excluded.epoch, excluded.version)\n", ""),
            ),
        },
        "tests/notify/test_store.py::test_an_older_version_never_overwrites_a_later_one",
    ),
]


def copy_of_the_tree(folder: Path) -> Path:
    """The sources and tests, to be changed at will."""
    for name in ("shared", "services", "tests", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "docs").mkdir()
    return folder


def outcome(tree: Path, test: str, stack: LocalStack) -> subprocess.CompletedProcess[str]:
    """Run one test of that tree, on this run's servers where it does not start its own."""
    sources = ["shared", "services/earn", "services/redeem", "services/notify", "."]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(str(tree / source) for source in sources),
        "HEADWAY_TEST_KAFKA": stack.kafka.bootstrap,
        "HEADWAY_TEST_POSTGRES": stack.postgres.dsn(),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "", "-p", "no:cacheprovider", test]
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, timeout=400, check=False
    )


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name.replace(" ", "-"))
def test_a_missing_safeguard_is_noticed(
    mutation: Mutation, tmp_path: Path, stack: LocalStack, record: Record
) -> None:
    tree = copy_of_the_tree(tmp_path / "tree")
    whole = outcome(tree, mutation.test, stack)
    assert whole.returncode == 0, whole.stdout[-2000:] + whole.stderr[-1000:]
    for file, changes in mutation.changes.items():
        path = tree / file
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old) == 1, f"{file} no longer holds {old!r} once"
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
    broken = outcome(tree, mutation.test, stack)
    # 1: a test failed. Anything else (2: interrupted, 4: not found) would prove nothing.
    assert broken.returncode == 1, broken.stdout[-2000:] + broken.stderr[-1000:]
    assert "1 failed" in broken.stdout
    record.note(noticed_by=mutation.test.rpartition("/")[2])
