"""Dead letters: rows, copies, the breaker, and sending them again through the command."""

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from headway.cli.dlq import command as dlq
from headway.cli.lag import command as lag
from headway.contracts.topics import Topics
from headway.errors import DeployGoneWrong, Poison
from headway.runtime.health import Health
from headway.stream.batch import Header, Record
from headway.stream.breaker import CircuitBreaker
from headway.stream.dead_letter import (
    dead_letter,
    header_json,
    headers_from_json,
    outbox_row,
)
from headway.stream.outbox import kafka_headers, outbox_headers
from headway.stream.relay import Relay, RelayOptions
from headway_notify.refusals import Refusals
from tests.cli.running import headway
from tests.stream.kit import (
    Rows,
    consumer_of,
    make_topics,
    options,
    pool_with_seen,
    produce,
    read_all,
    running,
    until,
)
from tests.stream.letters import write

POISON = Poison("invalid-data", "data.lines.0.quantity", "must be at least 1")
HEADERS: list[Header] = [("content-type", b"x"), ("raw", b"\xff\x00"), ("none", None), ("", b"")]
RECORD = Record("t", 2, 41, b"m1", b"{\xff", HEADERS, 1_700_000_000_000)

names = st.text(max_size=20)
headers = st.lists(st.tuples(names, st.none() | st.binary(max_size=40)), max_size=6)


@given(headers)
def test_headers_survive_both_forms(what: list[Header]) -> None:
    assert headers_from_json(header_json(what)) == what
    assert kafka_headers(outbox_headers(what)) == what


def test_a_copy_has_the_original_and_says_what_was_wrong() -> None:
    row = outbox_row(dead_letter("g", RECORD, POISON), "dead", 3)
    assert (row.shard, row.topic, row.key, row.value) == (3, "dead", b"m1", b"{\xff")
    found = kafka_headers(row.headers)
    assert found[: len(HEADERS)] == HEADERS
    notes = {name: (value or b"").decode() for name, value in found[len(HEADERS) :]}
    assert notes["dlq.id"] == "g/t/2/41"
    assert notes["dlq.original-topic"] == notes["kafka_dlt-original-topic"] == "t"
    assert notes["dlq.error-code"] == "invalid-data"
    assert notes["dlq.error-field"] == "data.lines.0.quantity"
    assert notes["dlq.stage"] == "validate"
    assert notes["dlq.original-timestamp"] == "1700000000000"


def test_a_copy_that_is_too_large_says_where_the_value_is() -> None:
    large = RECORD._replace(value=b"x" * 4_000_000)
    row = outbox_row(dead_letter("g", large, POISON), "dead", 0)
    assert row.value is None
    assert dict(kafka_headers(row.headers))["dlq.value-omitted"]


def test_no_body_is_kept_of_personal_data_nor_what_the_database_says_of_it() -> None:
    error = asyncpg.DataError("invalid input: jane@example.org")
    letter = dead_letter("g", RECORD, error, keep_body=False)
    assert letter.value is None
    assert letter.headers == ()
    assert "jane" not in letter.message


def test_the_copy_says_of_others_errors_only_the_kind() -> None:
    """The database and Python quote what they refuse; the topic has more readers than the table."""
    error = asyncpg.NumericValueOutOfRangeError("jane@example.org is out of range")
    wrong = Poison("undecidable", "", "order.paid: KeyError: jane@example.org", stage="decide")
    wrong.__cause__ = KeyError("jane@example.org")
    for why, named in ((error, "NumericValueOutOfRangeError"), (wrong, "KeyError")):
        told = dict(kafka_headers(outbox_row(dead_letter("g", RECORD, why), "dead", 0).headers))
        assert told["dlq.exception-class"] == named.encode()
        assert named.encode() in (told["dlq.exception-message"] or b"")
        assert b"jane" not in b"".join(value or b"" for value in told.values())
    long = dead_letter("g", RECORD, Poison("r", "", "m" * 9000))
    told = dict(kafka_headers(outbox_row(long, "dead", 0).headers))
    assert len(told["dlq.exception-message"] or b"") == 500


def test_text_that_postgres_refuses_is_made_fit() -> None:
    letter = dead_letter("g", RECORD, Poison("r", "f\x00", "m\x00" + "x" * 9000))
    assert "\x00" not in letter.field + letter.message
    assert len(letter.message) == 2000


@pytest.mark.parametrize(
    ("fine", "refused", "trips"),
    [(0, 49, False), (0, 50, True), (199, 50, True), (200, 50, False), (5000, 200, False),
     (5000, 201, True)],
)  # fmt: skip
def test_the_breaker_wants_fifty_and_a_fifth_of_the_last_thousand(
    fine: int, refused: int, trips: bool
) -> None:
    breaker = CircuitBreaker().after([None] * fine)
    outcomes = [POISON] * refused
    if not trips:
        breaker.after(outcomes)
        return
    with pytest.raises(DeployGoneWrong, match=r"invalid-data in field data\.lines\.0\.quantity"):
        breaker.after(outcomes)
    # What was rolled back counts for nothing.
    breaker.after([POISON] * 9)


def test_the_breaker_lets_any_number_by_once_a_person_says_so() -> None:
    breaker = CircuitBreaker(stops=False).after([POISON] * 60)
    breaker.after([POISON] * 1000)


async def test_refused_records_are_kept_published_and_replayed(
    kafka: str, topics: str, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, dead, group = f"{topics}in", f"{topics}notify-dead-letters", f"{topics}g"
    await make_topics(kafka, source, dead)
    records = [RECORD._replace(topic=source, offset=i, value=b"v%d" % i) for i in range(3)]
    records.append(RECORD._replace(topic=f"{topics}member-contacts", offset=9))
    refusals = Refusals(group, Topics(topics))
    connection = await asyncpg.connect(database)
    for _ in range(2):  # The second time nothing new is kept, as after a lost answer to COMMIT.
        async with connection.transaction():
            await refusals.write(connection, [(record, POISON) for record in records])
    assert await connection.fetchval("select count(*) from dead_letters") == 4
    ids = [r["id"] for r in await connection.fetch("select id from dead_letters order by id")]
    await connection.close()

    relay = Relay(RelayOptions(kafka, database), Health())
    await relay.start()
    await until(lambda: relay.waiting == 0 and relay.round_trips > 8)
    await relay.stop()
    copies = await read_all(kafka, dead)
    assert {r.value for r in copies} == {b"v0", b"v1", b"v2", None}

    monkeypatch.setenv("HEADWAY_KAFKA_BOOTSTRAP", kafka)
    monkeypatch.setenv("HEADWAY_POSTGRES_DSN", database)
    shown = await _run("list", "--json")
    assert [json.loads(line)["reason"] for line in shown.splitlines()] == ["invalid-data"] * 4
    assert "data.lines.0.quantity" in await _run("show", str(ids[0]))
    assert await _run("show", str(ids[0]), "--body") == "v0"
    assert "no body" in await _run("replay", str(ids[3]), code=1)
    assert "there is no dead letter 999" in await _run("show", "999", code=1)
    assert "would go" in await _run("replay", "--all", "--dry-run")
    mended = tmp_path / "mended.json"
    mended.write_bytes(b"better")
    assert "exactly one id" in await _run("replay", "--all", "--file", str(mended), code=1)
    await _run("replay", str(ids[1]), "--file", str(mended))
    await _run("replay", "--all")
    assert "Nothing to replay" in await _run("replay", "--all")
    again = await read_all(kafka, source)
    assert sorted(r.value for r in again) == [b"better", b"v0", b"v2"]
    assert all(r.key == b"m1" for r in again)
    assert all(list(r.headers)[: len(HEADERS)] == HEADERS for r in again)
    assert {tuple(r.headers)[len(HEADERS) :] for r in again} == {
        (("dlq.attempts", b"1"), ("dlq.replay-of", f"{group}/{source}/2/{i}".encode()))
        for i in range(3)
    }
    assert len((await _run("list", "--json")).splitlines()) == 1
    assert len((await _run("list", "--json", "--all")).splitlines()) == 4


async def _run(*arguments: str, code: int = 0) -> str:
    result = await asyncio.to_thread(CliRunner().invoke, dlq, arguments)
    assert result.exit_code == code, result.output
    return result.output


async def test_what_others_wrote_reaches_the_terminal_as_text(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_POSTGRES_DSN", database)
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("EDITOR", "true")
    evil = Poison("invalid-data", "data.[red]x", "\x1b[2J[/red][bold]gone\x07")
    connection = await asyncpg.connect(database)
    (one,) = await write(connection, dead_letter("g", RECORD._replace(topic="headway.x"), evil))
    await connection.close()
    said = [
        await _run("list"), await _run("list", "--counts"), await _run("show", str(one.id)),
        await _run("mend", str(one.id)),
    ]  # fmt: skip
    assert not [char for char in "".join(said) if char in "\x1b\x07"]
    assert ["data.[red]x" in one for one in said] == [True] * 4, said
    assert ["\\x1b[2J[/red][bold]gone\\x07" in one for one in said] == [True, False, True, True]


async def test_what_kafka_refuses_of_one_letter_ends_no_replay(
    kafka: str, topics: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_KAFKA_BOOTSTRAP", kafka)
    monkeypatch.setenv("HEADWAY_POSTGRES_DSN", database)
    await make_topics(kafka, f"{topics}in")
    # More than the client takes, and more than the broker does.
    bodies = [b"v0", b"x" * 5_000_000, b"v2", b"x" * 2_000_000, b"v4"]
    records = [
        RECORD._replace(topic=f"{topics}in", offset=i, value=body) for i, body in enumerate(bodies)
    ]
    connection = await asyncpg.connect(database)
    letters = await write(connection, *(dead_letter("g", one, POISON) for one in records))
    await connection.close()
    said = await _run("replay", "--all")
    for number, one in enumerate(letters):
        assert f"{one.id} {'not sent, Kafka' if number % 2 else 'sent again'}" in said
    assert [r.value for r in await read_all(kafka, f"{topics}in")] == [b"v0", b"v2", b"v4"]
    assert len((await _run("list", "--json")).splitlines()) == 2


async def test_without_an_answer_each_command_ends_with_2() -> None:
    wrong = "postgresql://localhost/headway?sslmode=upside-down"
    said = await asyncio.to_thread(headway, "dlq", "list", code=2, postgres_dsn=wrong)
    assert "check HEADWAY_POSTGRES_DSN" in said


async def test_lag_is_counted_from_what_the_database_has_applied(
    kafka: str, topics: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, group = f"{topics}in", f"{topics}g"
    await make_topics(kafka, topic)
    await produce(kafka, topic, [f"v-{i}" for i in range(30)])
    async with pool_with_seen(database) as pool:
        handler = Rows(pool, group)
        async with running(consumer_of(options(kafka, group, topic), handler)):
            await until(lambda: sum(handler.batches) == 30)
        await pool.execute("update positions set next_offset = 4 where partition = 0")
    await produce(kafka, topic, [f"v-{i}" for i in range(3)])
    monkeypatch.setenv("HEADWAY_KAFKA_BOOTSTRAP", kafka)
    monkeypatch.setenv("HEADWAY_POSTGRES_DSN", database)
    monkeypatch.setenv("HEADWAY_GROUP_PREFIX", topics)
    result = await asyncio.to_thread(CliRunner().invoke, lag, ["--json", "--max", "8"])
    assert result.exit_code == 1, "9 behind is more than 8"
    found = json.loads(result.output)
    assert found["groups"] == {group: 9}
    assert {p["partition"]: (p["lag"], p["committed_lag"]) for p in found["partitions"]} == {
        0: (7, 1),
        1: (1, 1),
        2: (1, 1),
    }
    table = await asyncio.to_thread(CliRunner().invoke, lag, ["--max", "9"])
    assert table.exit_code == 0
    assert f"{group}: 9 behind" in table.output
    away = await asyncio.to_thread(headway, "lag", code=2, kafka_bootstrap="127.0.0.1:1")
    assert "check HEADWAY_KAFKA_BOOTSTRAP" in away
