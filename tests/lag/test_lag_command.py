"""`headway lag` as people and Prometheus use it: a process of its own on real servers."""

import asyncio
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import httpx
import pytest
from click.testing import CliRunner

from headway.cli.lag import command
from headway.lag.burrow import Status
from headway.lag.watching import LagWatch
from headway.local.ports import free_ports
from tests.cli.running import headway
from tests.lag.kit import Place, named, only, parsed
from tests.stream.kit import make_topics, produce

POSITION = """insert into positions
    (consumer_group, topic, partition, next_offset, log_end, business_time)
    values ($1, $2, $3, $4, 10, null)"""


@pytest.fixture
async def behind(place: Place, database: str) -> Place:
    """A group that has applied 8 of 10 records, and committed 4 of them."""
    await make_topics(place.kafka, place.topic, partitions=2)
    await produce(place.kafka, place.topic, [str(n) for n in range(10)], partitions=1)
    await place.commit(4)
    connection = await asyncpg.connect(database)
    await connection.execute(POSITION, place.group, place.topic, 0, 8)
    await connection.close()
    return place


def settings(place: Place, database: str) -> dict[str, str]:
    return {
        "HEADWAY_KAFKA_BOOTSTRAP": place.kafka,
        "HEADWAY_POSTGRES_DSN": database,
        "HEADWAY_GROUP_PREFIX": place.group,
        "HEADWAY_TOPIC_PREFIX": place.prefix,
    }


async def run(place: Place, database: str, *arguments: str, code: int = 0) -> str:
    """The command in this process, on an event loop of its own; what it printed."""
    runner = CliRunner(env={**settings(place, database), "COLUMNS": "160"})
    ended = await asyncio.to_thread(runner.invoke, command, arguments)
    assert ended.exit_code == code, ended.output
    return ended.output


async def test_for_people_and_machines(behind: Place, database: str) -> None:
    said = await run(behind, database)
    assert re.search(rf"{behind.group}: 2 behind, ERR \((STOP|STALL)\), the oldest waits", said)
    told = json.loads(await run(behind, database, "--json"))
    assert told["groups"] == {behind.group: 2}
    (state,) = told["states"]
    assert state["status"] == "ERR"
    assert state["members"] == 0
    (partition,) = told["partitions"]
    assert 0 < partition["seconds"] == state["max_seconds"] < 120
    assert {name: partition[name] for name in ("committed", "applied", "lag", "committed_lag")} == {
        "committed": 4, "applied": 8, "lag": 2, "committed_lag": 6,
    }  # fmt: skip
    assert partition["status"] in {"STOP", "STALL"}


async def test_limits_say_by_exit_code_whether_a_group_is_too_far_behind(
    behind: Place, database: str
) -> None:
    for limit, code in (("--max=2", 0), ("--max=1", 1), ("--max-seconds=900", 0),
                        ("--max-seconds=0", 1)):  # fmt: skip
        await run(behind, database, limit, code=code)


async def test_other_clusters_groups_by_pattern_and_without_a_database(
    behind: Place, database: str
) -> None:
    await behind.commit(9, group=f"{behind.group}-two")
    said = await run(
        behind, "postgresql://127.0.0.1:1/none", "--kafka-only", "--json",
        "--group", f"^{behind.group}",
    )  # fmt: skip
    assert json.loads(said)["groups"] == {behind.group: 6, f"{behind.group}-two": 1}
    assert "not a regular expression" in await run(behind, database, "--group", "(", code=2)


async def test_what_excludes_each_other(place: Place, database: str) -> None:
    for arguments in (("--watch", "--json"), ("--serve", "--watch"), ("--serve", "--max=3")):
        assert "exclude each other" in await run(place, database, *arguments, code=2)


def test_a_database_that_does_not_answer_is_named(place: Place) -> None:
    said = headway(
        "lag", code=2, kafka_bootstrap=place.kafka, postgres_dsn="postgresql://127.0.0.1:1/none"
    )
    assert "the lag cannot be measured" in said
    assert "HEADWAY_POSTGRES_DSN" in said


@contextmanager
def running(
    place: Place, database: str, *arguments: str, stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The command as a process of its own, until the test is over."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from headway.cli import main; main()", "lag", *arguments],
        env={**os.environ, **settings(place, database)},
        stdout=stdout,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_exporter_serves_what_is_so_now_and_stops_on_term(
    behind: Place, database: str
) -> None:
    port = free_ports(["web"])["web"]
    arguments = ("--serve", f"--port={port}", "--bind=127.0.0.1", "--every=0.5")
    with running(behind, database, *arguments) as process:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as web:
            await _answers(web, "/ready")
            assert (await web.get("/live")).status_code == 200
            answer = await web.get("/metrics")
            assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
            found = parsed(answer.text)
            key = (behind.group, "0", behind.topic)
            assert named(found, "kafka_consumergroup_lag") == {key: 6}
            assert named(found, "headway_consumergroup_applied_lag") == {key: 2}
            await behind.commit(10)
            deadline = time.monotonic() + 20
            while named(found, "kafka_consumergroup_lag") != {key: 0}:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.1)
                found = parsed((await web.get("/metrics")).text)
            assert named(found, "headway_consumergroup_status") == {(behind.group,): Status.OK}
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 15) == 0


async def test_exporter_without_kafka_is_alive_and_says_so(place: Place, database: str) -> None:
    port = free_ports(["web"])["web"]
    nowhere = Place("127.0.0.1:1", place.prefix)
    arguments = ("--serve", f"--port={port}", "--bind=127.0.0.1", "--every=0.5")
    with running(nowhere, database, *arguments):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as web:
            await _answers(web, "/live")
            assert parsed((await web.get("/metrics")).text)["headway_lag_up", ()] == 0
            assert (await web.get("/ready")).status_code == 503


async def _answers(web: httpx.AsyncClient, path: str) -> None:
    deadline = time.monotonic() + 40
    while True:
        try:
            if (await web.get(path)).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_watch_shows_it_live_and_ends_on_interrupt(behind: Place, database: str) -> None:
    screen, terminal = pty.openpty()
    with running(behind, database, "--watch", "--every=0.5", stdout=terminal) as process:
        os.close(terminal)
        shown = b""
        while shown.count("█".encode()) < 2:
            shown += await asyncio.to_thread(os.read, screen, 65536)
        assert behind.group.encode()[:8] in shown
        process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(process.wait, 15) == 0
    os.close(screen)


async def test_a_watch_keeps_the_course_and_survives_a_cluster_that_goes_away(
    behind: Place, database: str
) -> None:
    now = [1_900_000_000.0]
    connection = {"bootstrap_servers": behind.kafka}
    watch = LagWatch(connection, behind.scope(database), points=3, clock=lambda: now[0])
    assert watch.snapshot().down == "nothing was measured yet"
    lags = []
    for applied in (8, 9, 10, 10):
        connection_to = await asyncpg.connect(database)
        await connection_to.execute("update positions set next_offset = $1", applied)
        await connection_to.close()
        await behind.commit(applied - 2)
        now[0] += 2
        lags.append(only(await watch.run_once()).lag)
    group = only(watch.snapshot())
    assert lags == [2, 1, 0, 0]
    assert [(sample.at, sample.lag) for sample in group.series] == [
        (1_900_000_004.0, 1), (1_900_000_006.0, 0), (1_900_000_008.0, 0),
    ]  # fmt: skip
    assert [(one.consumed_per_second, one.produced_per_second) for one in group.series] == [
        (0.5, 0.0), (0.5, 0.0), (0.0, 0.0),
    ]  # fmt: skip
    assert (group.consumed_per_second, group.produced_per_second) == (0.0, 0.0)
    await watch.close()
    gone = LagWatch({"bootstrap_servers": "127.0.0.1:1"}, behind.scope(database))
    assert (await gone.run_once()).groups == ()
    assert gone.snapshot().down
