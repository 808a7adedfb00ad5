"""Three brokers: one is killed under load, then another restarted, and nobody notices for long.

Three copies of every partition, two of which must hold a record. The one killed coordinates
earn's group, and leads partitions like the others. Afterwards the oracle computes everything
from the topics and the accepted commands, and nothing may differ.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from headway.local import KafkaCluster, LocalStack
from tests.proof.brokers import coordinator, in_sync_again, leads
from tests.proof.installation import Installation, history
from tests.proof.recording import Record
from tests.proof.steady import SteadyLoad, contacts_known
from tests.proof.test_faults import agree

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]

MEMBERS = 600
PER_SECOND = 15
AWAY_S = 12
"""Longer than Kafka waits before it counts a broker as gone (9 s): its partitions must move."""


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    with KafkaCluster(tmp_path_factory.mktemp("brokers")) as running:
        running.start()
        yield running


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(tmp_path_factory.mktemp("database")) as running:
        running.start(kafka=False)
        yield running


@pytest.fixture
async def place(
    database: LocalStack, brokers: KafkaCluster, tmp_path: Path
) -> AsyncIterator[Installation]:
    installation = Installation(database, tmp_path, brokers=brokers)
    await installation.prepare()
    try:
        yield installation
    finally:
        await installation.end()


async def test_a_broker_is_killed_and_another_restarted(
    place: Installation, brokers: KafkaCluster, record: Record
) -> None:
    place.start_all()
    await place.all_ready()
    events = await contacts_known(place, history(MEMBERS))
    place.open_shop()
    load = SteadyLoad(place, events, PER_SECOND)
    load.begin()
    try:
        await place.decided(200)
        group = place.settings.group("earn")
        killed = await coordinator(brokers.bootstrap, group)
        led = (await leads(brokers.bootstrap, place.settings.topic_prefix))[killed]
        assert led > 0, "a broker that leads nothing is not missed"
        figures = await kill(load, brokers, killed)
        place.check()
        restarted = next(node for node in brokers.nodes if node != killed)
        figures |= await restart(load, brokers, restarted)
        assert load.going_on, "both must happen under load"
        place.check()
        await load.end()
    finally:
        await load.close()
    await place.finish()
    record.note(events=len(events), per_second=PER_SECOND, partitions_led_by_killed=led, **figures)
    await agree(place, record)


async def kill(load: SteadyLoad, brokers: KafkaCluster, node: int) -> dict[str, object]:
    """Kill one and bring it back later; figures."""
    struck = time.monotonic()
    await asyncio.to_thread(brokers.nodes[node].kill)
    await asyncio.sleep(AWAY_S)
    await load.caught_up(within=120)
    figures = recovery("kill", load, struck)
    back = time.monotonic()
    await asyncio.to_thread(brokers.nodes[node].start)
    await in_sync_again(brokers.bootstrap)
    return figures | {"in_sync_after_kill_s": round(time.monotonic() - back, 1)}


async def restart(load: SteadyLoad, brokers: KafkaCluster, node: int) -> dict[str, object]:
    """Stop one in order and start it again; figures."""
    struck = time.monotonic()
    await asyncio.to_thread(brokers.nodes[node].stop)
    await asyncio.to_thread(brokers.nodes[node].start)
    await load.caught_up(within=120)
    await in_sync_again(brokers.bootstrap)
    return recovery("restart", load, struck)


def recovery(after: str, load: SteadyLoad, struck: float) -> dict[str, object]:
    """The longest time in which nothing was applied, and when the last of what waited was."""
    return {
        f"gap_after_{after}_s": round(load.longest_gap(struck), 1),
        f"behind_after_{after}_s": round(load.behind_for(struck), 1),
    }
