"""Decides messages whose time has come by notify's clock, and announces new programmes."""

from collections.abc import Callable

import mode

from headway.operations.jobs import JobLog
from headway.runtime.clock import Clock
from headway.runtime.health import Health
from headway.stream.positions import Pool
from headway_notify import metrics
from headway_notify.announcing import Announcer
from headway_notify.judging import Judge
from headway_notify.patience import patiently

DECIDE_AT_ONCE = 1000
LOOK_EVERY = 0.2
"""Seconds between looks when nothing was over."""
ANNOUNCE_EVERY = 5.0
"""Seconds between looks for a new programme."""


class Planner(mode.Service):
    """Looks for messages that are due and decides them. Any number of processes may run one."""

    def __init__(
        self,
        judge: Judge,
        announcer: Announcer,
        clock: Clock,
        wake: Callable[[], None],
        health: Health,
        pool: Callable[[], Pool],
    ) -> None:
        super().__init__()
        self._judge = judge
        self._announcer = announcer
        self._clock = clock
        self._wake = wake
        self._health = health
        self._decisions = JobLog(pool, "notify.decide", every=LOOK_EVERY)
        self._announcements = JobLog(pool, "notify.announce", every=ANNOUNCE_EVERY)

    @mode.Service.task
    async def _decide_all(self) -> None:
        self._health.expect("notify decisions", within=120)
        while not self.should_stop:
            self._health.beat("notify decisions")
            decided = await patiently(self, "decide", self.run_once)
            if decided is not None:
                await self._decisions.ran(decided)
            if not decided or decided < DECIDE_AT_ONCE:
                await self.sleep(LOOK_EVERY)

    async def run_once(self) -> int:
        """Decide up to a batch of messages; returns how many."""
        counts = await self._judge.run_once(self._clock.now(), DECIDE_AT_ONCE)
        for outcome, count in counts.items():
            metrics.DECIDED.labels(outcome).inc(count)
        if counts:
            self._wake()
        return sum(counts.values())

    @mode.Service.task
    async def _announce_all(self) -> None:
        while not self.should_stop:
            told = await patiently(
                self, "announce", lambda: self._announcer.run_once(self._clock.now())
            )
            if told is not None:
                await self._announcements.ran(told)
            await self.sleep(ANNOUNCE_EVERY)
