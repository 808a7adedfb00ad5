"""Applying a batch until it is durable, whatever happens: retry, redo, halve, refuse."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from aiokafka import TopicPartition

from headway.errors import LookAgain
from headway.runtime import metrics
from headway.runtime.fail_points import fail_point
from headway.runtime.logging import event
from headway.stream.backoff import Backoff
from headway.stream.batch import Applied, Batch, Position
from headway.stream.errors import Verdict, classify, lost_database
from headway.stream.takeover import Restored

REDO_LIMIT = 10
"""A key lost this often in a row is not a race; the record that holds it is looked for."""


class BatchHandler(Protocol):
    """What a service does with its records. Every method is retried, so each must be idempotent."""

    async def positions(
        self, partitions: Sequence[TopicPartition]
    ) -> Mapping[TopicPartition, Position]:
        """Where the database stands; partitions it has never read are missing."""
        ...

    async def apply(self, batch: Batch) -> Applied:
        """Apply the batch, with its `positions()`, in one transaction; durable on return.

        The batch may hold no records. Errors are raised as they come: the consumer judges.
        """
        ...

    async def poison(self, batch: Batch, error: Exception) -> None:
        """Dead-letter the one record of `batch`, which the database refuses with `error`.

        In one transaction with the batch's positions.
        """
        ...

    async def taken_over(self) -> None:
        """All partitions were compared with what Kafka knows; `restored` came before if need be."""
        ...

    async def restored(self, partitions: Mapping[TopicPartition, Restored]) -> None:
        """The database was restored to an earlier point: start a new epoch."""
        ...


class Applier:
    """Settles batches with a handler.

    `wait(seconds)` is awaited between retries and keeps the group membership alive;
    `done(batch, applied)` is called after each transaction that became durable, for a whole
    batch or a part of it.
    """

    def __init__(
        self,
        handler: BatchHandler,
        group: str,
        wait: Callable[[float], Awaitable[None]],
        done: Callable[[Batch, Applied], None],
        timeout: float = 60.0,
    ) -> None:
        self._handler = handler
        self._group = group
        self._wait = wait
        self._done = done
        self._timeout = timeout
        self.failures = 0
        """Tries that failed, of all batches so far."""

    async def settle(self, batch: Batch) -> None:
        """Return when every record of the batch is applied or dead-lettered.

        Raises LookAgain once the database was out of reach, and what is fatal. May be cancelled at
        any time: what was not done is not durable.
        """
        refusal = await self._try(batch, lambda: self._handler.apply(batch))
        if refusal is None:
            return
        if len(batch) == 1:
            await self._refuse(batch, refusal)
            return
        for half in batch.halves():
            await self.settle(half)
            fail_point("consumer.in_halving")

    async def _refuse(self, batch: Batch, cause: Exception) -> None:
        async def poison() -> Applied:
            await self._handler.poison(batch, cause)
            return Applied({}, {"refused": len(batch)})

        refusal = await self._try(batch, poison)
        if refusal is not None:
            # Even its dead letter is refused: nobody but a person can go on from here.
            raise refusal

    async def _try(self, batch: Batch, act: Callable[[], Awaitable[Applied]]) -> Exception | None:
        """Run `act` until it works; returns what to halve for, if it must be; raises if fatal."""
        backoff, redone = Backoff(), 0
        while True:
            try:
                async with asyncio.timeout(self._timeout):
                    applied = await act()
            except Exception as error:
                verdict = classify(error)
                if verdict is Verdict.HALVE and not len(batch):
                    verdict = Verdict.FATAL
                if verdict is Verdict.REDO:
                    redone += 1
                    if redone > REDO_LIMIT and len(batch):
                        verdict = Verdict.HALVE
                self._tell(batch, verdict, error)
                if verdict is Verdict.FATAL or isinstance(error, LookAgain):
                    raise
                if verdict is Verdict.HALVE:
                    return error
                if verdict is Verdict.RETRY:
                    await self._wait(backoff.next())
                    if lost_database(error):
                        raise LookAgain(str(error)) from error
                continue
            self._done(batch, applied)
            return None

    def _tell(self, batch: Batch, verdict: Verdict, error: Exception) -> None:
        self.failures += 1
        metrics.BATCH_TROUBLE.labels(self._group, verdict.value).inc()
        event(
            "batch-trouble",
            f"batch not applied: {verdict.value}",
            level=30,
            group=self._group,
            verdict=verdict.value,
            records=len(batch),
            error=f"{type(error).__name__}: {error}",
        )
