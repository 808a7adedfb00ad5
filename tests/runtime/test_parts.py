"""Clock, health, fail points, settings, logs."""

import json
import logging
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from pydantic import ValidationError

from headway.errors import UserError
from headway.runtime.clock import BEGINNING, FixedClock, StreamClock, SystemClock
from headway.runtime.database import Database
from headway.runtime.health import Health
from headway.runtime.logging import JsonLines
from headway.runtime.settings import Settings

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


async def test_the_streams_time_is_that_of_the_slowest_partition_that_is_behind(
    database: str,
) -> None:
    async with asyncpg.create_pool(database, min_size=1, max_size=1) as pool:

        async def put(partition: int, at: int, end: int, hours: int | None) -> None:
            time = None if hours is None else NOON + timedelta(hours=hours)
            await pool.execute(
                "insert into positions values ('g', 't', $1, $2, $3, $4)"
                " on conflict on constraint positions_pkey do update"
                " set next_offset = $2, log_end = $3, business_time = $4",
                partition, at, end, time,
            )  # fmt: skip

        clock = StreamClock(lambda: pool, "g")
        assert clock.now() == BEGINNING
        assert await clock.refresh() == BEGINNING, "nothing was read yet"
        await put(0, 5, 5, 10)
        assert await clock.refresh() == NOON + timedelta(hours=10)
        await put(1, 5, 5, 12)
        assert await clock.refresh() == NOON + timedelta(hours=12), "none is behind: the highest"
        await put(0, 5, 6, 11)
        assert await clock.refresh() == NOON + timedelta(hours=12), "it never goes backwards"
        fresh = StreamClock(lambda: pool, "g")
        assert await fresh.refresh() == NOON + timedelta(hours=11), "the one that is behind"
        await put(2, 0, 3, None)
        fresh = StreamClock(lambda: pool, "g")
        assert await fresh.refresh() == BEGINNING, "a partition never read holds it back"
        assert await StreamClock(lambda: pool, "other").refresh() == BEGINNING


def test_the_other_clocks() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)
    clock = FixedClock(NOON)
    assert clock.now() == NOON
    clock.move_to(BEGINNING)
    assert clock.now() == BEGINNING
    with pytest.raises(ValueError, match="aware"):
        FixedClock(datetime(2024, 1, 1))  # noqa: DTZ001


def test_health_tells_loops_that_stopped_turning_and_parts_that_are_missing() -> None:
    now = [0.0]
    health = Health(lambda: now[0])
    assert health.not_ready() == {"service": "starting"}
    health.expect("loop", within=10)
    health.beat("unknown")
    now[0] = 9.0
    health.beat("loop")
    now[0] = 19.0
    assert health.dead() == {}
    now[0] = 19.5
    assert health.dead() == {"loop": 10.5}
    health.forget("loop")
    assert health.dead() == {}
    health.ready("a", "no connection")
    health.ready("b")
    assert health.not_ready() == {"a": "no connection"}
    health.ready("a")
    assert health.not_ready() == {}


PROGRAM = """
from headway.runtime.fail_points import fail_point
for turn in range(5):
    fail_point("other")
    fail_point("here")
    print(turn, flush=True)
"""


@pytest.mark.parametrize(
    ("armed", "turns", "fired"),
    [("", 5, False), ("elsewhere", 5, False), ("here", 0, True), ("x:2, here:3", 2, True)],
)
def test_a_fail_point_kills_at_its_turn_and_leaves_word(
    armed: str, turns: int, fired: bool, tmp_path: Path
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ
        | {"HEADWAY_FAIL_POINTS": armed, "HEADWAY_FAIL_POINTS_DIR": str(tmp_path / "fired")},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert len(ended.stdout.splitlines()) == turns
    assert ended.returncode == (-signal.SIGKILL if fired else 0)
    assert (tmp_path / "fired" / "here").exists() is fired


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_TOPIC_PREFIX", "x.")
    monkeypatch.setenv("HEADWAY_CLOCK", "stream")
    settings = Settings()
    assert settings.topic("orders") == "x.orders"
    assert settings.group("earn") == "headway-earn"
    assert settings.clock == "stream"
    monkeypatch.setenv("HEADWAY_CLOCK", "sundial")
    with pytest.raises(ValidationError, match="clock"):
        Settings()


def test_a_log_line_is_one_json_object() -> None:
    record = logging.LogRecord("n", logging.WARNING, "f", 1, "two\n%s", ("lines",), None)
    record.headway_fields = {"event": "batch", "when": NOON, "odd": object}
    line = JsonLines("earn").format(record)
    assert "\n" not in line
    found = json.loads(line)
    assert found["message"] == "two\nlines"
    assert (found["service"], found["level"], found["event"]) == ("earn", "warning", "batch")


async def test_the_database_service_opens_and_closes_or_says_what_to_do(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_POSTGRES_DSN", database)
    service = Database(Settings(), "test")
    with pytest.raises(RuntimeError, match="not been started"):
        _ = service.pool
    await service.start()
    timeout = await service.pool.fetchval("show idle_in_transaction_session_timeout")
    assert timeout == "10s"
    await service.stop()
    monkeypatch.setenv("HEADWAY_POSTGRES_DSN", "postgresql://postgres@127.0.0.1:1/none")
    away = Database(Settings(), "test")
    with pytest.raises(UserError, match="cannot be reached"):
        await away.start()
