"""One command, one transaction of the ledger, one answer kept under the command's key.

Locks are taken in one order: the idempotency key, then the account. The answer is written with
what it tells, so a retry gets the same one again however the first try ended.
"""

import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from headway.contracts import codec
from headway.domain.account import Input
from headway.domain.closing import Decision
from headway.domain.redemption import ENDS_IN, Reserve, Step
from headway.errors import InvariantViolated
from headway.ledger import redemptions as ledger
from headway.ledger.books import Books, open_locked
from headway.ledger.programs import ProgramCache
from headway.ledger.reading import QUERIES
from headway.ledger.writing import write
from headway.runtime.clock import Clock
from headway.runtime.fail_points import fail_point
from headway.runtime.logging import event
from headway_redeem import metrics, problems
from headway_redeem.problems import Refusal
from headway_redeem.refusing import refusal_of
from headway_redeem.views import redemption_answer

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


class Redemptions:
    """Reserve, confirm, cancel, reverse. `wake` tells the relay that there is work."""

    def __init__(
        self, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"], programs: ProgramCache,
        clock: Clock, topic_prefix: str, wake: Callable[[], None],
        *, hold: timedelta, lock_timeout: timedelta,
    ) -> None:  # fmt: skip
        self._pool = pool
        self._programs = programs
        self._clock = clock
        self._prefix = topic_prefix
        self._wake = wake
        self._hold = hold
        self._lock_timeout = lock_timeout

    async def reserve(self, command: Command, member_id: str, reward_id: str) -> Reply:
        """Hold a reward's price for a member. Raises Refusal for what is not kept."""

        async def work(connection: "Connection") -> Reply:
            row = await connection.fetchrow(QUERIES.lock_accounts, [member_id])
            if row is None or row["joined_at"] is None:
                raise unknown_member(member_id)
            reserve = Reserve("rdm_" + secrets.token_urlsafe(18), reward_id)
            books, decision = await self._decide(connection, row, command, reserve, reward_id)
            if decision.outcome.outcome == "refused":
                return _refused(refusal_of(books, decision, reward_id), command)
            redemption = self._opened(books, decision, reserve)
            await ledger.open_redemption(connection, redemption)
            answer = redemption_answer(redemption, decision, books.known.epoch)
            return Reply(201, answer.model_dump_json())

        return await self._once(command, work)

    async def step(self, command: Command, redemption_id: str) -> Reply:
        """Confirm, cancel or reverse, as the command's kind says. Raises Refusal as `reserve`."""

        async def work(connection: "Connection") -> Reply:
            account_id = await ledger.holder_of(connection, redemption_id)
            if account_id is None:
                raise unknown_redemption(redemption_id)
            row = await connection.fetchrow(QUERIES.lock_accounts_by_id, [account_id])
            found = await ledger.read_redemption(connection, redemption_id)
            if row is None or found is None:
                raise InvariantViolated(f"redemption {redemption_id} without its account")
            before, held = found
            step = ledger.step_of(before, held)
            books, decision = await self._decide(connection, row, command, step, before.reward_id)
            if decision.outcome.outcome == "refused":
                return _refused(refusal_of(books, decision, before.reward_id), command)
            after = before._replace(state=ENDS_IN[command.kind], updated_at=decision.input.time)
            await ledger.move_redemption(connection, after)
            answer = redemption_answer(after, decision, books.known.epoch)
            return Reply(200, answer.model_dump_json())

        return await self._once(command, work)

    async def _once(
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
        self._wake()
        fail_point("redeem.before_answer")
        _tell(command, reply, time.perf_counter() - began)
        return reply

    async def _decide(
        self, connection: "Connection", row: asyncpg.Record, command: Command,
        what: Reserve | Step, reward_id: str,
    ) -> tuple[Books, Decision]:  # fmt: skip
        """Decide the command on its locked account, and write what came of it."""
        body = ledger.body_of(what, reward_id)
        now = self._clock.now()

        def item(account: asyncpg.Record) -> Input:
            at = max(now, account["account_time"] or now)
            digest = codec.digest(command.kind, account["member_id"], body)
            return Input(SOURCE, command.key, command.kind, at, what, digest, body)

        books, work = await open_locked(connection, self._programs, [row], item, self._prefix)
        if (SOURCE, command.key) in books.known.inputs:
            # The ledger keeps keys for good, also those whose answers are no longer kept.
            raise Refusal(problems.KEY_REUSED, "This key was used long ago.")
        account_id = row["account_id"]
        if isinstance(what, Step):
            await ledger.load_held_lots(connection, books, account_id, what.held)
        decision = books.decide(account_id, work[account_id])[0]
        await write(connection, books)
        return books, decision

    def _opened(self, books: Books, decision: Decision, reserve: Reserve) -> ledger.Redemption:
        at = decision.input.time
        program = books.programs.at(at)
        reward = program.reward(reserve.reward_id)
        if reward is None:
            raise InvariantViolated(f"reserved reward {reserve.reward_id!r}, which is no reward")
        account = decision.account
        return ledger.Redemption(
            reserve.redemption_id, account.account_id, account.member_id, reward.id, reward.name,
            reward.points, reward.value_minor, reward.currency, program.version, "reserved",
            at, books.known.now + self._hold, at,
        )  # fmt: skip


def unknown_member(member_id: str) -> Refusal:
    """The refusal of an id that names no member."""
    return Refusal(problems.UNKNOWN_MEMBER, f"{member_id!r} is no member.")


def unknown_redemption(redemption_id: str) -> Refusal:
    """The refusal of an id that names no redemption."""
    return Refusal(problems.UNKNOWN_REDEMPTION, f"{redemption_id!r} is no redemption.")


def _refused(refusal: Refusal, command: Command) -> Reply:
    return Reply(int(refusal.kind.status), refusal.body(command.path).decode())


def _as_before(kept: ledger.Answer, command: Command) -> Reply:
    if kept.digest != command.digest:
        raise Refusal(
            problems.KEY_REUSED, "Its first request had another path or another body.", command.path
        )
    return Reply(kept.status, kept.body, repeated=True)


def _tell(command: Command, reply: Reply, seconds: float) -> None:
    """One line and one count for each command."""
    outcome = "repeated" if reply.repeated else "applied" if reply.status < 400 else "refused"
    metrics.COMMANDS.labels(command.kind, outcome).inc()
    metrics.COMMAND_SECONDS.labels(command.kind).observe(seconds)
    event(
        "command", f"{command.kind} {outcome}", path=command.path, key=command.key,
        status=reply.status, milliseconds=round(seconds * 1000, 1),
    )  # fmt: skip
