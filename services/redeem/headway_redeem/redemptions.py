"""The commands of a redemption: reserve, then each later step, and using a voucher's code.

Beside what every command takes (`commanding`), a voucher's code is locked after the account, and
the stock of the reward last, because everybody who wants it waits for it.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg

from headway.domain.closing import Decision
from headway.domain.redemption import Reserve, Step
from headway.domain.terms import Wish
from headway.errors import InvariantViolated, Retryable
from headway.ledger import catalogue, codes
from headway.ledger import redemptions as ledger
from headway.ledger.books import Books
from headway.ledger.programs import ProgramCache
from headway.ledger.reading import QUERIES
from headway.ledger.writing import write
from headway.program.program import Program, Programs
from headway.runtime.clock import Clock
from headway_redeem import problems
from headway_redeem.commanding import SOURCE, Command, Commanding, Reply, refused
from headway_redeem.opening import SoldOut, hold_what_is_counted, opened
from headway_redeem.problems import Refusal
from headway_redeem.refusing import refusal_of
from headway_redeem.views import redemption_answer
from headway_redeem.vouchers import let_go, use_code

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

__all__ = ["SOURCE", "Command", "Redemptions", "Reply", "unknown_member", "unknown_redemption"]

_NOTHING_MORE = Wish()


class Redemptions(Commanding):
    """Reserve, confirm, fulfil, cancel, reverse. `wake` tells the relay that there is work."""

    def __init__(
        self, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"], programs: ProgramCache,
        clock: Clock, topic_prefix: str, wake: Callable[[], None],
        *, hold: timedelta, lock_timeout: timedelta,
    ) -> None:  # fmt: skip
        super().__init__(pool, programs, clock, topic_prefix, wake, lock_timeout)
        self._hold = hold

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
            at, programs = self.at(row), await self.newest(connection)
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

        return await self.once(command, work)

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
            return refused(refusal_of(books, decision, reserve.reward_id), command)
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
            before, parts = found
            step = ledger.step_of(command.kind, before, parts)
            if before.code is not None and command.kind == "redemption.reverse":
                step = step._replace(code_used=await codes.lock_used(connection, redemption_id))
            books, decision = await self._decide(
                connection, row, self.at(row), command, step, before.reward_id
            )
            if decision.outcome.outcome == "refused":
                return refused(refusal_of(books, decision, before.reward_id), command)
            after = before.after(command.kind, decision.input.time)
            await ledger.move_redemption(connection, after)
            await let_go(connection, books.programs, [after])
            answer = redemption_answer(after, decision, books.known.epoch)
            return Reply(200, answer.model_dump_json())

        return await self.once(command, work)

    async def use_code(self, command: Command, code: str, order_id: str | None) -> Reply:
        """Mark a voucher's code used at a checkout. Raises Refusal as `reserve`."""

        async def work(connection: "Connection") -> Reply:
            at = self.clock.now()
            program = (await self.newest(connection)).at(at)
            try:
                used = await use_code(connection, program, code, command.key, order_id, at)
            except Refusal as refusal:
                if not refusal.kind.kept:
                    raise
                return refused(refusal, command)
            return Reply(200, used.model_dump_json())

        return await self.once(command, work)

    async def _decide(
        self, connection: "Connection", row: asyncpg.Record, at: datetime, command: Command,
        what: Reserve | Step, reward_id: str,
    ) -> tuple[Books, Decision]:  # fmt: skip
        """Decide the command on its locked account, and write what came of it."""
        body = ledger.body_of(what, reward_id)
        books, item = await self.open(connection, row, at, command, what, body)
        account_id = row["account_id"]
        if isinstance(what, Step):
            await ledger.load_held_lots(connection, books, account_id, what.held)
        decision = books.decide(account_id, item)[0]
        await write(connection, books)
        return books, decision


def unknown_member(member_id: str) -> Refusal:
    """The refusal of an id that names no member."""
    return Refusal(problems.UNKNOWN_MEMBER, f"{member_id!r} is no member.")


def unknown_redemption(redemption_id: str) -> Refusal:
    """The refusal of an id that names no redemption."""
    return Refusal(problems.UNKNOWN_REDEMPTION, f"{redemption_id!r} is no redemption.")
