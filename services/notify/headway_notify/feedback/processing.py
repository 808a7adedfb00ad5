"""Works through feedback that was kept: what it means, and what follows from it."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import mode

from headway.operations.jobs import JobLog
from headway.runtime.health import Health
from headway.runtime.logging import event as log
from headway.runtime.logging import failure
from headway.sealing.vault import Vault
from headway.stream.errors import Verdict, classify
from headway.stream.positions import Connection, Pool
from headway_notify import metrics
from headway_notify.feedback import store
from headway_notify.feedback.event import FeedbackEvent
from headway_notify.feedback.generic import generic_events
from headway_notify.feedback.ses import ses_events
from headway_notify.feedback.store import Waiting
from headway_notify.patience import patiently

TAKE_AT_ONCE = 50
LOOK_EVERY = 1.0
"""Seconds between looks when nothing was waiting."""


class SoftBounces(NamedTuple):
    """So many within this time suppress an address."""

    most: int
    window: timedelta


class FeedbackLoop(mode.Service):
    """Works feedback through. Any number of processes may run one."""

    def __init__(
        self,
        pool: Callable[[], Pool],
        vault: Callable[[], Vault],
        soft_bounces: SoftBounces,
        health: Health,
    ) -> None:
        super().__init__()
        self._pool = pool
        self._vault = vault
        self._soft_bounces = soft_bounces
        self._health = health
        self._job = JobLog(pool, "notify.feedback", every=LOOK_EVERY)

    @mode.Service.task
    async def _run(self) -> None:
        self._health.expect("notify feedback", within=120)
        while not self.should_stop:
            self._health.beat("notify feedback")
            taken = await patiently(self, "feedback", self.run_once)
            if taken is not None:
                await self._job.ran(taken)
            if not taken or taken < TAKE_AT_ONCE:
                await self.sleep(LOOK_EVERY)

    async def run_once(self) -> int:
        """Work through some of what waits; how many bodies were taken."""
        async with self._pool().acquire() as connection, connection.transaction():
            waiting = await store.take(connection, TAKE_AT_ONCE)
            for body in waiting:
                await self._work_through(connection, body)
        return len(waiting)

    async def _work_through(self, connection: Connection, body: Waiting) -> None:
        """One body, as a whole or not at all; what fails is put off and keeps nothing else up."""
        try:
            async with connection.transaction():
                for position, event in enumerate(self._events(body)):
                    await self._apply(connection, body, position, event)
                await store.done(connection, body.id)
        except Exception as error:
            if classify(error) in (Verdict.RETRY, Verdict.REDO):
                raise
            failure("feedback", "feedback cannot be worked through", error, feedback=body.id)
            await store.put_off(connection, body.id, type(error).__name__)

    def _events(self, body: Waiting) -> list[FeedbackEvent]:
        text = self._vault().open_body(body.sealed, f"{body.source}:{body.event_id}")
        return ses_events(text.decode()) if body.source == "ses" else generic_events(text)

    async def _apply(
        self, connection: Connection, body: Waiting, position: int, event: FeedbackEvent
    ) -> None:
        """One event; where it cannot be applied it is kept as unknown, and the others go on."""
        try:
            async with connection.transaction():
                await self._follow(connection, body, position, event)
        except Exception as error:
            if classify(error) in (Verdict.RETRY, Verdict.REDO):
                raise
            failure("feedback", "an event cannot be applied", error, feedback=body.id)
            event = FeedbackEvent("unknown", "not applied")
            await store.write_event(connection, body.id, position, event, None)
        metrics.FEEDBACK.labels(body.source, event.event_type).inc()

    async def _follow(
        self, connection: Connection, body: Waiting, position: int, event: FeedbackEvent
    ) -> None:
        digest = self._vault().digest(event.recipient) if "@" in event.recipient else None
        about = await store.find(connection, event, digest)
        await store.write_event(connection, body.id, position, event, about)
        if event.event_type == "unsubscribed" and about is not None:
            await store.unwanted(connection, about)
        elif digest is not None:
            await self._suppress(connection, body, event, digest)
        elif event.event_type in ("bounced", "complained"):
            log("feedback", "a bounce or complaint names no address", level=logging.WARNING,
                feedback=body.id)  # fmt: skip

    async def _suppress(
        self, connection: Connection, body: Waiting, event: FeedbackEvent, digest: bytes
    ) -> None:
        """Whatever keeps this address from being written to. An address that is no good, and a
        complaint, count at once and for everything; what may pass counts when it does not."""
        at = min(event.happened_at or body.received_at, body.received_at)
        if event.event_type == "complained":
            await store.suppress(connection, digest, "complaint", at, event.kind)
        elif event.event_type == "unsubscribed":
            await store.suppress(connection, digest, "unsubscribed_all", at, event.kind)
        elif event.event_type == "bounced" and event.bounce == "hard":
            await store.suppress(connection, digest, "hard_bounce", at, event.kind)
        elif event.event_type == "bounced":
            window = self._soft_bounces.window
            count = await store.count_soft_bounce(connection, digest, body.id, at, window)
            if count >= self._soft_bounces.most:
                await store.suppress(connection, digest, "soft_bounces", at, event.kind)
