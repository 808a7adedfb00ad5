"""Reads Kafka in batches and has each applied durably before it reads on.

The database is the truth about how far a group is; Kafka's committed offsets follow it, for
people and tools to see. Nothing here decides what a record means: that is the handler's.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace

import mode
from aiokafka import TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import IllegalStateError, KafkaError

from headway.errors import LookAgain, Retryable
from headway.runtime import metrics
from headway.runtime.fail_points import fail_point
from headway.runtime.health import Health
from headway.runtime.logging import event, failure
from headway.stream.assignment import Held
from headway.stream.backoff import Backoff
from headway.stream.batch import Applied, Batch
from headway.stream.errors import Verdict, classify, passes
from headway.stream.halving import Applier, BatchHandler
from headway.stream.reader import LOST_POSITION, ConsumerOptions, Fetched, Reader
from headway.stream.takeover import restored_partitions, starting_point
from headway.stream.telling import BatchLine, count_applied, count_batch, stamps_by_topic

__all__ = ["BatchConsumer", "BatchHandler", "ConsumerOptions"]


class BatchConsumer(mode.Service):
    """One member of a consumer group.

    `hold` is asked before each batch: while it returns a reason, everything is paused.
    `before_leaving` is awaited at the end, after the last offsets were committed and before
    the group is left: the place to let a relay finish.
    """

    def __init__(
        self,
        options: ConsumerOptions,
        handler: BatchHandler,
        health: Health,
        *,
        hold: Callable[[], str] = lambda: "",
        before_leaving: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__()
        self._options = options
        self._handler = handler
        self._health = health
        self._hold = hold
        self._before_leaving = before_leaving
        self._held = Held(options.group)
        self._reader = Reader(options, _Listener(self))
        self._applier = Applier(handler, options.group, self._idle, self._done)
        self._takeover_due = False
        self._looked = 0.0
        self._assigned: frozenset[TopicPartition] = frozenset()
        self._generation = 0
        self._work: asyncio.Task[None] | None = None
        self._committing = asyncio.Lock()
        self._loop_ended = asyncio.Event()
        self._loop_ended.set()
        self._line = BatchLine()
        self._part = f"consumer {options.group} {options.member}".strip()

    @mode.Service.task
    async def _run(self) -> None:
        self._loop_ended.clear()
        self._tell_of_none()
        self._health.ready(self._part, "not connected to Kafka yet")
        self._health.expect(self._part, within=120)
        try:
            await self._connect()
            while not self.should_stop:
                self._beat()
                await self.run_once()
        except Exception as error:
            failure("fatal", "the consumer cannot go on", error, group=self._options.group)
            raise
        finally:
            self._health.ready(self._part, "stopped")
            self._loop_ended.set()

    def _tell_of_none(self) -> None:
        """Have the series that alerts look at from the start, or their first rise is not seen."""
        metrics.REBALANCES.labels(self._options.group)
        for verdict in Verdict:
            metrics.BATCH_TROUBLE.labels(self._options.group, verdict.value)

    async def _connect(self) -> None:
        backoff = Backoff()
        while not self.should_stop:
            self._beat()  # Waiting for Kafka is no reason to be restarted.
            try:
                await self._reader.connect()
                return
            except (KafkaError, OSError, Retryable) as error:
                event("consumer", "not connected", level=logging.WARNING, error=str(error))
                self._health.ready(self._part, f"Kafka at {self._options.kafka}: {error}")
            await self.sleep(backoff.next())

    async def run_once(self) -> int:
        """One turn of the loop: take over, pause, or read and apply; returns records read."""
        if self._takeover_due:
            await self._as_work(self._take_over())
            return 0
        if reason := self._hold():
            event("hold", reason, group=self._options.group)
            await self._idle(1.0)
            return 0
        generation = self._generation
        fetched = await self._fetch()
        if generation != self._generation or self._takeover_due or self.should_stop:
            return 0  # Whoever holds the partitions next seeks anew: nothing is lost.
        if not fetched:
            await self._look_around()
        batch = await self._next_batch(fetched)
        if batch is None or generation != self._generation or self._takeover_due:
            return 0
        await self._apply(batch)
        return len(batch)

    async def _fetch(self) -> Fetched:
        held = self._held.partitions()
        ready = self._held.to_read(time.monotonic(), self._options.patience)
        metrics.HELD_BACK.labels(self._options.group).set(len(held) - len(ready))
        try:
            return await self._reader.fetch(ready, everything=len(ready) == len(held))
        except KafkaError as error:
            if not (passes(error) or isinstance(error, LOST_POSITION)):
                raise
            event("consumer", "read failed", level=logging.WARNING, error=repr(error))
        # The client may have moved past records that were not handed over: seek again. That also
        # says plainly what is wrong with a position that is out of range.
        self._reader.halt(self._held.partitions())
        self._takeover_due = True
        return {}

    def _start_over(self) -> None:
        """Take over what is held once more, from where the database says."""
        self._reader.halt(self._held.partitions())
        self._takeover_due = True

    async def _look_around(self) -> None:
        """Now and then, while nothing comes in: is the database still where it was?"""
        now = time.monotonic()
        if now - self._looked < self._options.look_every or not self._held.partitions():
            return
        self._looked = now
        reached = self._held.reached()
        try:
            stored = await self._handler.positions(self._held.partitions())
        except Exception as error:
            if classify(error) is not Verdict.RETRY:
                raise
            return
        if any(tp not in stored or stored[tp].next_offset < at for tp, at in reached.items()):
            self._start_over()
        else:
            await self._handler.taken_over()

    async def _next_batch(self, fetched: Fetched) -> Batch | None:
        held = self._held.partitions()
        ends = {tp: end for tp in held if (end := self._reader.end(tp)) is not None}
        self._held.see_ends(ends)
        reached: dict[TopicPartition, int] = {}
        if not fetched:  # Transaction markers move a position without bringing a record.
            for tp in held:
                at = await self._reader.position(tp)
                if at is not None:
                    reached[tp] = at
        return self._held.batch(fetched, reached, time.monotonic())

    async def _apply(self, batch: Batch) -> None:
        started, failed_before = time.monotonic(), self._applier.failures
        self._line = BatchLine()
        try:
            await self._as_work(self._applier.settle(batch))
        except LookAgain:
            # What was durable is in the positions; what was not is read again.
            self._start_over()
            return
        if not len(batch):
            return
        seconds = time.monotonic() - started
        count_batch(self._options.group, len(batch), seconds)
        self._line.write(
            self._options.group,
            seconds,
            lag=sum(self._held.lag().values()),
            retries=self._applier.failures - failed_before,
        )

    def _done(self, batch: Batch, applied: Applied) -> None:
        if applied.cuts:
            batch = batch.until(applied.cuts)
            self._reader.seek_back(applied.cuts)
        self._held.done(batch, applied.business_times)
        by_topic = stamps_by_topic(batch)
        self._line.add(applied, by_topic)
        count_applied(self._options.group, applied, by_topic)
        lags = self._held.lag()
        for tp in batch.next_offsets:
            if tp in lags:
                metrics.LAG.labels(self._options.group, tp.topic, tp.partition).set(lags[tp])

    async def _as_work(self, doing: Coroutine[None, None, None]) -> None:
        """Run what a revocation may cut short; then it is as if it had not been begun."""
        work = self._work = asyncio.create_task(doing)
        try:
            await asyncio.wait({work})
        finally:
            self._work = None
            if not work.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
        if not work.cancelled():
            work.result()

    async def _finish_work(self) -> None:
        """Give the work in flight its time, then cut it short."""
        work = self._work
        if work is None:
            return
        await asyncio.wait({work}, timeout=self._options.finish_within)
        if not work.done():
            event("consumer", "batch dropped: no time to finish it", level=logging.WARNING)
            work.cancel()
            await asyncio.wait({work}, timeout=1.0)

    async def _idle(self, seconds: float) -> None:
        await self._reader.idle(seconds, self._beat)

    def _beat(self) -> None:
        self._health.beat(self._part)

    async def _take_over(self) -> None:
        """Find where to read on, for as long as it takes, and start there."""
        backoff = Backoff()
        while True:
            try:
                await self._find_starts(sorted(self._assigned))
                return
            except Exception as error:
                # IllegalStateError: the group went on without this process (it was frozen, say);
                # the partitions are not its own any more, and the next assignment tells which are.
                passing = passes(error) or isinstance(error, IllegalStateError)
                if not passing and classify(error) is not Verdict.RETRY:
                    raise
                if not passing:
                    # What ends here began as a batch's trouble, and goes on for as long as this.
                    metrics.BATCH_TROUBLE.labels(self._options.group, Verdict.RETRY.value).inc()
                event("takeover", "not yet", level=logging.WARNING, error=repr(error))
                self._health.ready(self._part, f"taking over partitions: {error!r}")
            await self._idle(backoff.next())

    async def _find_starts(self, tps: list[TopicPartition]) -> None:
        group = self._options.group
        every = sorted({*tps, *self._reader.all_partitions()})
        # Kafka first: what others commit meanwhile is in the database by then.
        bounds = await self._reader.bounds(every)
        stored = dict(await self._handler.positions(every))
        reached = self._held.reached()
        known = {
            tp: replace(what, stored=stored.get(tp), reached=reached.get(tp))
            for tp, what in bounds.items()
        }
        starts = {tp: starting_point(group, tp, known[tp]) for tp in tps}
        if lost := restored_partitions(known):
            event("restored", "the database was restored to an earlier point", found=str(lost))
            await self._handler.restored(lost)
        await self._handler.taken_over()
        stored = {tp: position for tp, position in stored.items() if tp in starts}
        known = {tp: known[tp] for tp in tps}
        # From here on nothing is awaited, so the assignment cannot change in between.
        ends = {tp: what.end for tp, what in known.items()}
        committed = {tp: what.committed for tp, what in known.items()}
        self._reader.start_at(starts)
        self._held.take(starts, ends, stored, committed, time.monotonic())
        self._takeover_due = False
        self._health.ready(self._part)
        event("takeover", "partitions taken over", group=group, partitions=len(tps))

    async def revoked(self) -> None:
        """The group is rebalancing: finish, commit what is held, hold nothing."""
        self._reader.revoking = True
        self._generation += 1
        await self._finish_work()
        await self._commit()
        for tp in self._held.partitions():
            # Whoever holds it next tells of it.
            metrics.LAG.remove(self._options.group, tp.topic, tp.partition)
        self._held.drop()

    def assigned(self, partitions: set[TopicPartition]) -> None:
        """These are ours now; the loop takes them over before it reads on."""
        metrics.REBALANCES.labels(self._options.group).inc()
        self._reader.halt(list(partitions))
        self._assigned = frozenset(partitions)
        self._generation += 1
        self._takeover_due = True
        self._reader.revoking = False

    @mode.Service.task
    async def _commit_in_background(self) -> None:
        while not self.should_stop:
            await asyncio.sleep(self._options.commit_every)
            if not self._reader.revoking:
                await self._commit()

    async def _commit(self) -> None:
        async with self._committing:
            offsets = self._held.to_commit()
            if not offsets:
                return
            fail_point("consumer.before_offset_commit")
            done = await self._reader.commit(offsets)
            metrics.OFFSETS_COMMITTED.labels(self._options.group, "ok" if done else "failed").inc()
            if done:
                self._held.committed(offsets)

    async def on_stop(self) -> None:
        """Batch, offsets, relay, group: each with its own time limit."""
        self._health.forget(self._part)
        await self._finish_work()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._loop_ended.wait(), 1.0)
        await self._commit()
        if self._before_leaving is not None:
            await self._before_leaving()
        await self._reader.leave(within=3.0)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Passes the client's rebalance calls on; the client swallows what they raise."""

    def __init__(self, consumer: BatchConsumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._consumer.revoked()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._consumer.assigned(assigned)
