"""What Burrow's rules judge by: the windows of every partition, fed with commits and log ends."""

from collections.abc import Collection, Mapping

from aiokafka import TopicPartition

from headway.lag.burrow import (
    GroupStatus,
    PartitionStatus,
    Ring,
    Rules,
    Window,
    committed,
    ended,
    group_status,
    partition_status,
)
from headway.lag.commits import OffsetCommit


class Windows:
    """Windows by group and partition, and a ring of log ends by partition."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._windows: dict[str, dict[TopicPartition, Window]] = {}
        self._rings: dict[TopicPartition, Ring] = {}

    def without_end(self, partitions: Collection[TopicPartition]) -> list[TopicPartition]:
        """Those whose log end was never told; commits there would be dropped."""
        return [tp for tp in partitions if tp not in self._rings]

    def commit(self, commit: OffsetCommit, now: float) -> None:
        """One more commit, or the end of a partition's commits."""
        windows = self._windows.setdefault(commit.group, {})
        tp = TopicPartition(commit.topic, commit.partition)
        if commit.offset is None:
            windows.pop(tp, None)
            return
        ring = self._rings.get(tp, ())
        window = committed(windows.get(tp, ()), commit.offset, commit.at_ms, ring, now, self._rules)
        if window:
            windows[tp] = window

    def begin(self, ends: Mapping[TopicPartition, int], now: float) -> None:
        """Where the logs of partitions that are new end."""
        for tp, end in ends.items():
            self._rings[tp] = ended((), end, now, self._rules)

    def ends(self, ends: Mapping[TopicPartition, int], now: float) -> None:
        """Where logs end now; partitions that are not among them any more are forgotten."""
        self._rings = {
            tp: ended(self._rings.get(tp, ()), end, now, self._rules) for tp, end in ends.items()
        }
        for windows in self._windows.values():
            for tp in [tp for tp in windows if tp not in ends]:
                del windows[tp]

    def keep(self, groups: Collection[str]) -> None:
        """Forget all other groups."""
        self._windows = {name: kept for name, kept in self._windows.items() if name in groups}

    def partition(self, group: str, tp: TopicPartition, now: float) -> PartitionStatus:
        """One partition's word."""
        window = self._windows.get(group, {}).get(tp, ())
        return partition_status(window, self._rings.get(tp, ()), now, self._rules)

    def group(self, group: str, now: float) -> GroupStatus:
        """A group's word, over all partitions of the topics that it has committed in."""
        topics = {tp.topic for tp in self._windows.get(group, ())}
        return group_status(
            [self.partition(group, tp, now) for tp in self._rings if tp.topic in topics]
        )
