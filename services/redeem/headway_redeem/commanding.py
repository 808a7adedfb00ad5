"""One command, one transaction of the ledger, one answer kept under the command's key.

Locks are taken in one order: the idempotency key, the account, then what a command takes beside.
The answer is written with what it tells, so a retry gets the same one again however the first try
ended.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import orjson

from headway.contracts import codec
from headway.domain.account import Input
from headway.ledger import redemptions as ledger
from headway.ledger.books import Books, open_locked
from headway.ledger.programs import ProgramCache
from headway.program.program import Programs
from headway.runtime.clock import Clock
from headway.runtime.fail_points import fail_point
from headway.runtime.requests import key_digest, note
from headway_redeem import metrics, problems
from headway_redeem.refusal import Refusal

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

SOURCE = "headway/redeem"


class Command(NamedTuple):
    """What was asked: the input's kind, its key, and the request's path and canonical body."""

    kind: str
    key: str
    path: str
    body: bytes = b""

    @property
    def digest(self) -> bytes:
        """What a retry under the same key must equal."""
        return sha256(b"POST\0%b\0%b" % (self.path.encode(), self.body)).digest()


class Reply(NamedTuple):
    """An answer; `repeated` if it was given before, to the same command."""

    status: int
    body: str
    repeated: bool = False


class Commanding:
    """What every kind of command shares. `wake` tells the relay that there is work."""

    def __init__(
        self, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"], programs: ProgramCache,
        clock: Clock, topic_prefix: str, wake: Callable[[], None], lock_timeout: timedelta,
    ) -> None:  # fmt: skip
        self.clock = clock
        self.programs = programs
        self._pool = pool
        self._prefix = topic_prefix
        self._wake = wake
        self._lock_timeout = lock_timeout

    async def once(
        self, command: Command, work: Callable[["Connection"], Awaitable[Reply]]
    ) -> Reply:
        """Do the work, or answer as the first time. Requests with one key run one after another."""
        began = time.perf_counter()
        async with self._pool().acquire() as connection, connection.transaction():
            kept = await ledger.take_key(connection, command.key, self._lock_timeout)
            if kept is not None:
                reply = _as_before(kept, command)
            else:
                reply = await work(connection)
                await ledger.keep_answer(
                    connection,
                    command.key,
                    ledger.Answer(command.digest, reply.status, reply.body),
                )
            fail_point(f"{command.kind}.before_commit")
        fail_point(f"{command.kind}.after_commit")
        self._wake()
        fail_point("redeem.before_answer")
        _tell(command, reply, time.perf_counter() - began)
        return reply

    async def open(
        self, connection: "Connection", row: asyncpg.Record, at: datetime, command: Command,
        what: Any, body: bytes,
    ) -> tuple[Books, Input]:  # fmt: skip
        """Read a locked account for a command, and the command as the input that it will be.

        `what` is decided on, `body` is how the input log keeps that.
        """

        item = input_of(command, row["member_id"], at, what, body)
        return await self.open_together(connection, [row], {row["account_id"]: item}, command), item

    async def open_together(
        self, connection: "Connection", rows: Sequence[asyncpg.Record],
        items: Mapping[int, Input], command: Command,
    ) -> Books:  # fmt: skip
        """Read several locked accounts, each for the input that it is to decide."""
        books, _ = await open_locked(
            connection, self.programs, rows, lambda row: items[row["account_id"]], self._prefix
        )
        if (SOURCE, command.key) in books.known.inputs:
            # The ledger keeps keys for good, also those whose answers are no longer kept.
            raise Refusal(problems.KEY_REUSED, "This key was used long ago.")
        return books

    async def newest(self, connection: "Connection") -> Programs:
        """The programme as last read. Whether it still is the newest is seen when deciding."""
        if self.programs.known is not None:
            return self.programs.known
        latest = await connection.fetchval(ledger.QUERIES.latest_program)
        return await self.programs.get(connection, latest)

    async def published(self, connection: "Connection") -> Programs | None:
        """The programme as it is published now; None: there is none."""
        latest = await connection.fetchval(ledger.QUERIES.latest_program)
        return await self.programs.get(connection, latest) if latest else None

    def at(self, *accounts: asyncpg.Record) -> datetime:
        """When a command on accounts takes effect: the time of none of them goes back."""
        now = self.clock.now()
        return max(now, *(account["account_time"] or now for account in accounts))


def input_of(command: Command, member_id: str, at: datetime, what: Any, body: bytes) -> Input:
    """A command as the input of a member's account."""
    digest = codec.digest(command.kind, member_id, body)
    return Input(SOURCE, command.key, command.kind, at, what, digest, body)


def refused(refusal: Refusal, command: Command) -> Reply:
    """The answer of a command that was judged and refused."""
    return Reply(int(refusal.kind.status), refusal.body(command.path).decode())


def _as_before(kept: ledger.Answer, command: Command) -> Reply:
    if kept.digest != command.digest:
        raise Refusal(
            problems.KEY_REUSED, "Its first request had another path or another body.", command.path
        )
    return Reply(kept.status, kept.body, repeated=True)


def _tell(command: Command, reply: Reply, seconds: float) -> None:
    """One count for each command, and what it came to in the line of its request."""
    outcome = "repeated" if reply.repeated else "applied" if reply.status < 400 else "refused"
    metrics.COMMANDS.labels(command.kind, outcome).inc()
    metrics.COMMAND_SECONDS.labels(command.kind).observe(seconds)
    note(command=command.kind, key_digest=key_digest(command.key), outcome=outcome)
    if reply.status >= 400:
        reason = orjson.loads(reply.body)["type"].rpartition("/")[2]
        metrics.PROBLEMS.labels(reason).inc()
        note(reason=reason)
