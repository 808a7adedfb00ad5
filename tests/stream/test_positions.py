"""Where to start, what to read next, and what a batch leads to: the pure parts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from headway.errors import UserError
from headway.stream.alignment import held_back
from headway.stream.assignment import Held
from headway.stream.batch import Batch, Position, Record
from headway.stream.takeover import Known, Restored, restored_partitions, starting_point

A, B, C = (TopicPartition("t", partition) for partition in range(3))
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def known(committed: int | None, stored: int | None, begin: int = 0, end: int = 100) -> Known:
    position = None if stored is None else Position(stored, end, None)
    return Known(committed, position, begin, end)


@pytest.mark.parametrize(
    ("what", "start"),
    [
        (known(None, None), 0),
        (known(None, None, begin=7), 7),
        (known(40, None, begin=7), 7),
        (known(None, 40), 40),
        (known(40, 40), 40),
        (known(30, 40), 30),
        (known(50, 40), 40),
        (known(100, 100), 100),
        (known(3, 40, begin=7), 7),
        (known(40, 7, begin=7), 7),
    ],
)
def test_starts_at_the_lower_of_what_kafka_and_the_database_say(what: Known, start: int) -> None:
    assert starting_point("g", A, what) == start


@pytest.mark.parametrize(
    ("what", "text"),
    [
        (known(40, 40, begin=50), "10 records were deleted before they were read"),
        (known(None, 40, begin=41), "1 records were deleted"),
        (known(101, 101), "its log ends at 100"),
        (known(None, 101), "its log ends at 100"),
    ],
)
def test_positions_outside_the_log_need_a_person(what: Known, text: str) -> None:
    with pytest.raises(UserError, match=text) as error:
        starting_point("g", A, what)
    assert error.value.next_step


def test_only_kafka_ahead_of_the_database_means_a_restore() -> None:
    found = restored_partitions({A: known(40, 40), B: known(30, 40), C: known(50, 40)})
    assert found == {C: Restored(50, 40)}
    assert restored_partitions({A: known(9, None, begin=9)}) == {}
    seen_before = replace(known(40, 40), reached=55)
    assert restored_partitions({A: seen_before}) == {A: Restored(55, 40)}
    assert restored_partitions({A: known(9, None, begin=2)}) == {A: Restored(9, 2)}


@pytest.mark.parametrize(
    ("hours", "lagging", "waiting"),
    [
        ({A: 0, B: 24}, {A, B}, set()),
        ({A: 0, B: 25}, {A, B}, {B}),
        ({A: 0, B: 25}, {B}, set()),
        ({A: 0, B: 25}, set(), set()),
        ({A: 0, B: 1}, {A, B, C}, {A, B}),
        ({B: 100, C: 200}, {B}, {C}),
    ],
)
def test_partitions_far_ahead_of_lagging_siblings_wait(
    hours: dict[TopicPartition, int], lagging: set[TopicPartition], waiting: set[TopicPartition]
) -> None:
    times = {tp: NOON + HOUR * ahead for tp, ahead in hours.items()}
    assert held_back(times, lagging) == waiting


@given(
    st.dictionaries(st.sampled_from([A, B, C]), st.integers(0, 1000)),
    st.sets(st.sampled_from([A, B, C]), min_size=1),
)
def test_something_that_lags_can_always_be_read(
    hours: dict[TopicPartition, int], lagging: set[TopicPartition]
) -> None:
    times = {tp: NOON + HOUR * ahead for tp, ahead in hours.items()}
    assert lagging - held_back(times, lagging)


def record(tp: TopicPartition, offset: int) -> Record:
    return Record(tp.topic, tp.partition, offset, b"k", b"v", (), 0)


@given(st.lists(st.tuples(st.sampled_from([A, B, C]), st.booleans()), min_size=2, max_size=40))
def test_halves_apply_the_same_records_and_lead_to_the_same_place(
    parts: list[tuple[TopicPartition, bool]],
) -> None:
    following: dict[TopicPartition, int] = {}
    records = []
    for tp, skip in parts:  # Offsets may skip, as they do in compacted topics.
        offset = following.get(tp, 0) + (5 if skip else 0)
        records.append(record(tp, offset))
        following[tp] = offset + 1
    batch = Batch("g", tuple(records), following, dict.fromkeys(following, 1000))
    first, second = batch.halves()
    assert first.records + second.records == batch.records
    assert len(first) > 0
    assert len(second) > 0
    for tp in {TopicPartition(r.topic, r.partition) for r in first.records}:
        mine = [r.offset for r in first.records if r.partition == tp.partition]
        rest = [r.offset for r in second.records if r.partition == tp.partition]
        assert mine[-1] < first.next_offsets[tp] <= (rest[0] if rest else batch.next_offsets[tp])
    assert second.next_offsets == batch.next_offsets
    assert [row.log_end for row in batch.positions({})] == [1000] * len(following)


def test_position_rows_are_sorted_and_carry_business_times() -> None:
    batch = Batch("g", (), {C: 3, A: 1}, {C: 2})
    rows = batch.positions({A: NOON})
    assert [tuple(row) for row in rows] == [
        ("g", "t", 0, 1, 1, NOON),
        ("g", "t", 2, 3, 3, None),
    ]


def test_what_is_held_knows_what_is_durable_and_what_kafka_should_hear() -> None:
    held = Held("g")
    held.take({A: 5, B: 0}, {A: 10, B: 0}, {A: Position(5, 10, NOON)}, {A: 5, B: None}, now=0)
    assert held.lag() == {A: 5, B: 0}
    assert held.to_commit() == {B: 0}
    batch = held.batch({}, {}, now=1)
    assert batch is not None
    assert batch.next_offsets == {B: 0}, "a row for the partition that has none"
    held.done(batch, {})
    assert held.batch({}, {}, now=1) is None
    held.see_ends({A: 12, C: 99})
    moved = held.batch({}, {A: 7}, now=1)
    assert moved is not None
    assert (moved.next_offsets, moved.ends) == ({A: 7}, {A: 12})
    held.done(moved, {A: NOON + HOUR})
    held.committed({B: 0})
    assert held.to_commit() == {A: 7}
    held.drop()
    assert held.partitions() == []


def test_a_partition_that_delivers_nothing_does_not_hold_the_others_back_for_ever() -> None:
    held = Held("g")
    stored = {A: Position(0, 9, NOON), B: Position(0, 9, NOON + HOUR * 48)}
    held.take({A: 0, B: 0}, {A: 9, B: 9}, stored, {}, now=100)
    assert held.to_read(now=101, patience=30) == [A]
    assert held.to_read(now=131, patience=30) == [A, B]
