"""Keeping partitions close together in business time while catching up. Pure."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from aiokafka import TopicPartition

WINDOW = timedelta(days=1)
_NEVER_READ = datetime.min.replace(tzinfo=UTC)


def held_back(
    times: Mapping[TopicPartition, datetime],
    lagging: Collection[TopicPartition],
    window: timedelta = WINDOW,
) -> set[TopicPartition]:
    """The partitions to leave unread for now.

    `times` is the latest business time read in each partition, `lagging` the partitions with
    records still to come. A partition more than `window` ahead of the slowest lagging one waits
    for it; one never read counts as slowest, so each is read once before any runs ahead. The
    slowest itself is never held back, so there is always something to read.
    """
    if not lagging:
        return set()
    floor = min(times.get(tp, _NEVER_READ) for tp in lagging)
    if floor == _NEVER_READ:
        return set(times)
    return {tp for tp, reached in times.items() if reached - floor > window}
