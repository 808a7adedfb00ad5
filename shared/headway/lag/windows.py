"""What Burrow's rules judge by: the windows of every partition, fed with commits and log ends."""

from collections.abc import Collection, Mapping

from aiokafka import TopicPartition

from headway.lag.burrow import (
    GroupStatus,
    LogEnd,
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
        self._seen: Collection[TopicPartition] = ()

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

    def ends(self, ends: Mapping[TopicPartition, int], now: float, topics: Collection[str]) -> None:
        """Where logs end now; those of other topics than these are forgotten.

        A partition that has no leader has no end now, but keeps its commits: they are told once.
        """
        self._seen = ends.keys()
        kept = {tp: ring for tp, ring in self._rings.items() if tp.topic in topics}
        self._rings = kept | {
            tp: ended(kept.get(tp, ()), end, now, self._rules) for tp, end in ends.items()
        }
        for windows in self._windows.values():
            for tp in [tp for tp in windows if tp.topic not in topics]:
                del windows[tp]

    def keep(self, groups: Collection[str], now: float) -> None:
        """Forget all other groups, and those whose last commit is too old to be looked at."""
        oldest_ms = (int(now) - self._rules.expire_group) * 1000
        self._windows = {
            name: kept
            for name, kept in self._windows.items()
            if name in groups and any(window[-1].at_ms >= oldest_ms for window in kept.values())
        }

    def partition(
        self, group: str, tp: TopicPartition, now: float, level_until: float | None = None
    ) -> PartitionStatus:
        """One partition's word.

        `level_until` is until when the log had ended where the group has committed, if that is
        known: it stands in for log ends that were not looked at yet, and for nothing later.
        """
        window, ring = self._windows.get(group, {}).get(tp, ()), self._rings.get(tp, ())
        if window and level_until is not None and len(ring) < self._rules.intervals:
            window, ring = with_past(window, ring, level_until, now, self._rules)
        return partition_status(window, ring, now, self._rules)

    def group(
        self, group: str, now: float, level_until: Mapping[TopicPartition, float]
    ) -> GroupStatus:
        """A group's word, over all partitions with a leader of the topics it has committed in."""
        topics = {tp.topic for tp in self._windows.get(group, ())}
        return group_status(
            [
                self.partition(group, tp, now, level_until.get(tp))
                for tp in self._seen
                if tp.topic in topics
            ]
        )


def with_past(
    window: Window, ring: Ring, level_until: float, now: float, rules: Rules
) -> tuple[Window, Ring]:
    """Window and ring as they would be, had somebody watched when the log was level. Pure.

    After a start commits of the past are held against the log's present end, which makes a quiet
    partition with one new record look as if its group had stood still.
    """
    offset = window[-1].offset
    window = tuple(
        commit._replace(lag=0)
        if commit.offset == offset and commit.at_ms < level_until * 1000
        else commit
        for commit in window
    )
    if now - level_until < rules.intervals * rules.offset_refresh:
        ring = (LogEnd(offset, level_until), *ring)
    return window, ring
