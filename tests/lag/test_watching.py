"""What the watch shows while it measures, and when it cannot."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from headway.lag.measuring import Scope
from headway.lag.watching import LagWatch
from headway.runtime.health import Health
from tests.lag.kit import Place
from tests.stream.kit import make_topics, produce


@pytest.fixture
async def watch(place: Place, database: str) -> AsyncIterator[LagWatch]:
    """One that has measured a group, and gives up after two seconds."""
    await make_topics(place.kafka, place.topic, partitions=1)
    await produce(place.kafka, place.topic, ["a"], partitions=1)
    await place.commit(0)
    watch = LagWatch({"bootstrap_servers": place.kafka}, place.scope(database), within=2.0)
    while (await watch.run_once()).down:
        pass
    yield watch
    await watch.close()


async def _while_hanging(database: str, watch: LagWatch, within: float) -> None:
    """Measure, or be cancelled, while somebody holds what the database has applied."""
    connection = await asyncpg.connect(database)
    try:
        async with connection.transaction():
            await connection.execute("lock table positions")
            async with asyncio.timeout(within):
                await watch.run_once()
    finally:
        await connection.close()


async def test_a_measurement_that_hangs_leaves_nothing_up(watch: LagWatch, database: str) -> None:
    assert watch.snapshot().groups
    await _while_hanging(database, watch, 8)
    assert (watch.snapshot().down, watch.snapshot().groups) == ("no answer in time", ())
    while (await watch.run_once()).down:
        pass
    assert watch.snapshot().groups


async def test_a_measurement_that_is_cancelled_leaves_nothing_up(
    watch: LagWatch, database: str
) -> None:
    with pytest.raises(TimeoutError):
        await _while_hanging(database, watch, 0.2)
    assert (watch.snapshot().down, watch.snapshot().groups) == (
        "the last measurement was broken off", (),
    )  # fmt: skip


async def test_who_measures_seldom_is_alive_meanwhile() -> None:
    now = [1000.0]
    health = Health(lambda: now[0])
    scope = Scope(lambda name: True, "", "", None)
    nowhere = {"bootstrap_servers": "127.0.0.1:1"}
    watch = LagWatch(nowhere, scope, every=300, health=health)
    async with watch:
        while watch.snapshot().down == "nothing was measured yet":
            await asyncio.sleep(0.02)
        now[0] += 419
        assert health.dead() == {}
        now[0] += 2
        assert set(health.dead()) == {"lag"}


def test_a_scope_that_is_shown_holds_no_password() -> None:
    scope = Scope(lambda name: True, "", "", "postgresql://headway:secret@db/headway")
    assert "secret" not in repr(scope)
