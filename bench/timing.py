"""One run of one side, timed from outside, by the same rule for all.

The clock starts when the first batch of orders has been recorded (its rows' recorded_at) and
stops when Kafka has appended the last message out (the broker's own time of it). Counted are the
orders after that first batch, so start-up, joining the group and the first fetch are left out on
every side alike. A run is good only if every order brought one message and the outbox is empty.
"""

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import asyncpg
import psutil

from bench.sampling import Sampler
from bench.servers import OutputTopic
from bench.sql import TIMING


class RunFailed(Exception):
    """A run that proves nothing: a side died, hung, or lost or doubled messages."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One run. Rates in orders per second, CPU in microseconds per order, memory in bytes."""

    rate: float
    seconds: float
    counted: int
    cpu: Mapping[str, float]
    peak: int
    repeats: int


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start one side on one database."""

    command: Sequence[str]
    environment: Mapping[str, str]
    dsn: str
    orders: int
    publishes: bool = True


@dataclass
class Clock:
    """Times runs on the servers of one bench."""

    out: OutputTopic
    postgres: psutil.Process
    kafka: psutil.Process | None
    limit_s: float = 300

    async def run(self, launch: Launch) -> Figures:
        """Start, watch, stop, count. Raises RunFailed."""
        before = await self.out.count()
        began = time.time()
        program = psutil.Popen(
            list(launch.command), env=dict(launch.environment), stdout=subprocess.PIPE, text=True
        )
        sampler = Sampler(psutil.Process(program.pid), self.postgres, self.kafka)
        try:
            end, sent = await self._watch(launch, program, sampler, before, began)
        finally:
            stop(program)
        start, first = await _first_batch(launch.dsn, began)
        counted = launch.orders - first
        spent = sampler.spent(start, end)
        return Figures(
            rate=counted / (end - start),
            seconds=end - start,
            counted=counted,
            cpu={name: seconds / counted * 1e6 for name, seconds in spent.items()},
            peak=sampler.peak(),
            repeats=sent - launch.orders if launch.publishes else 0,
        )

    async def _watch(
        self, launch: Launch, program: psutil.Popen, sampler: Sampler, before: int, began: float
    ) -> tuple[float, int]:
        """When the last message was out, and how many were."""
        connection = await asyncpg.connect(launch.dsn)
        try:
            while True:
                sampler.take()
                if not launch.publishes:
                    if program.poll() is not None:
                        return _printed_end(program), 0
                elif await self.out.count() - before >= launch.orders:
                    await _until(lambda: _outbox_empty(connection), 30, "its outbox never emptied")
                    sampler.take()
                    return await self.out.last_append(), await self.out.count() - before
                elif program.poll() is not None:
                    raise RunFailed(f"{launch.command} ended by itself, exit code {program.poll()}")
                if time.time() - began > self.limit_s:
                    got = await self.out.count() - before
                    raise RunFailed(f"{launch.command}: {got} messages of {launch.orders} in time")
                await asyncio.sleep(0.1)
        finally:
            await connection.close()


def _printed_end(program: psutil.Popen) -> float:
    printed = program.stdout.read()
    if program.returncode:
        raise RunFailed(f"exit code {program.returncode}")
    return float(printed)


async def _until(holds: Callable[[], Awaitable[bool]], seconds: float, complaint: str) -> None:
    for _ in range(int(seconds / 0.05)):
        if await holds():
            return
        await asyncio.sleep(0.05)
    raise RunFailed(complaint)


async def _outbox_empty(connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval(TIMING.outbox_empty))


async def _first_batch(dsn: str, began: float) -> tuple[float, int]:
    """When the first batch was recorded, and how many orders were in it."""
    connection = await asyncpg.connect(dsn)
    try:
        row = await connection.fetchrow(TIMING.first_batch, began)
    finally:
        await connection.close()
    if row is None:
        raise RunFailed("not one order was recorded")
    return float(row["start"]), int(row["orders"])


def stop(program: "psutil.Popen | subprocess.Popen[bytes]") -> None:
    """SIGTERM, and SIGKILL to one that does not heed it in 20 seconds."""
    if program.poll() is None:
        program.terminate()
        try:
            program.wait(20)
        except (psutil.TimeoutExpired, subprocess.TimeoutExpired):
            program.kill()
            program.wait()
