"""Burrow's rules, each alone, in their order, and how windows are filled."""

from itertools import pairwise

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from headway.lag.burrow import (
    Commit,
    LogEnd,
    PartitionStatus,
    Ring,
    Rules,
    Status,
    Window,
    committed,
    ended,
    group_status,
    partition_status,
)
from headway.lag.commits import OffsetCommit
from headway.lag.windows import Windows

RULES = Rules(intervals=5)
TP = TopicPartition("orders", 0)
START = 1_800_000_000


def window(*commits: tuple[int, int]) -> Window:
    """One commit a second from START on, each (offset, lag)."""
    return tuple(
        Commit(offset, (START + at) * 1000, lag) for at, (offset, lag) in enumerate(commits)
    )


def ring(*offsets: int) -> Ring:
    return tuple(LogEnd(offset, START + 10 * at) for at, offset in enumerate(offsets))


def word(commits: Window, ends: Ring, now: float = START + 4, rules: Rules = RULES) -> Status:
    return partition_status(commits, ends, now, rules).status


SLOW = window((10, 10), (11, 12), (12, 12), (13, 15), (14, 16))
STUCK = window((10, 10), (10, 12), (10, 14), (10, 16), (10, 18))
BACK = window((10, 10), (11, 12), (3, 22), (4, 23), (5, 25))


@pytest.mark.parametrize(
    ("said", "commits", "end", "now"),
    [
        pytest.param(Status.OK, window((10, 0), (11, 0)), 11, START + 900, id="level is never bad"),
        pytest.param(Status.OK, window((10, 10), (12, 0), (12, 3), (12, 5), (12, 8)), 20, START + 4,
                     id="level at some time of the window"),
        pytest.param(Status.OK, window((10, 10), (11, 12), (13, 11), (14, 13), (15, 14)), 29,
                     START + 4, id="the lag fell once"),
        pytest.param(Status.WARN, SLOW, 30, START + 4, id="slow"),
        pytest.param(Status.WARN, window((10, 5), (11, 5)), 16, START + 1, id="lag that stays"),
        pytest.param(Status.STALL, STUCK, 28, START + 4, id="commits what it had committed"),
        pytest.param(Status.STOP, STUCK, 28, START + 9, id="stop comes before stall"),
        pytest.param(Status.STALL, STUCK, 28, START + 8, id="as long as the window is not yet"),
        pytest.param(Status.STOP, window((10, 10)), 20, START + 1, id="one commit, then silence"),
        pytest.param(Status.STOP, window((10, 0), (12, 0)), 20, START + 900,
                     id="stop comes before having been level in the window"),
        pytest.param(Status.REWIND, BACK, 30, START + 4, id="went back"),
        pytest.param(Status.STOP, BACK, 30, START + 9, id="stop comes before rewind"),
        pytest.param(Status.REWIND, window((30, 0), (31, 0), (3, 28), (4, 28)), 32, START + 3,
                     id="went back from where it was level"),
        pytest.param(Status.WARN, window((10, 5), (9, 6), (10, 6), (11, 7), (12, 8)), 20, START + 4,
                     id="went back and made up for it"),
    ],
)  # fmt: skip
def test_each_rule_in_its_order(said: Status, commits: Window, end: int, now: int) -> None:
    assert word(commits, ring(end), now) is said


def test_a_quiet_partition_that_gets_one_record_does_not_flash_stop() -> None:
    quiet = window((10, 0), (11, 0))
    assert word(quiet, ring(11, 11, 12), START + 3600) is Status.OK
    assert word(quiet, ring(12, 12, 12), START + 3600) is Status.STOP


def test_lag_is_that_of_now_and_not_that_of_the_last_commit() -> None:
    """A stopped consumer looks fine by what it last committed: burrow_exporter 26."""
    stopped = window((10, 5), (15, 0))
    assert partition_status(stopped, ring(90), START + 60, RULES) == (Status.STOP, 0.4, 75)


def test_limits_that_can_be_set() -> None:
    assert word(STUCK, ring(28), rules=Rules(intervals=5, allowed_lag=18)) is Status.OK
    assert word(STUCK, ring(28), rules=Rules(intervals=6, minimum_complete=0.9)) is Status.OK
    assert word(STUCK, ring(28), rules=Rules(intervals=6, minimum_complete=0.8)) is Status.STALL


def test_nothing_is_known_of_a_partition_without_commits() -> None:
    assert partition_status((), ring(5), START, RULES) == (Status.OK, 0.0, 0)


def fed(rules: Rules, ends: int, commits: tuple[int, ...] = (10, 11)) -> Windows:
    """Windows after a start, long after a group has committed, with so many looks at the log."""
    windows = Windows(rules)
    windows.begin({TP: 12}, START + 3600)
    for at, offset in enumerate(commits):
        made = OffsetCommit("g", TP.topic, TP.partition, offset, (START + at) * 1000)
        windows.commit(made, START + 3600)
    for look in range(ends):
        windows.ends({TP: 12}, START + 3600 + 10 * look, [TP.topic])
    return windows


@pytest.mark.parametrize("commits", [(11,), (10, 11), (11, 11)])
def test_after_a_start_a_quiet_partition_that_got_one_record_is_well(
    commits: tuple[int, ...],
) -> None:
    """How the log ended before is not known, but until when it was level is."""
    windows, now = fed(RULES, 1, commits), START + 3600
    assert windows.partition("g", TP, now).status is Status.STOP, "as it would be without"
    assert windows.partition("g", TP, now, now - 49).status is Status.OK
    assert windows.group("g", now, {TP: now - 49.0}).status is Status.OK
    # Who was level for too long ago has stopped.
    assert windows.partition("g", TP, now, now - 50).status is Status.STOP


def test_who_committed_with_records_waiting_was_not_level() -> None:
    windows = fed(RULES, 1, (11, 11))
    assert windows.partition("g", TP, START + 3600, START - 1).status is Status.STOP
    assert windows.partition("g", TP, START + 2, START - 1).status is Status.STALL


def test_a_group_that_has_not_committed_for_long_is_not_found() -> None:
    windows, last = fed(RULES, 1), START + 1
    windows.keep(["g"], last + RULES.expire_group)
    assert windows.group("g", last + 3600, {}).status is Status.ERR
    windows.keep(["g"], last + RULES.expire_group + 1)
    assert windows.group("g", last + 3600, {}).status is Status.NOTFOUND


def test_windows_outlast_a_leader_and_not_their_topic() -> None:
    windows, now = fed(RULES, 1), START + 3600.0
    before = windows.partition("g", TP, now)
    windows.ends({}, now, [TP.topic])
    assert windows.group("g", now, {}).status is Status.NOTFOUND, "without a leader: left out"
    windows.ends({TP: 12}, now, [TP.topic])
    assert windows.partition("g", TP, now) == before
    assert before.complete == 2 / 5
    windows.ends({}, now, [])
    windows.ends({TP: 12}, now, [TP.topic])
    assert windows.partition("g", TP, now).complete == 0


@given(st.integers(0, 200), st.integers(5, 12))
def test_once_the_ring_is_full_only_burrows_rules_say_the_word(ago: int, looks: int) -> None:
    windows, now = fed(RULES, looks), START + 3600 + 10 * looks
    assert windows.partition("g", TP, now, now - ago) == windows.partition("g", TP, now)


@pytest.mark.parametrize(
    ("partitions", "status", "complete"),
    [
        ([], Status.NOTFOUND, 0.0),
        ([(Status.OK, 0.0)], Status.NOTFOUND, 0.0),
        ([(Status.OK, 1.0), (Status.WARN, 0.8)], Status.WARN, 0.5),
        ([(Status.OK, 1.0), (Status.STALL, 1.0)], Status.ERR, 1.0),
        ([(Status.REWIND, 0.2), (Status.OK, 0.0), (Status.OK, 1.0)], Status.ERR, 1 / 3),
    ],
)
def test_a_group_is_as_bad_as_its_worst_partition(
    partitions: list[tuple[Status, float]], status: Status, complete: float
) -> None:
    told = [PartitionStatus(word, filled, 0) for word, filled in partitions]
    assert group_status(told) == (status, complete)


def test_frequent_commits_replace_the_last_and_keep_its_time() -> None:
    held: Window = ()
    for at_ms, offset in ((0, 1), (400, 2), (999, 3), (1000, 4), (1900, 5)):
        held = committed(held, offset, START * 1000 + at_ms, ring(9), START + 2, RULES)
    assert held == (Commit(3, START * 1000, 6), Commit(5, START * 1000 + 1000, 4))


def test_commits_that_burrow_drops() -> None:
    now = START + RULES.expire_group
    old = committed((), 1, START * 1000 - 1, ring(9), now, RULES)
    assert old == ()
    assert committed((), 1, START * 1000, ring(9), now, RULES) != ()
    assert committed((), 1, START * 1000, (), START, RULES) == ()


def test_a_commit_beyond_the_end_that_was_known_leaves_no_lag() -> None:
    assert committed((), 12, START * 1000, ring(9), START, RULES)[0].lag == 0


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 3000)), max_size=40),
    st.integers(1, 8),
)
def test_a_window_holds_the_latest_in_order(steps: list[tuple[int, int]], intervals: int) -> None:
    rules = Rules(intervals=intervals)
    held: Window = ()
    at = START * 1000
    for offset, after_ms in steps:
        at += after_ms
        held = committed(held, offset, at, ring(50), START, rules)
        assert held[-1].offset == offset
        assert len(held) <= intervals
    gaps = [after.at_ms - before.at_ms for before, after in pairwise(held)]
    assert all(gap >= 1000 for gap in gaps)


@given(st.lists(st.floats(0.5, 20), min_size=1, max_size=60))
def test_looking_more_often_does_not_shorten_what_the_ring_spans(steps: list[float]) -> None:
    held: Ring = ()
    now = float(START)
    for offset, step in enumerate(steps):
        now += step
        held = ended(held, offset, now, RULES)
        assert held[-1] == LogEnd(offset, now)
    assert len(held) <= RULES.intervals
    gaps = [after.at - before.at for before, after in pairwise(held)]
    assert all(round(gap) >= RULES.offset_refresh for gap in gaps[:-1])


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=5),
    st.integers(0, 40),
    st.integers(0, 20),
)
def test_what_the_words_mean(commits: list[tuple[int, int]], end: int, later: int) -> None:
    """Whatever happened: each word only where its meaning holds."""
    held = window(*commits)
    now = held[-1].at_ms // 1000 + later
    status, _, lag = partition_status(held, ring(end), now, RULES)
    offsets = [commit.offset for commit in held]
    if lag == 0:
        assert status is Status.OK
    if status is Status.STALL:
        assert len(set(offsets)) == 1
    if status is Status.REWIND:
        assert offsets != sorted(offsets)
    if status is Status.STOP:
        assert later > len(commits) - 1
    if status is Status.WARN:
        lags = [commit.lag for commit in held]
        assert lags == sorted(lags)
        assert min(lags) > 0
