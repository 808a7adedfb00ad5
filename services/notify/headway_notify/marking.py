"""What became of what was handed over, written in batches; and claims that ran out."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import mode

from headway.operations.jobs import JobLog
from headway.runtime.fail_points import fail_point
from headway.runtime.health import Health
from headway.runtime.logging import event
from headway.stream.positions import Pool
from headway_notify import metrics
from headway_notify.lives import Lives, Mails
from headway_notify.patience import patiently
from headway_notify.roads.answers import Ending
from headway_notify.settings import NotifySettings
from headway_notify.store import Outcome

MARK_EVERY = 0.05
"""Seconds between marks: what was sent in that time is doubled if the process is killed."""


class Marker(mode.Service):
    """Collects outcomes and writes them every few dozen milliseconds.

    While they cannot be written `writable` is not set, and nothing more should be sent: what is
    sent and never marked is sent again.
    """

    def __init__(
        self,
        pool: Callable[[], Pool],
        settings: NotifySettings,
        health: Health,
        lives: Lives[Any] | None = None,
        *,
        resend: bool | None = None,
    ) -> None:
        super().__init__()
        self._pool = pool
        self._settings = settings
        self._health = health
        self._lives = Mails() if lives is None else lives
        self._resend = settings.notify_unknown == "resend" if resend is None else resend
        self._loop_name = f"notify marks {self._lives.road}"
        self._outcomes: list[Outcome] = []
        self._told: Counter[str] = Counter()
        self._told_at = time.monotonic()
        for ending in Ending:
            # From the start, or the first rise is not seen by whoever looks at rates.
            metrics.ROAD_TRIES.labels(self._lives.road, ending.value)
        self.writable = asyncio.Event()
        self.writable.set()

    def add(self, outcome: Outcome) -> None:
        """To be written with the next mark."""
        self._outcomes.append(outcome)
        if not outcome.begun:
            return
        if self._lives.road == Mails.road:
            metrics.HANDED_OVER.labels(outcome.state).inc()
        metrics.ROAD_TRIES.labels(self._lives.road, outcome.state).inc()
        if outcome.state == "unknown":
            metrics.UNSURE.inc()

    async def flush(self) -> None:
        """Write all outcomes there are."""
        outcomes, self._outcomes = self._outcomes, []
        if not outcomes:
            return
        try:
            await self._lives.mark(self._pool(), outcomes)
        except BaseException:
            self._outcomes[:0] = outcomes
            self.writable.clear()
            raise
        self.writable.set()
        fail_point("notify.after_mark")
        self._told.update(outcome.state for outcome in outcomes if outcome.begun)

    @mode.Service.task
    async def _mark(self) -> None:
        self._health.expect(self._loop_name, within=120)
        while not self.should_stop:
            self._health.beat(self._loop_name)
            await patiently(self, "mark", self.flush)
            self._tell()
            await asyncio.sleep(MARK_EVERY)

    @mode.Service.task
    async def _lapse(self) -> None:
        every = min(self._settings.notify_lease_seconds / 4, 5.0)
        log = JobLog(self._pool, f"notify.lapse-{self._lives.road}", every=every)
        while not self.should_stop:
            lapsed = await patiently(
                self, "lapse", lambda: self._lives.lapse(self._pool(), resend=self._resend)
            )
            if lapsed:
                metrics.UNSURE.inc(lapsed)
                event(
                    "mails-unsure", "claims ran out: was it sent?", mails=lapsed,
                    road=self._lives.road,
                )  # fmt: skip
            if lapsed is not None:
                await log.ran(lapsed)
            await self.sleep(every)

    def _tell(self) -> None:
        now = time.monotonic()
        if self._told and now - self._told_at >= 1.0:
            seconds = round(now - self._told_at, 2)
            event(
                "mails", "messages handed over", duration_s=seconds, mails=dict(self._told),
                road=self._lives.road,
            )  # fmt: skip
            self._told.clear()
            self._told_at = now

    async def on_shutdown(self) -> None:
        """Write the last marks, once whoever sends has ended."""
        await self.flush()
