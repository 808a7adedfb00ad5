"""One command, one transaction of the ledger, one answer kept under the command's key.

Locks are taken in one order: the idempotency key, the account, a voucher's code, the stock of the
reward, which is last because everybody who wants it waits for it. The answer is written with
what it tells, so a retry gets the same one again however the first try ended.
"""

import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from headway.contracts import codec
from headway.domain.account import Input
from headway.domain.closing import Decision
from headway.domain.redemption import ENDS_IN, Reserve, Step
from headway.domain.terms import Wish
from headway.errors import InvariantViolated, Retryable
from headway.ledger import catalogue, codes
from headway.ledger import redemptions as ledger
from headway.ledger.books import Books, open_locked
from headway.ledger.programs import ProgramCache
from headway.ledger.reading import QUERIES
from headway.ledger.writing import write
from headway.program.program import Program, Programs
from headway.runtime.clock import Clock
from headway.runtime.fail_points import fail_point
from headway.runtime.logging import event
from headway_redeem import metrics, problems
from headway_redeem.opening import SoldOut, hold_what_is_counted, opened
from headway_redeem.problems import Refusal
from headway_redeem.refusing import refusal_of
from headway_redeem.views import redemption_answer
from headway_redeem.vouchers import let_go, use_code

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

SOURCE = "headway/redeem"
_NOTHING_MORE = Wish()


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
    """Reserve, confirm, fulfil, cancel, reverse. `wake` tells the relay that there is work."""

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

    async def reserve(
        self, command: Command, member_id: str, reward_id: str, asked: Wish = _NOTHING_MORE
    ) -> Reply:
        """Hold a reward's price for a member; `asked` says what for, where its worth depends on
        an order. Raises Refusal for what is not kept."""

        async def work(connection: "Connection") -> Reply:
            row = await connection.fetchrow(QUERIES.lock_accounts, [member_id])
            if row is None or row["joined_at"] is None:
                raise unknown_member(member_id)
            # One moment for what is known and for the decision: a period may end between two.
            at, programs = self._at(row), await self._newest(connection)
            wish = await self._known(connection, programs.at(at), row, at, reward_id, asked)
            reserve = Reserve("rdm_" + secrets.token_urlsafe(18), reward_id, wish)
            if wish.left is None:
                return await self._reserve(connection, programs, row, at, command, reserve)
            try:
                async with connection.transaction():
                    return await self._reserve(connection, programs, row, at, command, reserve)
            except SoldOut:
                # Somebody else was quicker at the very end. That, too, is decided, and kept.
                gone = reserve._replace(wish=wish._replace(left=0))
                return await self._reserve(connection, programs, row, at, command, gone)

        return await self._once(command, work)

    async def _newest(self, connection: "Connection") -> Programs:
        """The programme as last read. Whether it still is the newest is seen when deciding."""
        if self._programs.known is not None:
            return self._programs.known
        latest = await connection.fetchval(ledger.QUERIES.latest_program)
        return await self._programs.get(connection, latest)

    async def _known(
        self, connection: "Connection", program: Program, row: asyncpg.Record, at: datetime,
        reward_id: str, asked: Wish,
    ) -> Wish:  # fmt: skip
        """What was asked, with what the ledger knows of the reward beside the account."""
        reward = program.reward(reward_id)
        if reward is None:
            return asked
        account_id = row["account_id"]
        found = await catalogue.read_wishes(connection, program, [reward], account_id, at)
        known = found.get(reward_id)
        return asked if known is None else asked._replace(had=known.had, left=known.left)

    async def _reserve(
        self, connection: "Connection", programs: Programs, row: asyncpg.Record, at: datetime,
        command: Command, reserve: Reserve,
    ) -> Reply:  # fmt: skip
        books, decision = await self._decide(
            connection, row, at, command, reserve, reserve.reward_id
        )
        if books.programs.latest != programs.latest:
            raise Retryable("a programme was published while this was decided")
        if decision.outcome.outcome == "refused":
            return _refused(refusal_of(books, decision, reserve.reward_id), command)
        redemption = opened(books, decision, reserve, self._hold)
        redemption = await hold_what_is_counted(connection, books, redemption)
        answer = redemption_answer(redemption, decision, books.known.epoch)
        return Reply(201, answer.model_dump_json())

    async def step(self, command: Command, redemption_id: str) -> Reply:
        """Confirm, fulfil, cancel or reverse, as the command's kind says. Raises Refusal as
        `reserve`."""

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
            if before.code is not None and command.kind == "redemption.reverse":
                step = step._replace(code_used=await codes.lock_used(connection, redemption_id))
            books, decision = await self._decide(
                connection, row, self._at(row), command, step, before.reward_id
            )
            if decision.outcome.outcome == "refused":
                return _refused(refusal_of(books, decision, before.reward_id), command)
            after = before._replace(state=ENDS_IN[command.kind], updated_at=decision.input.time)
            await ledger.move_redemption(connection, after)
            await let_go(connection, books.programs, [after])
            answer = redemption_answer(after, decision, books.known.epoch)
            return Reply(200, answer.model_dump_json())

        return await self._once(command, work)

    async def use_code(self, command: Command, code: str, order_id: str | None) -> Reply:
        """Mark a voucher's code used at a checkout. Raises Refusal as `reserve`."""

        async def work(connection: "Connection") -> Reply:
            at = self._clock.now()
            program = (await self._newest(connection)).at(at)
            try:
                used = await use_code(connection, program, code, command.key, order_id, at)
            except Refusal as refusal:
                if not refusal.kind.kept:
                    raise
                return _refused(refusal, command)
            return Reply(200, used.model_dump_json())

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
        self, connection: "Connection", row: asyncpg.Record, at: datetime, command: Command,
        what: Reserve | Step, reward_id: str,
    ) -> tuple[Books, Decision]:  # fmt: skip
        """Decide the command on its locked account, and write what came of it."""
        body = ledger.body_of(what, reward_id)

        def item(account: asyncpg.Record) -> Input:
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

    def _at(self, account: asyncpg.Record) -> datetime:
        """When a command on an account takes effect: its time never goes back."""
        now = self._clock.now()
        return max(now, account["account_time"] or now)


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
