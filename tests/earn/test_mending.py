"""A bad message's whole way: through Kafka into earn, refused, mended, sent again, applied once."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from headway.cli.dlq import command
from headway.cli.dlq_mend import edited
from headway.cli.dlq_options import Moment
from headway.stream.dead_letter import RELEASE
from tests.earn.kit import START, Topics
from tests.earn.service import Message, Place, opened

pytestmark = pytest.mark.timeout(120)

ALL_READ = "select coalesce(sum(next_offset), 0) = $1 from positions"
POINTS = "select pending + available from accounts where member_id = 'ann'"


@pytest.fixture
async def place(kafka: str, topics: str, database: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with opened(kafka, topics, database, tmp_path) as place:
        yield place


def editor(folder: Path, body: str) -> str:
    """A program to be $EDITOR: `event` is what is edited, `folder` where it may leave notes."""
    script = folder / "editor.py"
    script.write_text(
        "import json, pathlib, stat, sys\n"
        "file = pathlib.Path(sys.argv[1])\n"
        f"folder = pathlib.Path({str(folder)!r})\n"
        "event = json.loads(file.read_text())\n"
        f"{body}\n"
        "file.write_text(json.dumps(event, indent=2))\n"
    )
    return f"{sys.executable} {script}"


def order(order_id: str, cents: int = 700, **changes: Any) -> Message:
    """An order of ann's, three points each seven dollars, with other attributes."""
    record = Topics().buy(order_id, cents, "ann", id_=f"e-{order_id}")
    return "orders", record.key, json.dumps(json.loads(record.value or b"") | changes).encode()


def joined() -> Message:
    record = Topics().join("ann")
    return "members", record.key, record.value


async def dlq(place: Place, *arguments: str, typed: str = "", code: int = 0) -> str:
    """What `headway dlq` says, with something typed at its questions."""
    environment = {
        name: value for name, value in place.environment.items() if name.startswith("HEADWAY_")
    } | {"EDITOR": os.environ.get("EDITOR", ""), "VISUAL": ""}
    result = await asyncio.to_thread(
        CliRunner().invoke, command, arguments, input=typed, env=environment
    )
    assert result.exit_code == code, result.output
    return result.output


async def letters(place: Place, *options: str) -> list[dict[str, Any]]:
    listed = await dlq(place, "list", "--json", *options)
    return [json.loads(line) for line in listed.splitlines()]


async def test_a_bad_order_is_mended_and_its_points_are_there_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = place.start()
    bad = order("o1", type="order.payed.v1")
    await place.send([joined(), order("o0"), bad])
    await place.until(ALL_READ, 3)
    assert await place.fetch(POINTS) == [(5 + 3,)]

    # What tools read of it: the message untouched, and what is wrong as text headers.
    await place.until("select count(*) = 0 from outbox")
    (copy,) = await place.read_all("earn-dead-letters")
    assert (copy.key, copy.value) == (bad[1], bad[2])
    told = {name: value.decode() for name, value in copy.headers}
    assert told.pop("dlq.failed-at").startswith("20")
    assert "order.payed.v1" not in told.pop("dlq.exception-message")
    ((topic, partition, offset, reason, field),) = await place.fetch(
        'select topic, partition, "offset", reason, field from dead_letters'
    )
    assert told == {
        "dlq.id": f"{place.prefix}earn/{topic}/{partition}/{offset}",
        "dlq.original-topic": topic, "dlq.original-partition": str(partition),
        "dlq.original-offset": str(offset), "dlq.consumer-group": f"{place.prefix}earn",
        "dlq.original-timestamp": told["dlq.original-timestamp"], "dlq.stage": "decode",
        "dlq.error-code": reason, "dlq.error-field": field, "dlq.exception-class": "Poison",
        "dlq.attempts": "1", "dlq.service-version": RELEASE, "kafka_dlt-original-topic": topic,
    }  # fmt: skip
    assert (topic, reason, field) == (f"{place.prefix}orders", "unknown-type", "type")

    (one,) = await letters(place, "--reason", "unknown-type", "--key", "ann", "--since", "1h")
    assert await letters(place, "--reason", "not-json") == []
    assert "1" in await dlq(place, "list", "--counts")
    id_ = str(one["id"])
    assert "to be refused again: unknown-type" in await dlq(place, "replay", id_, "--dry-run")
    fix = editor(place.folder, "event['type'] = 'order.paid.v1'")
    monkeypatch.setenv("EDITOR", fix)
    said = await dlq(place, "mend", id_, "--yes", "--by", "sue")
    assert '-  "type": "order.payed.v1"' in said
    assert '+  "type": "order.paid.v1"' in said
    await place.until(ALL_READ, 4)
    assert await place.fetch(POINTS) == [(5 + 3 + 3,)]

    await dlq(place, "mend", id_, "--yes", "--again")
    await place.until(ALL_READ, 5)
    assert await place.fetch(POINTS) == [(5 + 3 + 3,)], "the id is the same: nothing twice"
    assert await letters(place) == []
    shown = await dlq(place, "show", id_)
    assert "2 times" in shown
    assert "dlq.mend by sue" in shown
    trail = json.loads(await place.cli("audit", "--json", "--target", f"dead-letter:{id_}"))
    assert [(act["act"], act["detail"]["times"]) for act in trail] == [
        ("dlq.mend", 2), ("dlq.mend", 1),
    ]  # fmt: skip
    assert trail[1]["actor"] == {"kind": "operator", "name": "sue"}
    assert await place.stop(process) == 0


async def test_a_conflict_keeps_being_one_until_it_has_an_id_of_its_own(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event that has the id was applied; the letter is another, or a mistake."""
    process = place.start()
    other = order("o2", 1400, id="e-o1")
    await place.send([joined(), order("o1")])
    await place.until(ALL_READ, 2)
    await place.send([other])
    await place.until(ALL_READ, 3)
    (one,) = await letters(place)
    assert (one["reason"], one["field"]) == ("conflict", "id")
    id_ = str(one["id"])

    # As it is, it would be refused again: a filter leaves it, by name it comes back as new.
    assert "Nothing to replay" in await dlq(place, "replay", "--all")
    await dlq(place, "replay", id_)
    await place.until(ALL_READ, 4)
    ((newer, headers),) = await place.fetch(
        "select id, headers::text from dead_letters where replayed_at is null"
    )
    assert {name for name, _ in json.loads(headers)} == {"dlq.attempts", "dlq.replay-of"}
    await place.until("select count(*) = 0 from outbox")
    copies = [dict(record.headers) for record in await place.read_all("earn-dead-letters")]
    assert sorted(copy["dlq.attempts"] for copy in copies) == [b"1", b"2"]

    amount = editor(place.folder, "event['data']['lines'][0]['amount'] = 2100")
    monkeypatch.setenv("EDITOR", amount)
    refused = await dlq(place, "mend", str(newer), "--yes", typed="n\n", code=1)
    assert "still refused: conflict: id: event e-o1 was applied with other content" in refused
    assert await place.fetch(POINTS) == [(5 + 3,)]
    monkeypatch.setenv("EDITOR", editor(place.folder, "event['id'] = 'e-o2'"))
    await dlq(place, "mend", str(newer), "--yes")
    await place.until(ALL_READ, 5)
    assert await place.fetch(POINTS) == [(5 + 3 + 6,)]
    assert await place.stop(process) == 0


async def test_dry_runs_limits_and_answers_of_no_send_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = place.start()
    future = START.replace(year=2100).isoformat()
    bad = [order(f"o{n}", time=future) for n in range(5)]
    await place.send([joined(), *bad])
    await place.until(ALL_READ, 6)
    assert await place.stop(process) == 0
    ids = [str(one["id"]) for one in await letters(place)]

    async def sent() -> int:
        return len(await place.read_all("orders")) - len(bad)

    assert "Nothing to replay" in await dlq(place, "replay", "--reason", "from-the-future")
    assert "would go" in await dlq(place, "replay", *ids, "--dry-run")
    monkeypatch.setenv("EDITOR", editor(place.folder, ""))
    assert "Nothing was changed" in await dlq(place, "mend", ids[0], "--yes")
    fix = f"event['time'] = {START.isoformat()!r}"
    note = (
        "modes = [f'{at.stat().st_mode & 0o777:o}' for at in (file, file.parent)]\n"
        "(folder / 'modes').write_text(' '.join(modes))"
    )
    monkeypatch.setenv("EDITOR", editor(place.folder, f"{fix}\n{note}"))
    declined = await dlq(place, "mend", ids[0], typed="n\n")
    assert "Nothing was sent" in declined
    assert await sent() == 0
    assert (place.folder / "modes").read_text() == "600 700"

    # Once their time has come they go, as many as asked for.
    await place.fetch(
        "update dead_letters set value = convert_to(replace("
        "convert_from(value, 'UTF8'), '2100', '2024'), 'UTF8')"
    )
    assert (await dlq(place, "replay", "--all", "--dry-run")).count("would go") == 5
    assert await sent() == 0
    assert (await dlq(place, "replay", "--all", "--limit", "2")).count("sent again") == 2
    assert await sent() == 2
    await dlq(place, "replay", "--reason", "from-the-future", "--rate", "50")
    assert await sent() == 5
    twice = await dlq(place, "replay", ids[0], code=1)
    assert "was sent again already" in twice
    assert await sent() == 5


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-05-01T12:30", "2026-05-01T12:30:00+00:00"),
        ("2026-05-01T12:30+02:00", "2026-05-01T10:30:00+00:00"),
        ("2026-05-01", "2026-05-01T00:00:00+00:00"),
    ],
)
def test_a_moment_is_in_utc_unless_it_says(said: str, meant: str) -> None:
    assert Moment().convert(said, None, None).isoformat() == meant
    with pytest.raises(click.BadParameter, match="write 2026-05-01T12:30"):
        Moment().convert(f"{said}?", None, None)


def test_what_an_editor_leaves_beside_the_file_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    leave = (
        "(file.parent / 'event.json~').write_text('copy')\n(folder / 'at').write_text(str(file))"
    )
    monkeypatch.setenv("EDITOR", editor(tmp_path, f"event['a'] = 2\n{leave}"))
    assert json.loads(edited(b'{"a": 1}')) == {"a": 2}
    assert not Path((tmp_path / "at").read_text()).parent.exists()
