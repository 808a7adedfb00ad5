"""One batch of source events, one transaction of the ledger (design: the batch)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import asyncpg
from aiokafka import TopicPartition

from headway.domain.account import Input
from headway.errors import InvariantViolated, Poison
from headway.ledger.books import Books, open_for_members
from headway.ledger.epoch import begin_epoch
from headway.ledger.erasing import forget_again
from headway.ledger.programs import ProgramCache
from headway.ledger.reading import QUERIES, Reached
from headway.ledger.writing import write
from headway.runtime.clock import Clock
from headway.runtime.fail_points import fail_point
from headway.runtime.phases import Phases
from headway.stream.batch import Applied, Batch, Position
from headway.stream.breaker import CircuitBreaker
from headway.stream.dead_letter import (
    dead_letter,
    insert_dead_letters,
    outbox_row,
    rows,
)
from headway.stream.outbox import insert_outbox, shard_of_key
from headway.stream.positions import confirm_reached, read_positions, write_positions
from headway.stream.takeover import Restored
from headway_earn.counting import count_batch, count_letters
from headway_earn.reading import Read, read, repeats_or_conflicts


class EarnHandler:
    """Applies batches to the ledger; `wake` tells the relay that there is something to publish."""

    def __init__(
        self,
        pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"],
        group: str,
        topic_prefix: str,
        clock: Clock,
        wake: Callable[[], None],
        *,
        stop_on_refusals: bool = True,
    ) -> None:
        self._pool = pool
        self._group = group
        self._prefix = topic_prefix
        self._clock = clock
        self._wake = wake
        self._programs = ProgramCache()
        self._breaker = CircuitBreaker(stops=stop_on_refusals)
        self._started: datetime | None = None

    async def positions(
        self, partitions: Sequence[TopicPartition]
    ) -> Mapping[TopicPartition, Position]:
        """Where the ledger stands in those partitions, and which life of its server says so."""
        self._started = await self._pool().fetchval(QUERIES.server_started)
        return await read_positions(self._pool(), self._group, partitions)

    async def apply(self, batch: Batch) -> Applied:
        """Decide every event of the batch and write it all, in at most eight round trips."""
        phases = Phases()
        result = read(batch, self._clock.now())
        batch = batch.until(result.cuts) if result.cuts else batch
        phases.end("decode")
        async with self._pool().acquire() as connection:
            phases.end("connect")
            if not batch.records:
                async with connection.transaction():
                    await confirm_reached(connection, batch)
                    await write_positions(connection, batch.positions())
                return Applied(result.ahead, cuts=result.cuts)
            async with connection.transaction():
                books = await open_for_members(
                    connection,
                    self._programs,
                    [(m, item) for m, item, _ in result.inputs],
                    self._prefix,
                    Reached(self._group, batch.reached, self._started),
                    phases.end,
                )
                self._decide(books, result)
                phases.end("decide")
                breaker = self._breaker.after(_verdicts(batch, result))
                letters = [dead_letter(self._group, record, why) for record, why in result.refused]
                topic = self._prefix + "earn-dead-letters"
                await write(
                    connection,
                    books,
                    positions=batch.positions(result.business_times),
                    dead_letters=list(zip(*rows(letters), strict=True)),
                    outbox=[outbox_row(x, topic, shard_of_key(x.key)) for x in letters],
                )
                if result.erased:
                    await forget_again(connection, result.erased)
                fail_point("earn.before_commit")
                phases.end("write")
            fail_point("earn.after_commit")
        phases.end("commit")
        self._breaker = breaker
        self._wake()
        count_batch(books.decisions, result.repeats, letters)
        facts = {
            "decisions": len(books.decisions),
            "repeats": result.repeats,
            "refused": len(letters),
            "points_events": sum(len(decision.points) for decision in books.decisions),
        }
        # A partition that was cut waits at the time of what comes next in it.
        return Applied(result.business_times | result.ahead, facts, result.cuts, phases.seconds)

    def _decide(self, books: Books, result: Read) -> None:
        for member, item, record in repeats_or_conflicts(result, books.known.inputs):
            try:
                books.decide(books.by_member[member], item)
            except InvariantViolated:
                raise
            except Poison as poison:
                result.refuse(item, record, poison)
            except Exception as error:
                result.refuse(item, record, _undecidable(item, error))

    async def poison(self, batch: Batch, error: Exception) -> None:
        """Dead-letter the one record that the database refuses."""
        letters = [dead_letter(self._group, record, error) for record in batch.records]
        topic = self._prefix + "earn-dead-letters"
        verdict = Poison("refused", "", str(error), stage="write")
        breaker = self._breaker.after(verdict for _ in batch.records)
        async with self._pool().acquire() as connection, connection.transaction():
            await insert_dead_letters(connection, letters)
            await insert_outbox(
                connection,
                [outbox_row(letter, topic, shard_of_key(letter.key)) for letter in letters],
            )
            await write_positions(connection, batch.positions())
        self._breaker = breaker
        self._wake()
        count_letters(letters)

    async def taken_over(self) -> None:
        """The database agrees with Kafka, in this epoch or a new one: others may go on."""
        await self._pool().execute(QUERIES.confirm_epoch)

    async def restored(self, partitions: Mapping[TopicPartition, Restored]) -> None:
        """The database was restored to an earlier point: its versions continue in a new epoch."""
        async with self._pool().acquire() as connection:
            await begin_epoch(
                connection, {f"{tp.topic}-{tp.partition}": r for tp, r in partitions.items()}
            )


def _undecidable(item: Input, error: Exception) -> Poison:
    poison = Poison(
        "undecidable", "", f"{item.kind}: {type(error).__name__}: {error}", stage="decide"
    )
    poison.__cause__ = error
    return poison


def _verdicts(batch: Batch, result: Read) -> list[Poison | None]:
    refused = {(x.topic, x.partition, x.offset): why for x, why in result.refused}
    return [refused.get((x.topic, x.partition, x.offset)) for x in batch.records]
