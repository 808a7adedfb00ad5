"""Burrow's rules: whether a group keeps up, is slow, stuck or dead. Pure; no threshold anywhere.

The rules are those of Burrow's current source (its evaluator/caching.go and storage/inmemory.go),
with its names and its order. A partition's window holds its last commits, each with the lag it
left; beside it stands a ring of where the log ended lately. Burrow 1.2, which Debian has, differs
in one rule: it forgets a rewind as soon as any commit of the window left no lag, and remembers
one that the group has made up for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple


class Status(IntEnum):
    """Burrow's words, with its numbers: the higher, the worse."""

    NOTFOUND = 0
    OK = 1
    WARN = 2
    ERR = 3
    STOP = 4
    STALL = 5
    REWIND = 6


@dataclass(frozen=True, slots=True)
class Rules:
    """What can be set, under Burrow's names and with what its example settings say.

    `intervals` is how many commits (and log ends) are kept, `min_distance` the seconds within
    which a further commit takes the place of the one before, `offset_refresh` the same for log
    ends, `expire_group` after how many seconds a commit is too old to be looked at.
    """

    intervals: int = 15
    min_distance: int = 1
    offset_refresh: int = 10
    expire_group: int = 7 * 24 * 3600
    allowed_lag: int = 0
    minimum_complete: float = 0.0


class Commit(NamedTuple):
    """One commit: what was committed when (milliseconds since 1970), and the lag it left."""

    offset: int
    at_ms: int
    lag: int


class LogEnd(NamedTuple):
    """Where the log ended (the next record's offset), and when that was seen, in seconds."""

    offset: int
    at: float


Window = tuple[Commit, ...]
Ring = tuple[LogEnd, ...]


class PartitionStatus(NamedTuple):
    """A partition's word; `complete` is how much of its window is filled, from 0 to 1."""

    status: Status
    complete: float
    current_lag: int


class GroupStatus(NamedTuple):
    """A group's word, NOTFOUND, OK, WARN or ERR; `complete` the share of full windows."""

    status: Status
    complete: float


def committed(
    window: Window, offset: int, at_ms: int, ring: Ring, now: float, rules: Rules
) -> Window:
    """The window after one more commit, told in the order of `__consumer_offsets`.

    Commits of partitions whose log end is not known, and those that are too old, are dropped.
    A commit within `min_distance` of the one before replaces it and keeps its time: with the
    new time, a group that commits often would never fill its window.
    """
    if not ring or at_ms < (int(now) - rules.expire_group) * 1000:
        return window
    commit = Commit(offset, at_ms, max(ring[-1].offset - offset, 0))
    if window and at_ms - window[-1].at_ms < rules.min_distance * 1000:
        return (*window[:-1], commit._replace(at_ms=window[-1].at_ms))
    return (*window, commit)[-rules.intervals :]


def ended(ring: Ring, offset: int, now: float, rules: Rules) -> Ring:
    """The ring after the log's end was seen once more.

    Its last entry is the newest; those before it lie `offset_refresh` seconds apart, so that
    looking more often does not shorten the time the ring spans.
    """
    if len(ring) > 1 and round(ring[-1].at - ring[-2].at) < rules.offset_refresh:
        ring = ring[:-1]
    return (*ring, LogEnd(offset, now))[-rules.intervals :]


def partition_status(window: Window, ring: Ring, now: float, rules: Rules) -> PartitionStatus:
    """The word for one partition; OK while nothing, or not enough, is known of it."""
    complete = len(window) / rules.intervals
    if not window:
        return PartitionStatus(Status.OK, complete, 0)
    lag = max(ring[-1].offset - window[-1].offset, 0) if ring else 0
    if lag <= rules.allowed_lag or complete < rules.minimum_complete:
        return PartitionStatus(Status.OK, complete, lag)
    return PartitionStatus(_behind(window, ring, now, rules), complete, lag)


def group_status(partitions: Sequence[PartitionStatus]) -> GroupStatus:
    """The worst of the partitions, ERR for all that is worse than that.

    To be given every partition of the topics that the group has committed in, as Burrow counts;
    NOTFOUND without any commit.
    """
    if not any(partition.complete for partition in partitions):
        return GroupStatus(Status.NOTFOUND, 0.0)
    worst = max(partition.status for partition in partitions)
    full = sum(partition.complete == 1.0 for partition in partitions)
    return GroupStatus(min(worst, Status.ERR), full / len(partitions))


def _behind(window: Window, ring: Ring, now: float, rules: Rules) -> Status:
    """The first rule that holds for a partition that is behind."""
    if _stopped(window, now) and not _recently_level(window, ring):
        return Status.STOP
    if _rewound(window):
        return Status.REWIND
    if any(commit.lag <= rules.allowed_lag for commit in window):
        return Status.OK
    if all(commit.offset == window[0].offset for commit in window):
        return Status.STALL
    if all(after.lag >= before.lag for before, after in pairwise(window)):
        return Status.WARN
    return Status.OK


def _stopped(window: Window, now: float) -> bool:
    """No commit for longer than the whole window took."""
    last = window[-1].at_ms
    return int(now) * 1000 - last > last - window[0].at_ms


def _recently_level(window: Window, ring: Ring) -> bool:
    """The log ended at the last commit not long ago: one new record is no reason for alarm."""
    return any(end.offset <= window[-1].offset for end in ring)


def _rewound(window: Window) -> bool:
    """An offset went back, and the group has not got to where it was before since."""
    for at, (before, after) in enumerate(pairwise(window), start=1):
        if after.offset < before.offset:
            return all(commit.offset < before.offset for commit in window[at:])
    return False
