"""Measures the lag again and again; the newest snapshot is there for whoever asks."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import mode
from aiokafka.errors import KafkaError

from headway.lag.burrow import Rules
from headway.lag.cluster import Cluster
from headway.lag.measuring import Meter, Scope
from headway.lag.snapshot import GroupLag, LagSnapshot, Sample
from headway.runtime.health import Health
from headway.runtime.logging import event

CANNOT_MEASURE = (KafkaError, OSError, TimeoutError)
"""What a cluster that cannot be measured now raises."""

_LOOP = "lag"
_HANGS_AFTER = 120.0
_GIVES_UP_AFTER = 25.0


class LagWatch(mode.Service):
    """Keeps a snapshot that is never older than `every` seconds and one measurement.

    Where Kafka cannot be measured the snapshot says so and holds nothing else: a lag that was
    true a minute ago must not look like one that is true now; so too where a measurement takes
    longer than `within` seconds, or is cancelled. `points` is how many samples of a group's course
    are kept.
    """

    def __init__(
        self,
        connection: Mapping[str, Any],
        scope: Scope,
        rules: Rules = Rules(),  # noqa: B008
        *,
        every: float = 10.0,
        within: float = _GIVES_UP_AFTER,
        points: int = 120,
        health: Health | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._connection = connection
        self._scope = scope
        self._rules = rules
        self._every = every
        self._within = within
        self._points = points
        self._health = health or Health()
        self._clock = clock
        self._cluster: Cluster | None = None
        self._meter: Meter | None = None
        self._series: dict[str, deque[Sample]] = {}
        self._before: dict[str, GroupLag] = {}
        self._before_at = 0.0
        self._snapshot = LagSnapshot(clock(), down="nothing was measured yet")
        self._health.ready(_LOOP, self._snapshot.down)

    def snapshot(self) -> LagSnapshot:
        """The newest measurement."""
        return self._snapshot

    async def run_once(self) -> LagSnapshot:
        """Measure now, connecting first where that is not done yet; never raises for Kafka."""
        try:
            async with asyncio.timeout(self._within):
                measured = await (await self._connected()).measure()
        except CANNOT_MEASURE as error:
            late = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
            self._put_down(str(error) or late)
        except BaseException:
            self._put_down("the last measurement was broken off")
            raise
        else:
            self._snapshot = self._with_course(measured)
            self._health.ready(_LOOP)
        return self._snapshot

    def _put_down(self, why: str) -> None:
        """Nothing is known now."""
        if not self._snapshot.down:
            event("lag", "the lag cannot be measured", level=logging.WARNING, error=why)
        self._snapshot = LagSnapshot(self._clock(), down=why)
        self._health.ready(_LOOP, why)

    async def close(self) -> None:
        """Leave the cluster; for those who call `run_once` and start no service."""
        cluster, self._cluster, self._meter = self._cluster, None, None
        if cluster is not None:
            await cluster.close()

    async def on_shutdown(self) -> None:
        """Leave the cluster, once nothing is being measured any more."""
        await self.close()

    @mode.Service.task
    async def _run(self) -> None:
        self._health.expect(_LOOP, _HANGS_AFTER + self._every)
        while not self.should_stop:
            started = time.monotonic()
            await self.run_once()
            self._health.beat(_LOOP)
            await self.sleep(max(self._every - (time.monotonic() - started), 0.1))

    async def _connected(self) -> Meter:
        if self._meter is None:
            cluster = Cluster(self._connection)
            await cluster.connect()
            self._cluster = cluster
            self._meter = Meter(cluster, self._scope, self._rules, self._clock)
        return self._meter

    def _with_course(self, measured: LagSnapshot) -> LagSnapshot:
        """The same with each group's rates and its course; groups that have gone lose theirs."""
        passed = measured.at - self._before_at
        groups = []
        for group in measured.groups:
            before = self._before.get(group.name)
            consumed, produced = rates(before, group, passed) if before else (None, None)
            series = self._series.get(group.name) or deque(maxlen=self._points)
            series.append(Sample(measured.at, group.lag, group.seconds, consumed, produced))
            self._series[group.name] = series
            groups.append(
                replace(
                    group,
                    consumed_per_second=consumed,
                    produced_per_second=produced,
                    series=tuple(series),
                )
            )
        self._before = {group.name: group for group in groups}
        self._before_at = measured.at
        self._series = {name: self._series[name] for name in self._before}
        return replace(measured, groups=tuple(groups))


def rates(before: GroupLag, after: GroupLag, seconds: float) -> tuple[float | None, float | None]:
    """Records consumed and produced a second between two samples of a group.

    What was committed counts, so a rewind counts as nothing consumed, not as less than nothing.
    """
    if seconds <= 0:
        return None, None
    known = {(lag.topic, lag.partition): lag for lag in before.partitions}
    consumed = produced = 0
    for lag in after.partitions:
        earlier = known.get((lag.topic, lag.partition))
        if earlier is None:
            continue
        produced += max(lag.end - earlier.end, 0)
        if lag.committed is not None and earlier.committed is not None:
            consumed += max(lag.committed - earlier.committed, 0)
    return consumed / seconds, produced / seconds
