"""Mistakes that other lag exporters shipped, each as a test of its own on a real cluster.

Names in brackets are where somebody met it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from headway.lag.burrow import Rules, Status
from headway.lag.cluster import Cluster, Ends
from headway.lag.commits import OffsetCommit
from headway.lag.groups import Group
from headway.lag.record_times import Place as RecordPlace
from headway.lag.snapshot import LagSnapshot, PartitionLag
from headway.lag.watching import rates
from tests.lag.kit import Place, first, named, only, series
from tests.stream.kit import make_topics, produce

LONG_AGO = 1_600_000_000_000


@pytest.fixture
async def orders(place: Place) -> Place:
    """A topic of two partitions with ten records in the first."""
    await make_topics(place.kafka, place.topic, partitions=2)
    await produce(place.kafka, place.topic, [str(n) for n in range(10)], partitions=1)
    return place


async def test_lag_is_never_negative(orders: Place) -> None:
    """The group reads on while it is measured (kafka_exporter 76, 169, 437)."""

    class Busy(Cluster):
        """Right after the groups were asked, all that comes in is read and committed."""

        async def groups(self, wanted: Callable[[str], bool]) -> list[Group]:
            found = await super().groups(wanted)
            await produce(orders.kafka, orders.topic, ["a"] * 5, partitions=1)
            await orders.commit(15)
            return found

    await orders.commit(10)
    async with orders.meter(Busy) as meter:
        lag = first(await meter.measure())
    assert (lag.committed, lag.end, lag.committed_lag) == (10, 15, 5)


def test_lag_is_clamped_at_zero() -> None:
    """A log that lost its end, or was made anew, is behind its readers."""
    lag = PartitionLag("g", "t", 0, 0, end=5, committed=9, applied=9, in_ledger=True)
    assert (lag.lag, lag.committed_lag) == (0, 0)


async def test_series_of_a_deleted_group_vanish(orders: Place) -> None:
    """(kafka-lag-exporter 244, 127)"""
    other = f"{orders.group}-other"
    await orders.commit(4)
    await orders.commit(4, group=other)
    async with orders.meter() as meter:
        before = named(series(await meter.measure()), "kafka_consumergroup_lag")
        assert {group for group, _, _ in before} == {orders.group, other}
        await orders.delete_group(orders.group)
        after = series(await meter.measure())
    assert {group for group, _, _ in named(after, "kafka_consumergroup_lag")} == {other}
    assert orders.group not in str(after).replace(other, "")


async def test_series_of_a_deleted_topic_vanish(orders: Place) -> None:
    """(kafka-lag-exporter 127; klag 92: an abandoned topic that keeps growing)"""
    await orders.commit(4)
    async with orders.meter() as meter:
        assert orders.topic in str(series(await meter.measure()))
        async with orders.admin() as admin:
            await admin.delete_topics([orders.topic])
            while orders.topic in await admin.list_topics():
                await asyncio.sleep(0.05)
        measured = await meter.measure()
    assert orders.topic not in str(series(measured))
    assert measured.down == ""


async def test_a_member_that_left_leaves_no_series_and_its_group_says_none(orders: Place) -> None:
    """Nobody reading must not look like nothing to read (kafka_exporter 226, klag 92)."""
    await orders.commit(4)
    async with orders.meter() as meter:
        async with orders.member(orders.group) as consumer:
            consumer.subscribe([orders.topic])
            await consumer.getone()
            held = await meter.measure()
        left = await meter.measure()
    assert only(held).members == 1
    owner = first(held).owner
    assert owner is not None
    assert owner.client_id == "reader"
    assert owner.host == "/127.0.0.1"
    found = series(left)
    assert named(found, "kafka_consumergroup_members") == {(orders.group,): 0}
    assert owner.consumer_id not in str(found)
    assert (orders.group, "0", orders.topic) in named(found, "kafka_consumergroup_lag")


async def test_never_committed_counts_from_the_logs_start(orders: Place) -> None:
    """Kafka's -1 is no offset (KEDA 5906: a huge number)."""
    async with orders.admin() as admin:
        await admin.delete_records({orders.tp(): RecordsToDelete(before_offset=3)})
    async with orders.meter() as meter, orders.member(orders.group) as consumer:
        consumer.subscribe([orders.topic])
        await consumer.getone()
        measured = await meter.measure()
    lag = first(measured)
    assert (lag.begin, lag.committed, lag.committed_lag) == (3, None, 7)
    assert "kafka_consumergroup_current_offset" not in {name for name, _ in series(measured)}


async def test_zero_lag_stands_beside_a_rate(orders: Place) -> None:
    """Nothing behind may be nothing to read: what came in and went out tells which."""
    await orders.commit(10)
    async with orders.meter() as meter:
        quiet, still = only(await meter.measure()), only(await meter.measure())
        await produce(orders.kafka, orders.topic, ["a"] * 20, partitions=1)
        await orders.commit(30)
        busy = only(await meter.measure())
    assert quiet.lag == still.lag == busy.lag == 0
    assert rates(quiet, still, 2.0) == (0.0, 0.0)
    assert rates(still, busy, 2.0) == (10.0, 10.0)
    assert rates(busy, still, 2.0) == (0.0, 0.0)


async def test_a_group_that_applies_but_does_not_commit_is_not_behind(orders: Place) -> None:
    """Faust 736: it processes and cannot commit. The database's place is the truth."""
    kafka_says = PartitionLag("g", "t", 0, 0, 10, committed=4, applied=10, in_ledger=True)
    assert (kafka_says.lag, kafka_says.committed_lag) == (0, 6)
    assert replace(kafka_says, in_ledger=False).lag == 6


async def test_a_group_nobody_watches_for_is_not_asked_for(orders: Place) -> None:
    await orders.commit(4, group=f"x{orders.group}")
    async with orders.meter() as meter:
        assert (await meter.measure()).groups == ()


async def test_seconds_are_the_age_of_the_record_at_the_committed_offset(orders: Place) -> None:
    """Exact, not guessed from past samples (kafka-lag-exporter 353, klag 30)."""
    await orders.write(LONG_AGO, LONG_AGO + 60_000, LONG_AGO + 90_000, partition=1)
    await orders.commit(1, partition=1)
    async with orders.meter(clock=lambda: LONG_AGO / 1000 + 100) as meter:
        measured = await meter.measure()
    assert first(measured).seconds == 40.0
    assert only(measured).seconds == 40.0


async def test_one_fetch_for_each_partition_behind_and_none_for_others(orders: Place) -> None:
    await orders.write(*[LONG_AGO] * 5, partition=1)
    await orders.commit(10)
    await orders.commit(2, partition=1)
    seen: list[Cluster] = []

    class Counted(Cluster):
        async def connect(self) -> None:
            await super().connect()
            seen.append(self)

    async with orders.meter(Counted) as meter:
        measured = await meter.measure()
        assert [lag.seconds == 0 for lag in only(measured).partitions] == [True, False]
        assert seen[0].fetched == 1
        await meter.measure()
        assert seen[0].fetched == 1, "the same record is not fetched again"
        await orders.commit(3, partition=1)
        await meter.measure()
        assert seen[0].fetched == 2


async def test_two_groups_at_different_places_of_one_partition(orders: Place) -> None:
    await orders.write(LONG_AGO, LONG_AGO + 5_000, partition=1)
    await orders.commit(0, partition=1, group=f"{orders.group}-a")
    await orders.commit(1, partition=1, group=f"{orders.group}-b")
    async with orders.meter(clock=lambda: LONG_AGO / 1000 + 10) as meter:
        groups = (await meter.measure()).groups
    assert [group.seconds for group in groups] == [10.0, 5.0]


async def test_a_record_that_retention_took_is_looked_for_at_the_logs_start(orders: Place) -> None:
    await orders.write(LONG_AGO, LONG_AGO + 5_000, LONG_AGO + 7_000, partition=1)
    await orders.commit(0, partition=1)
    async with orders.admin() as admin:
        await admin.delete_records({orders.tp(1): RecordsToDelete(before_offset=2)})
    async with orders.meter(clock=lambda: LONG_AGO / 1000 + 10) as meter:
        assert first(await meter.measure()).seconds == 3.0


async def test_a_hole_at_the_committed_offset_is_passed_over(orders: Place) -> None:
    """As compaction leaves, and markers of transactions: the first record after it counts."""
    producer = AIOKafkaProducer(bootstrap_servers=orders.kafka, transactional_id=orders.group)
    await producer.start()
    for second in (0, 5):
        async with producer.transaction():
            at = LONG_AGO + second * 1000
            await producer.send_and_wait(orders.topic, b"x", partition=1, timestamp_ms=at)
    await producer.stop()
    # Offsets: record 0, marker 1, record 2, marker 3.
    async with orders.meter(clock=lambda: LONG_AGO / 1000 + 10) as meter:
        await orders.commit(1, partition=1)
        assert first(await meter.measure()).seconds == 5.0
        await orders.commit(3, partition=1)
        marker = await meter.measure()
        assert first(await meter.measure()).seconds == 0.0
        await orders.write(LONG_AGO + 8000, partition=1)
        after = await meter.measure()
    assert first(marker).committed_lag == 1
    assert first(marker).seconds == 0.0, "no record waits behind a marker"
    assert first(after).seconds == 2.0


async def test_a_record_that_does_not_come_silences_its_own_partition_alone(orders: Place) -> None:
    """A slow broker must not hide that others have been waiting for long."""

    class Slow(Cluster):
        async def times(
            self, places: Iterable[RecordPlace]
        ) -> dict[tuple[TopicPartition, int], int | None]:
            return {
                at: found for at, found in (await super().times(places)).items() if at[0].partition
            }

    await orders.write(LONG_AGO, partition=1)
    await orders.commit(1)
    await orders.commit(0, partition=1)
    async with orders.meter(Slow, clock=lambda: LONG_AGO / 1000 + 10) as meter:
        measured = await meter.measure()
    assert [lag.seconds for lag in only(measured).partitions] == [None, 10.0]
    assert only(measured).seconds == 10.0


async def test_what_cannot_be_measured_is_not_exposed() -> None:
    """An hour-old lag must not look like one of now; `headway_lag_up` tells."""
    found = series(LagSnapshot(time.time(), down="Kafka is away"))
    assert {name for name, _ in found} == {
        "headway_lag_up", "headway_lag_measured_timestamp_seconds",
    }  # fmt: skip
    assert found["headway_lag_up", ()] == 0


async def test_words_are_there_at_once_from_commits_of_the_past(orders: Place) -> None:
    """Also of equal offsets committed again, which the admin client cannot tell.

    Whichever partition of Kafka's own topic holds the group: names hash to all of them.
    """
    names = [f"{orders.group}-{n}" for n in range(12)]
    await asyncio.gather(*(orders.commit(3, 3, group=name) for name in names))
    async with orders.meter(rules=Rules(min_distance=0)) as meter:
        groups = (await meter.measure()).groups
    assert [group.name for group in groups] == sorted(names)
    for group in groups:
        status = group.partitions[0].status
        assert status is not None
        assert status.status in {Status.STALL, Status.STOP}
        assert status.complete == 2 / 15


async def test_one_look_at_a_quiet_group_with_a_fresh_record_does_not_call_it_stopped(
    orders: Place,
) -> None:
    """`headway status` looks once: the ring of log ends holds none but the present one."""
    await orders.commit(9, 10)
    await asyncio.sleep(1.2)
    await produce(orders.kafka, orders.topic, ["new"], partitions=1)
    later = time.time() + 100
    async with orders.meter(clock=lambda: later) as meter:
        fresh = only(await meter.measure())
    async with orders.meter(clock=lambda: later + 60) as meter:
        old = only(await meter.measure())
    for group, word in ((fresh, Status.OK), (old, Status.STOP)):
        status = group.partitions[0].status
        assert status is not None
        assert status.status is word
        assert group.lag == 1


async def test_a_partition_without_leader_does_not_hide_the_others(orders: Place) -> None:
    """Asking for its end would wait for ever."""

    class Headless(Cluster):
        async def topics(self) -> dict[str, list[int]]:
            found = await super().topics()
            return {name: [part for part in parts if part] for name, parts in found.items()}

        async def ends(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, Ends]:
            assert orders.tp(0) not in partitions
            return await super().ends(partitions)

    await orders.commit(1)
    await orders.commit(0, partition=1)
    async with orders.meter(Headless) as meter:
        assert [lag.partition for lag in only(await meter.measure()).partitions] == [1]


async def test_a_partition_that_was_without_leader_has_its_commits_again(orders: Place) -> None:
    """They are read once: forgotten with the leader, they would be missed for ever."""
    headless = [False]

    class Electing(Cluster):
        async def topics(self) -> dict[str, list[int]]:
            found = await super().topics()
            return {name: [] for name in found} if headless[0] else found

    await orders.commit(3, 3)
    async with orders.meter(Electing, rules=Rules(min_distance=0)) as meter:
        before = first(await meter.measure()).status
        headless[0] = True
        assert only(await meter.measure()).partitions == ()
        headless[0] = False
        after = first(await meter.measure()).status
    assert before is not None
    assert before.complete == 2 / 15
    assert after == before


async def test_no_word_from_commits_that_were_read_by_half(orders: Place) -> None:
    """Reading them ends after some seconds, wherever it is: what comes later may change all."""
    await orders.commit(3, 3)
    read = [0.0]

    class Slow(Cluster):
        def commits(self, groups: Collection[str]) -> AsyncIterator[OffsetCommit]:
            return self._commits.read(groups, self._offsets_partitions, patience=read[0])

    async with orders.meter(Slow) as meter:
        half = only(await meter.measure())
        read[0] = 10.0
        whole = only(await meter.measure())
        read[0] = 0.0
        await orders.commit(4)
        assert only(await meter.measure()).status is not None, "it knew all once"
    assert (half.status, half.partitions[0].status, half.lag) == (None, None, 7)
    assert whole.status is not None
    assert whole.partitions[0].status is not None
