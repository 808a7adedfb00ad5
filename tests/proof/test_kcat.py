"""Any Kafka client can read what Headway publishes: kcat does, and JSON Schema agrees."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.proof.installation import Installation, history
from tests.proof.recording import Record

pytestmark = [pytest.mark.proof, pytest.mark.timeout(300)]

SCHEMA = Path(__file__).parents[2] / "docs" / "contracts" / "balance.changed.v1.schema.json"


async def test_kcat_reads_balance_changed(place: Installation, record: Record) -> None:
    kcat = shutil.which("kcat")
    assert kcat, "install kcat (Debian: apt install kcat) and run this proof again"
    place.start_all()
    place.open_shop()
    await place.publish(history(100))
    await place.finish()
    reading = await asyncio.create_subprocess_exec(
        kcat, "-C", "-b", place.settings.kafka_bootstrap, "-e", "-q", "-o", "beginning",
        "-t", place.settings.topic("balance-changed"), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, _ = await reading.communicate()
    assert reading.returncode == 0
    valid = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    seen: dict[tuple[str, int, int], bytes] = {}
    latest: dict[str, int] = {}
    for line in told.splitlines():
        event = json.loads(line)
        valid.validate(event)
        data = event["data"]
        version = data["member_id"], data["epoch"], data["version"]
        if version in seen:
            assert seen[version] == line, "a repeat is identical"
            continue
        seen[version] = line
        assert data["version"] == latest.get(data["member_id"], 0) + 1, "no gap"
        latest[data["member_id"]] = data["version"]
    assert len(latest) == 101
    code, replayed = await place.headway("replay", "--check")
    assert code == 0, replayed
    record.note(messages=len(seen), members=len(latest))
