"""Where no mail leaves: what still waits for it is ended."""

from collections.abc import Callable

import mode

from headway.runtime.health import Health
from headway.runtime.logging import event
from headway.stream.positions import Pool
from headway_notify import metrics, store
from headway_notify.patience import patiently

LOOK_EVERY = 5.0
"""Seconds between looks for what waits."""


class Unmailed(mode.Service):
    """Ends mails that were decided while mail still left, or that somebody has sent again."""

    def __init__(self, pool: Callable[[], Pool], health: Health) -> None:
        super().__init__()
        self._pool = pool
        self._health = health

    @mode.Service.task
    async def _end_all(self) -> None:
        self._health.expect("notify ends mails", within=120)
        while not self.should_stop:
            self._health.beat("notify ends mails")
            ended = await patiently(self, "end mails", self.run_once)
            if ended:
                event("mails-ended", "no mail leaves here: what waited for it ends", mails=ended)
            else:
                await self.sleep(LOOK_EVERY)

    async def run_once(self) -> int:
        """End some; returns how many. Of claims that ran out nobody knows what became."""
        metrics.UNSURE.inc(await store.lapse(self._pool(), resend=False))
        return await store.end_mails(self._pool())
