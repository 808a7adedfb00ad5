"""Nothing is lost and nothing is doubled, whatever dies: real processes, real servers.

Each proof publishes numbered values, breaks something on the way, and at the end wants every
value kept once, published (again only where a kill allows it), and every process to stop cleanly.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import pytest

from headway.ledger.migrate import migrate
from headway.local import LocalStack
from tests.stream.kit import make_topics, produce, read_all, until

pytestmark = [pytest.mark.proof, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
COUNT = 6000


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Servers of these proofs' own: they are stopped and killed."""
    with LocalStack(tmp_path_factory.mktemp("stack")) as running:
        running.start()
        yield running


class Scene:
    """One proof: its topics and database, its processes, what it wants at the end."""

    def __init__(self, kafka: str, dsn: str, name: str, logs: Path) -> None:
        self.kafka = kafka
        self.dsn = dsn
        self.topic, self.out, self.group = f"{name}.in", f"{name}.out", f"{name}.g"
        self.fired = logs / "fired"
        self._logs = logs
        self._members: list[subprocess.Popen[bytes]] = []

    def member(self, fail_points: str = "", pace: float = 0.01) -> subprocess.Popen[bytes]:
        """Start one more process of the group."""
        log = (self._logs / f"member-{len(self._members)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.stream.member_program", self.topic, self.out, self.group],
            cwd=ROOT,
            env=os.environ
            | {
                "HEADWAY_KAFKA_BOOTSTRAP": self.kafka,
                "HEADWAY_POSTGRES_DSN": self.dsn,
                "HEADWAY_FAIL_POINTS": fail_points,
                "HEADWAY_FAIL_POINTS_DIR": str(self.fired),
                "TEST_PACE": str(pace),
            },
            stderr=log,
        )
        log.close()
        self._members.append(process)
        return process

    async def reading(self) -> None:
        """Wait until every process has taken over partitions."""

        def all_told() -> bool:
            logs = [path.read_text() for path in self._logs.glob("member-*.log")]
            return all("partitions taken over" in text for text in logs)

        await until(all_told)

    async def publish(self, start: int, end: int) -> None:
        await produce(self.kafka, self.topic, [f"v-{i}" for i in range(start, end)])

    async def seen(self, at_least: int) -> bool:
        """Whether so many values are kept."""
        try:
            connection = await asyncpg.connect(self.dsn, timeout=5)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        try:
            return int(await connection.fetchval("select count(*) from seen")) >= at_least
        finally:
            await connection.close()

    async def published_all(self) -> bool:
        connection = await asyncpg.connect(self.dsn)
        try:
            return bool(await connection.fetchval("select count(*) = 0 from outbox"))
        finally:
            await connection.close()

    async def check(self, *, refused: int = 0) -> None:
        """Every value once; everybody stops cleanly."""
        await until(lambda: self.seen(COUNT), within=90)
        await until(self.published_all, within=60)
        for process in self._members:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._members:
            code = await asyncio.to_thread(process.wait, 25)
            assert code in (0, -signal.SIGKILL), f"exit code {code}"
        connection = await asyncpg.connect(self.dsn)
        values = {row["value"] for row in await connection.fetch("select value from seen")}
        ends = await connection.fetch("select next_offset, log_end from positions")
        assert await connection.fetchval("select count(*) from refused") == refused
        await connection.close()
        assert values == {f"v-{i}" for i in range(COUNT)}
        assert all(row["next_offset"] == row["log_end"] for row in ends)
        # A relay that dies between sending and deleting sends again; nothing is ever missing.
        assert {record.key.decode() for record in await read_all(self.kafka, self.out)} == values

    def end(self) -> None:
        for process in self._members:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


@asynccontextmanager
async def _scene(stack: LocalStack, tmp_path: Path) -> AsyncIterator[Scene]:
    server = stack.postgres.dsn()
    name = f"p{time.monotonic_ns()}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"create database {name}")
    await connection.close()
    dsn = server.rpartition("/")[0] + f"/{name}"
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute("create table seen (value text primary key)")
    await connection.execute("create table refused (why text)")
    await connection.close()
    scene = Scene(stack.kafka.bootstrap, dsn, name, tmp_path)
    await make_topics(scene.kafka, scene.topic, scene.out)
    try:
        yield scene
    finally:
        scene.end()


@pytest.mark.parametrize(
    "place",
    [
        "test.before_commit:3",
        "test.after_commit:3",
        "consumer.before_offset_commit:3",
        "relay.after_send:3",
    ],
)
async def test_killed_at_the_worst_moment(stack: LocalStack, tmp_path: Path, place: str) -> None:
    async with _scene(stack, tmp_path) as scene:
        await scene.publish(0, COUNT)
        doomed = scene.member(fail_points=place, pace=0.1)
        scene.member()
        await until(lambda: doomed.poll() is not None, within=60)
        assert doomed.returncode == -signal.SIGKILL
        assert (scene.fired / place.partition(":")[0]).exists()
        scene.member()
        await scene.reading()
        await scene.check()


async def test_killed_in_the_middle_of_halving(stack: LocalStack, tmp_path: Path) -> None:
    async with _scene(stack, tmp_path) as scene:
        await scene.publish(0, 100)
        await produce(scene.kafka, scene.topic, ["bad\x00", "worse\x00"])
        await scene.publish(100, COUNT)
        doomed = scene.member(fail_points="consumer.in_halving:2")
        await until(lambda: doomed.poll() is not None, within=60)
        assert (scene.fired / "consumer.in_halving").exists()
        scene.member()
        await scene.reading()
        await scene.check(refused=2)


async def test_frozen_past_the_session_then_resumed(stack: LocalStack, tmp_path: Path) -> None:
    async with _scene(stack, tmp_path) as scene:
        frozen = scene.member(pace=0.1)
        await scene.publish(0, COUNT // 2)
        await until(lambda: scene.seen(300))
        scene.member()
        await until(lambda: scene.seen(900))
        frozen.send_signal(signal.SIGSTOP)
        await asyncio.sleep(14)
        await scene.publish(COUNT // 2, COUNT)
        await until(lambda: scene.seen(COUNT - 500), within=60)
        frozen.send_signal(signal.SIGCONT)
        await asyncio.sleep(5)
        assert frozen.poll() is None, "it rejoins and goes on"
        await scene.check()


async def test_postgres_stopped_at_once_and_started_again(
    stack: LocalStack, tmp_path: Path
) -> None:
    async with _scene(stack, tmp_path) as scene:
        scene.member()
        scene.member()
        await scene.reading()
        await scene.publish(0, COUNT // 2)
        await until(lambda: scene.seen(500))
        await asyncio.to_thread(stack.postgres.stop, "immediate")
        await asyncio.sleep(3)
        await asyncio.to_thread(stack.postgres.start)
        await scene.publish(COUNT // 2, COUNT)
        await scene.check()


async def test_kafka_killed_and_started_again(stack: LocalStack, tmp_path: Path) -> None:
    async with _scene(stack, tmp_path) as scene:
        scene.member()
        scene.member()
        await scene.reading()
        await scene.publish(0, COUNT // 2)
        await until(lambda: scene.seen(500))
        await asyncio.to_thread(stack.kafka.kill)
        await asyncio.sleep(3)
        await asyncio.to_thread(stack.kafka.start)
        await scene.publish(COUNT // 2, COUNT)
        await scene.check()


@contextmanager
def _paused(stack: LocalStack) -> Iterator[None]:
    stack.kafka.pause()
    try:
        yield
    finally:
        stack.kafka.resume()


async def test_kafka_silent_for_longer_than_the_session(stack: LocalStack, tmp_path: Path) -> None:
    async with _scene(stack, tmp_path) as scene:
        scene.member()
        await scene.publish(0, COUNT // 2)
        await until(lambda: scene.seen(500))
        with _paused(stack):
            await asyncio.sleep(20)
        await scene.publish(COUNT // 2, COUNT)
        await scene.check()
