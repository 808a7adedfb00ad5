"""Notify as its own process, on a test's topics, database and mail server."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaProducer

from headway.contracts.codec import HEADERS
from headway.stream.positions import Pool
from headway_notify import store
from tests.notify.conftest import MailServer
from tests.notify.sealing import MASTER_KEY

Message = tuple[str, str, bytes | None]
"""Topic without prefix, member id, value."""


@dataclass
class Place:
    """Where a test's notify works."""

    kafka: str
    topics: str
    database: str
    mail: MailServer
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, **settings: str) -> subprocess.Popen[bytes]:
        """Start one notify process; settings are environment names without HEADWAY_."""
        environment = {
            "KAFKA_BOOTSTRAP": self.kafka,
            "POSTGRES_DSN": self.database,
            "TOPIC_PREFIX": self.topics,
            "GROUP_PREFIX": self.topics,
            "CLOCK": "stream",
            "NOTIFY_MASTER_KEY": MASTER_KEY,
            "SMTP_PORT": str(self.mail.port),
            "SMTP_FROM": "Stride Shoes <rewards@example.com>",
            "SMTP_TIMEOUT": "1",
            "NOTIFY_LEASE_SECONDS": "2",
            "NOTIFY_RETRY_SECONDS": "0.2",
            "FAIL_POINTS_DIR": str(self.folder / "fired"),
        } | settings
        with (self.folder / f"notify-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "headway_notify"],
                env=os.environ | {f"HEADWAY_{name}": value for name, value in environment.items()},
                stderr=log,
            )
        self.processes.append(process)
        return process

    async def takes_part(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether it has got partitions."""
        log = self.folder / f"notify-{self.processes.index(process)}.log"
        assert process.poll() is None, log.read_text()[-3000:]
        return '"event":"takeover"' in log.read_text()

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        """Stop one the gentle way; its exit code."""
        process.terminate()
        return process.wait(25)

    def end(self) -> None:
        """Kill whatever still runs."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()

    async def publish(self, messages: Iterable[Message]) -> None:
        """Put messages on the topics, in order."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka, enable_idempotence=True)
        await producer.start()
        try:
            sent = [
                await producer.send(
                    self.topics + topic, value, member.encode(), headers=list(HEADERS)
                )
                for topic, member, value in messages
            ]
            await asyncio.gather(*sent)
        finally:
            await producer.stop()


async def until(met: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait until it is so; TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not await met():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come to be so")
        await asyncio.sleep(0.05)


async def rest(pool: Pool, **expected: int) -> None:
    """Wait until exactly so many notifications are in these states, and none in others."""
    last: dict[str, int] = {}

    async def met() -> bool:
        nonlocal last
        last = await store.standing(pool)
        return last == expected

    try:
        await until(met)
    except TimeoutError:
        raise AssertionError(f"wanted {expected}, it stays {last}") from None


async def dead_letters(pool: Pool) -> list[asyncpg.Record]:
    """All dead letters, in order."""
    return await pool.fetch("select * from dead_letters order by id")
