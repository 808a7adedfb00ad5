"""Kafka's part of the status: the groups as the lag watch sees them, and their course so far."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from headway.errors import UserError
from headway.lag import snapshot
from headway.lag.burrow import Rules, Status
from headway.lag.measuring import Scope
from headway.lag.snapshot import GroupLag, PartitionLag
from headway.lag.watching import LagWatch
from headway.status.snapshot import Group, Partition, Sample, Word

_WORDS: Mapping[Status, Word] = {
    Status.NOTFOUND: "NOTFOUND", Status.OK: "OK", Status.WARN: "WARN", Status.ERR: "ERR",
    Status.STOP: "STOP", Status.STALL: "STALL", Status.REWIND: "REWIND",
}  # fmt: skip


class Lagging:
    """Asks Kafka when it is asked."""

    def __init__(
        self, kafka: Mapping[str, Any], *, group_prefix: str, topic_prefix: str, dsn: str,
        rules: Rules = Rules(),  # noqa: B008 (a frozen value)
    ) -> None:  # fmt: skip
        scope = Scope(lambda name: name.startswith(group_prefix), group_prefix, topic_prefix, dsn)
        self.watch = LagWatch(kafka, scope, rules)

    async def groups(self) -> Sequence[Group]:
        """Every group of the installation as it is now. UserError if Kafka cannot be asked."""
        found = await self.watch.run_once()
        if found.down:
            raise UserError(found.down)
        return [_group(group) for group in found.groups]

    async def close(self) -> None:
        """Leave Kafka."""
        await self.watch.close()


def _group(group: GroupLag) -> Group:
    status = group.status
    return Group(
        group=group.name,
        in_kafka=group.in_kafka,
        state=None if status is None else _WORDS[status.status],
        complete=None if status is None else status.complete,
        members=group.members,
        lag=group.lag,
        lag_seconds=group.seconds,
        consumed_per_second=group.consumed_per_second,
        produced_per_second=group.produced_per_second,
        partitions=tuple(_partition(one) for one in group.partitions if _is_told(one)),
        series=tuple(_sample(one) for one in group.series),
    )


def _sample(one: snapshot.Sample) -> Sample:
    return Sample(
        at=datetime.fromtimestamp(one.at, UTC), lag=one.lag,
        consumed_per_second=one.consumed_per_second, produced_per_second=one.produced_per_second,
    )  # fmt: skip


def _is_told(one: PartitionLag) -> bool:
    """Whether there is something to say of a partition: it is behind, or not OK."""
    return bool(one.lag) or (one.status is not None and one.status.status is not Status.OK)


def _partition(one: PartitionLag) -> Partition:
    return Partition(
        topic=one.topic, partition=one.partition,
        state=None if one.status is None else _WORDS[one.status.status],
        lag=one.lag, lag_seconds=one.seconds, committed=one.committed, applied=one.applied,
        end=one.end, owner=one.owner.client_id if one.owner else "",
    )  # fmt: skip
