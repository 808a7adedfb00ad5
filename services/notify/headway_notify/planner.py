"""Decides mails whose business day is over, by notify's clock."""

from collections.abc import Callable

import mode

from headway.runtime.clock import Clock
from headway.runtime.health import Health
from headway.stream.positions import Pool
from headway_notify import metrics, store
from headway_notify.patience import patiently

DECIDE_AT_ONCE = 1000
LOOK_EVERY = 0.2
"""Seconds between looks when nothing was over."""


class Planner(mode.Service):
    """Looks for mails that are due and decides them. Any number of processes may run one."""

    def __init__(
        self,
        pool: Callable[[], Pool],
        clock: Clock,
        group: str,
        contacts_topic: str,
        wake: Callable[[], None],
        health: Health,
    ) -> None:
        super().__init__()
        self._pool = pool
        self._clock = clock
        self._group = group
        self._contacts_topic = contacts_topic
        self._wake = wake
        self._health = health

    @mode.Service.task
    async def _decide_all(self) -> None:
        self._health.expect("notify decisions", within=120)
        while not self.should_stop:
            self._health.beat("notify decisions")
            decided = await patiently(self, "decide", self.run_once)
            if not decided or decided < DECIDE_AT_ONCE:
                await self.sleep(LOOK_EVERY)

    async def run_once(self) -> int:
        """Decide up to a batch of mails; returns how many."""
        counts = await store.decide(
            self._pool(),
            self._clock.now(),
            group=self._group,
            contacts_topic=self._contacts_topic,
            most=DECIDE_AT_ONCE,
        )
        for outcome, count in counts.items():
            metrics.DECIDED.labels(outcome).inc(count)
        if counts:
            self._wake()
        return sum(counts.values())
