"""Measures every group's lag once, in the order in which no lag comes out too small.

First what the database has applied and what groups have committed, then where logs end: the
other way round, a group that reads on meanwhile would be ahead of the log.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

import asyncpg
from aiokafka import TopicPartition

from headway.lag.burrow import Rules
from headway.lag.cluster import Cluster, Ends
from headway.lag.groups import Group
from headway.lag.record_times import Place
from headway.lag.snapshot import GroupLag, LagSnapshot, PartitionLag, TopicPartitionEnds
from headway.lag.windows import Windows
from headway.stream.positions import QUERIES

Applied = dict[tuple[str, TopicPartition], int]
Times = Mapping[tuple[TopicPartition, int], int | None]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is measured: groups that `wanted` says yes to, topics with the prefix beside theirs.

    Groups whose name starts with `group_prefix` keep their place in the database at `dsn`, where
    one is given.
    """

    wanted: Callable[[str], bool]
    group_prefix: str
    topic_prefix: str
    dsn: str | None = field(repr=False)
    """Not shown: it may hold a password."""


class Meter:
    """Measures again and again on one connected cluster, remembering what Burrow's rules need."""

    def __init__(
        self,
        cluster: Cluster,
        scope: Scope,
        rules: Rules,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cluster = cluster
        self._scope = scope
        self._windows = Windows(rules)
        self._clock = clock

    async def measure(self) -> LagSnapshot:
        """What is so now. Raises what Cluster raises; a database that fails is told in it."""
        applied, database_down = await self._applied()
        groups = {group.name: group for group in await self._cluster.groups(self._scope.wanted)}
        topics = await self._cluster.topics()
        places = _places(groups, applied or {}, topics)
        partitions = self._partitions(places, topics)
        await self._follow(groups, partitions)
        ends = await self._cluster.ends(partitions)
        now = self._clock()
        self._windows.ends({tp: at.end for tp, at in ends.items()}, now, topics)
        known = {
            name: [self._lag(groups.get(name), name, tp, applied, ends[tp]) for tp in tps]
            for name, tps in places.items()
        }
        times = await self._cluster.times(
            _first_waiting(lag)
            for name, lags in known.items()
            for lag in lags
            if name in groups and lag.committed_lag
        )
        return LagSnapshot(
            now,
            tuple(self._group(groups.get(name), name, known[name], times, now) for name in known),
            tuple(
                TopicPartitionEnds(tp.topic, tp.partition, at.begin, at.end)
                for tp, at in ends.items()
            ),
            await self._cluster.brokers(),
            database_asked=self._scope.dsn is not None,
            database_down=database_down,
        )

    async def _applied(self) -> tuple[Applied | None, str]:
        """What the database has applied; or None, and why that is not known."""
        if self._scope.dsn is None:
            return None, ""
        try:
            known = await _positions(self._scope.dsn, self._scope.group_prefix)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            return None, str(error) or type(error).__name__
        return {key: at for key, at in known.items() if self._scope.wanted(key[0])}, ""

    def _partitions(
        self, places: Mapping[str, list[TopicPartition]], topics: Mapping[str, list[int]]
    ) -> list[TopicPartition]:
        """All partitions of topics that are read, or that the prefix makes ours."""
        read = {tp.topic for tps in places.values() for tp in tps}
        ours = self._scope.topic_prefix
        return [
            TopicPartition(topic, number)
            for topic in sorted(topics)
            if topic in read or topic.startswith(ours)
            for number in sorted(topics[topic])
        ]

    async def _follow(self, groups: Collection[str], partitions: list[TopicPartition]) -> None:
        """Feed the windows with what was committed since the last time.

        A commit is held against the end that was known when it came, so the ends of partitions
        that are new are looked up before.
        """
        self._windows.keep(groups, self._clock())
        new = await self._cluster.ends(self._windows.without_end(partitions))
        self._windows.begin({tp: at.end for tp, at in new.items()}, self._clock())
        if self._cluster.tells_commits:
            async for commit in self._cluster.commits(groups):
                self._windows.commit(commit, self._clock())

    def _lag(
        self, group: Group | None, name: str, tp: TopicPartition, applied: Applied | None, at: Ends
    ) -> PartitionLag:
        return PartitionLag(
            name,
            tp.topic,
            tp.partition,
            at.begin,
            at.end,
            committed=group.committed.get(tp) if group else None,
            applied=applied.get((name, tp)) if applied else None,
            in_ledger=applied is not None and name.startswith(self._scope.group_prefix),
            owner=group.owners.get(tp) if group else None,
        )

    def _group(
        self,
        group: Group | None,
        name: str,
        lags: list[PartitionLag],
        times: Times,
        now: float,
    ) -> GroupLag:
        if group is None:
            return GroupLag(name, False, "", None, None, tuple(lags))
        told = self._cluster.knows_commits(name)
        level = _level_until(lags, times)
        partitions = tuple(
            replace(
                lag,
                seconds=_waited(lag, times, now),
                status=self._windows.partition(name, tp, now, level.get(tp)) if told else None,
            )
            for lag in lags
            for tp in [_tp(lag)]
        )
        status = self._windows.group(name, now, level) if told else None
        return GroupLag(name, True, group.state, group.members, status, partitions)


def _places(
    groups: Mapping[str, Group], applied: Applied, topics: Mapping[str, list[int]]
) -> dict[str, list[TopicPartition]]:
    """By group, sorted: where it has committed, is assigned, or has a place in the database."""
    found: dict[str, set[TopicPartition]] = {
        name: {*group.committed, *group.owners} for name, group in groups.items()
    }
    for name, tp in applied:
        found.setdefault(name, set()).add(tp)
    return {
        name: sorted(tp for tp in tps if tp.partition in topics.get(tp.topic, ()))
        for name, tps in sorted(found.items())
    }


def _first_waiting(lag: PartitionLag) -> Place:
    """The record at the committed offset, or the log's first where that one has gone."""
    return Place(_tp(lag), max(lag.committed or 0, lag.begin), lag.end)


def _level_until(lags: list[PartitionLag], times: Times) -> dict[TopicPartition, float]:
    """Until when each log ended at the committed offset: until the record there was written."""
    found = {}
    for lag in lags:
        written_ms = times.get(_first_waiting(lag)[:2])
        if lag.committed is not None and lag.begin <= lag.committed and written_ms is not None:
            found[_tp(lag)] = written_ms / 1000
    return found


def _waited(lag: PartitionLag, times: Times, now: float) -> float | None:
    """Seconds since the first record that waits was written; None where that is not known."""
    place = _first_waiting(lag)[:2]
    if not lag.committed_lag:
        return 0.0
    if place not in times:
        return None
    written_ms = times[place]
    return 0.0 if written_ms is None else max(round(now - written_ms / 1000, 3), 0.0)


def _tp(lag: PartitionLag) -> TopicPartition:
    return TopicPartition(lag.topic, lag.partition)


async def _positions(dsn: str, group_prefix: str) -> Applied:
    # Short, that Kafka can still be measured in time when the database hangs.
    connection = await asyncpg.connect(dsn, timeout=5, command_timeout=5)
    try:
        rows = await connection.fetch(QUERIES.positions_of_groups, group_prefix)
    finally:
        await connection.close()
    return {
        (row["consumer_group"], TopicPartition(row["topic"], row["partition"])): row["next_offset"]
        for row in rows
    }
