"""Sending dead letters again: each once, whoever else is at it, and each in the audit log."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Literal

import asyncpg
from aiokafka import AIOKafkaProducer

from headway.access import audit
from headway.errors import UserError
from headway.stream.dead_letters.checking import Problem, checked, hindrance
from headway.stream.dead_letters.drafting import Sendable, mended, replayed, unchanged
from headway.stream.dead_letters.kept import QUERIES, Filter, Kept, Page, kept, listed
from headway.stream.dead_letters.pacing import Pace
from headway.stream.positions import Connection

Act = Literal["dlq.replay", "dlq.mend"]
_PAGE = 500
_ROOM = 4 * 1024 * 1024


class StillRefused(UserError):
    """The letter would be refused again; `problem` says what for."""

    def __init__(self, letter: Kept, problem: Problem) -> None:
        super().__init__(f"dead letter {letter.id} would be refused again: {problem}")
        self.problem = problem


class Busy(UserError):
    """Somebody else is sending the letter."""


def target(id: int) -> str:
    """How the audit log names a dead letter."""
    return f"dead-letter:{id}"


@asynccontextmanager
async def producing(kafka: Mapping[str, object]) -> AsyncIterator[AIOKafkaProducer]:
    """A producer for letters; `kafka` says how to reach the brokers, as aiokafka takes it."""
    producer = AIOKafkaProducer(
        **kafka, enable_idempotence=True, acks="all", max_request_size=_ROOM
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def matching(connection: Connection, wanted: Filter) -> list[int]:
    """The ids of the letters that a filter names, oldest first."""
    found: list[int] = []
    while page := await listed(connection, wanted, Page(found[-1] if found else 0, _PAGE)):
        found += [one.id for one in page]
    return found


class Replayer:
    """Sends letters again for one person.

    `connection` is to be in no transaction: each letter has one of its own.
    """

    def __init__(
        self,
        connection: Connection,
        producer: AIOKafkaProducer,
        topic_prefix: str,
        by: audit.Actor,
        pace: Pace,
    ) -> None:
        self._connection = connection
        self._producer = producer
        self._prefix = topic_prefix
        self._by = by
        self._pace = pace

    async def replayed(
        self, id: int, now: datetime, *, again: bool = False, even_bad: bool = False
    ) -> Kept:
        """Send the letter as it came, and answer with it.

        Raises StillRefused if it would be refused again, unless `even_bad`; Busy if somebody is
        sending it; UserError if it cannot be sent, or was already, unless `again`.
        """
        async with self._connection.transaction():
            letter = await self._held(id, again=again, mending=False)
            if not even_bad:
                await self._check(letter, unchanged(letter), now)
            await self._send(letter, unchanged(letter), "dlq.replay")
        return letter

    async def mended_and_replayed(
        self, id: int, text: bytes, now: datetime, *, again: bool = False, rekey: bool = False
    ) -> Kept:
        """Send the letter with this text as its event, and answer with the letter as it was.

        Key (but for `rekey`), headers and topic stay. Raises as `replayed` does: what is still
        bad is never sent.
        """
        async with self._connection.transaction():
            letter = await self._held(id, again=again, mending=True)
            what = mended(letter, text, rekey=rekey)
            await self._check(letter, what, now)
            await self._send(letter, what, "dlq.mend")
        return letter

    async def _held(self, id: int, *, again: bool, mending: bool) -> Kept:
        """The letter, locked, if it may be sent."""
        try:
            letter = kept(id, await self._connection.fetchrow(QUERIES.held, id))
        except asyncpg.LockNotAvailableError:
            raise Busy(f"dead letter {id} is being sent by somebody else") from None
        if reason := hindrance(letter, self._prefix, mending=mending, again=again):
            raise UserError(reason)
        return letter

    async def _check(self, letter: Kept, what: Sendable, now: datetime) -> None:
        if problem := await checked(self._connection, letter, what, self._prefix, now):
            raise StillRefused(letter, problem)

    async def _send(self, letter: Kept, what: Sendable, act: Act) -> None:
        """Mark and record it, then send it: what the database refuses has sent nothing.

        When the commit after the acknowledgement fails, the letter has gone but is not marked, and
        may be sent twice. Its CloudEvents id makes that harmless.
        """
        out = replayed(letter, what)
        await self._pace.turn()
        await self._connection.execute(QUERIES.mark_replayed, letter.id)
        await audit.record(
            self._connection, self._by, act, target(letter.id), topic=letter.topic,
            reason=letter.reason, times=letter.replays + 1,
        )  # fmt: skip
        await self._producer.send_and_wait(
            letter.topic,
            out.value,
            key=out.key,
            partition=letter.partition if out.key is None else None,
            headers=out.headers,
        )
