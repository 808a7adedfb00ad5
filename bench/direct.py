"""The earn handler itself on a database, without Kafka: batches come as a consumer hands them."""

import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import asyncpg
import psutil
from aiokafka import TopicPartition

from bench.orders import HEADERS
from headway.contracts import codec
from headway.contracts.registry import CONTRACTS
from headway.ledger.migrate import migrate
from headway.ledger.programs import publish
from headway.runtime.clock import FixedClock
from headway.runtime.database import SERVER_SETTINGS
from headway.runtime.host import calm_collector
from headway.stream.batch import Batch, Record
from headway_earn.batch import EarnHandler

GROUP, PREFIX = "bench-earn", "bench."


@dataclass(frozen=True, slots=True)
class Cost:
    """Of so many events together: seconds on the clock, seconds of CPU here and in Postgres."""

    events: int
    wall: float
    program: float
    postgres: float

    @property
    def cpu(self) -> float:
        """Microseconds of CPU per event, program and Postgres together."""
        return (self.program + self.postgres) / self.events * 1e6

    @property
    def each(self) -> float:
        """Microseconds on the clock per event."""
        return self.wall / self.events * 1e6


@dataclass
class Direct:
    """A handler with one connection, so that one backend does all the work of the database."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    handler: EarnHandler
    backend: int
    ends: dict[TopicPartition, int] = field(default_factory=dict)

    def record(self, kind: str, member: str, at: datetime, id_: str, **data: object) -> Record:
        """One event as Kafka would hold it."""
        value, _ = codec.encode(
            kind, source="bench/shop", id=id_, time=at, data={"member_id": member, **data}
        )
        place = TopicPartition(PREFIX + CONTRACTS[kind].topic, 0)
        offset = self.ends[place] = self.ends.get(place, -1) + 1
        return Record(place.topic, 0, offset, member.encode(), value, HEADERS, 0)

    async def apply(self, records: Sequence[Record]) -> None:
        """One batch."""
        following = {TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}
        applied = await self.handler.apply(
            Batch(GROUP, tuple(records), following, following, whole=False)
        )
        if applied.facts["refused"]:
            raise RuntimeError(f"refused: {applied.facts}")

    async def cost(self, batches: Sequence[Sequence[Record]]) -> Cost:
        """Apply those batches, one after the other, and say what it cost."""
        own, there, began = time.process_time(), _on_cpu(self.backend), time.perf_counter()
        for batch in batches:
            await self.apply(batch)
        wall = time.perf_counter() - began
        own, there = time.process_time() - own, _on_cpu(self.backend) - there
        return Cost(sum(map(len, batches)), wall, own, there)


def _on_cpu(pid: int) -> float:
    """Seconds that a process has been on a CPU, to the nanosecond where the system tells."""
    told = Path(f"/proc/{pid}/schedstat")
    if told.exists():
        return int(told.read_text().split()[0]) / 1e9
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


@asynccontextmanager
async def direct(dsn: str, program: str, now: datetime) -> AsyncIterator[Direct]:
    """A new ledger in that (empty) database, and a handler on it whose clock says `now`."""
    await migrate(dsn)
    await publish(dsn, program)
    calm_collector()  # as the service does
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=1, server_settings=SERVER_SETTINGS)
    try:
        backend = await pool.fetchval("select pg_backend_pid()")
        handler = EarnHandler(lambda: pool, GROUP, PREFIX, FixedClock(now), lambda: None)
        yield Direct(pool, handler, int(backend))
    finally:
        await pool.close()


def load() -> float:
    """How busy the machine is: figures on the clock mean little above one or so."""
    return round(os.getloadavg()[0], 2)
