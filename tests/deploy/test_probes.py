"""What must never restart a process: being behind, and servers that are away."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from headway.local import LocalStack
from headway.local.ports import HOST, free_ports
from headway.runtime.health import Health
from headway.stream.consumer import BatchConsumer
from tests.earn.service import Place, opened
from tests.earn.test_service import Source
from tests.stream.kit import Rows, options, pool_with_seen, running, until

pytestmark = pytest.mark.timeout(180)

LONG = 10_000.0
"""Seconds after which any loop that has not turned is taken for stuck."""


@pytest.fixture
def stack() -> Iterator[LocalStack]:
    """A Kafka of the test's own, to be killed."""
    with LocalStack.temporary() as stack:
        stack.start(postgres=False)
        yield stack


@pytest.fixture
async def place(stack: LocalStack, database: str, tmp_path: Path) -> AsyncIterator[Place]:
    """Earn on that Kafka."""
    async with opened(stack.kafka.bootstrap, "probed.", database, tmp_path) as place:
        yield place


@pytest.mark.proof
async def test_lag_and_a_kafka_that_is_away_do_not_end_a_life(
    place: Place, stack: LocalStack, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_ports(["web"])["web"]
    monkeypatch.setenv("HEADWAY_WEB_PORT", str(port))
    source, held = Source(), await asyncpg.connect(database)
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}") as pages:

        async def answers(page: str, status: int) -> bool:
            try:
                return (await pages.get(page)).status_code == status
            except httpx.TransportError:
                return False

        async def lives_for(seconds: float) -> None:
            for _ in range(int(seconds / 0.25)):
                assert await answers("/live", 200)
                await asyncio.sleep(0.25)

        earn = place.start()
        await until(lambda: answers("/ready", 200), within=60)

        # Behind: nothing of what has come can be written.
        async with held.transaction():
            await held.execute("lock table accounts in access exclusive mode")
            await place.send([source.join(0), source.order(0)])
            await lives_for(2)
            assert await place.fetch("select count(*) from inputs") == [(0,)]
        await place.until("select count(*) = 2 from inputs")

        # Kafka is gone, and something waits to be published.
        stack.kafka.kill()
        await held.execute(
            "insert into outbox (shard, topic, key, value, headers)"
            " values (0, 'probed.balance-changed', 'k', 'v', '[]')"
        )
        await until(lambda: answers("/ready", 503), within=60)
        await lives_for(3)
        stack.kafka.start()
        await until(lambda: answers("/ready", 200), within=60)
        await lives_for(0.5)
        assert await place.stop(earn) == 0
    await held.close()


async def test_who_waits_for_topics_is_not_stuck(kafka: str, topics: str, database: str) -> None:
    now = [0.0]
    health = Health(lambda: now[0])
    async with pool_with_seen(database) as pool:
        waiting = BatchConsumer(
            options(kafka, f"{topics}g", f"{topics}in"), Rows(pool, f"{topics}g"), health
        )
        async with running(waiting):
            await until(lambda: "headway topics create" in str(health.not_ready()))
            now[0] = LONG
            await until(lambda: not health.dead())
