"""The commands of a redemption: reserve, then each later step, and using a voucher's code.

Beside what every command takes (`commanding`), a voucher's code is locked after the account, and
the stock of the reward last, because everybody who wants it waits for it.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg

from headway.domain.account import Input
from headway.domain.redemption import Reserve, Step
from headway.domain.terms import Wish
from headway.errors import InvariantViolated, Retryable
from headway.ledger import catalogue, codes
from headway.ledger import redemptions as ledger
from headway.ledger.programs import ProgramCache
from headway.ledger.reading import QUERIES
from headway.ledger.writing import write
from headway.program.program import Program, Programs
from headway.runtime.clock import Clock
from headway_redeem import problems
from headway_redeem.commanding import SOURCE, Command, Commanding, Reply, input_of, refused
from headway_redeem.drawing import Purse, draw_on, lock_purse
from headway_redeem.drawing import waiting as waiting_to_give
from headway_redeem.homecoming import decide_step, touched_by
from headway_redeem.homecoming import waiting as waiting_for_home
from headway_redeem.opening import SoldOut, hold_what_is_counted, opened
from headway_redeem.refusal import Refusal
from headway_redeem.refusing import refusal_of
from headway_redeem.views import redemption_answer
from headway_redeem.vouchers import find_code, let_go, use_code

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

__all__ = ["SOURCE", "Command", "Redemptions", "Reply", "unknown_member", "unknown_redemption"]

FULFIL = "redemption.fulfil"
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
        self, command: Command, member_id: str, reward_id: str, asked: Wish = _NOTHING_MORE,
        *, from_pool: bool = False,
    ) -> Reply:  # fmt: skip
        """Hold a reward's price for a member; `asked` says what for, where its worth depends on
        an order. `from_pool`: out of what the member's household has. Raises Refusal for what is
        not kept."""

        async def work(connection: "Connection") -> Reply:
            if from_pool and asked.order_id is not None:
                return refused(pool_pays_no_order(), command)
            try:
                locked = await lock_purse(connection, member_id, from_pool=from_pool)
            except Refusal as refusal:
                return refused(refusal, command)
            if locked is None:
                raise unknown_member(member_id)
            # One moment for what is known and for the decision: a period may end between two.
            at, programs = self.at(*locked.rows), await self.newest(connection)
            purse, program = locked.at(at), programs.at(at)
            if from_pool and not program.pool_members:
                return refused(Refusal(problems.NO_POOLS, "Nothing was reserved."), command)
            wish = await self._known(connection, program, purse.spender, at, reward_id, asked)
            reserve = Reserve("rdm_" + secrets.token_urlsafe(18), reward_id, wish)
            if wish.left is None:
                return await self._reserve(connection, programs, purse, at, command, reserve)
            try:
                async with connection.transaction():
                    return await self._reserve(connection, programs, purse, at, command, reserve)
            except SoldOut:
                # Somebody else was quicker at the very end. That, too, is decided, and kept.
                gone = reserve._replace(wish=wish._replace(left=0))
                return await self._reserve(connection, programs, purse, at, command, gone)

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
        self, connection: "Connection", programs: Programs, purse: Purse, at: datetime,
        command: Command, reserve: Reserve,
    ) -> Reply:  # fmt: skip
        reward_id, pool_available = reserve.reward_id, None
        item = _item(command, purse.spender, at, reserve, reward_id)
        books = await self.open_together(
            connection, purse.rows, waiting_to_give(purse, item, reserve), command
        )
        if books.programs.latest != programs.latest:
            raise Retryable("a programme was published while this was decided")
        if purse.pool_id is not None:
            reserve, pool_available = draw_on(books, purse, at, reserve)
            item = _item(command, purse.spender, at, reserve, reward_id)
        decision = books.decide(purse.spender_id, item)[0]
        await write(connection, books)
        if decision.outcome.outcome == "refused":
            return refused(refusal_of(books, decision, reward_id, pool_available), command)
        redemption = opened(books, decision, reserve, self._hold)._replace(pool_id=purse.pool_id)
        redemption = await hold_what_is_counted(connection, books, redemption)
        answer = redemption_answer(redemption, decision, books.known.epoch)
        return Reply(201, answer.model_dump_json())

    async def step(self, command: Command, redemption_id: str) -> Reply:
        """Confirm, fulfil, cancel or reverse, as the command's kind says. Raises Refusal as
        `reserve`."""

        async def work(connection: "Connection") -> Reply:
            holder = await ledger.holder_of(connection, redemption_id)
            if holder is None:
                raise unknown_redemption(redemption_id)
            account_id, accounts = holder.account_id, touched_by(command.kind, holder)
            rows = await connection.fetch(QUERIES.lock_accounts_by_id, accounts)
            found = await ledger.read_redemption(connection, redemption_id)
            if len(rows) != len(accounts) or found is None:
                raise InvariantViolated(f"redemption {redemption_id} without its accounts")
            row = next(row for row in rows if row["account_id"] == account_id)
            before, parts = found
            step = ledger.step_of(command.kind, before, parts)
            if before.code is not None and command.kind == "redemption.reverse":
                step = step._replace(code_used=await codes.lock_used(connection, redemption_id))
            item = _item(command, row, self.at(*rows), step, before.reward_id)
            opened_for = waiting_for_home(rows, account_id, item, step)
            books = await self.open_together(connection, rows, opened_for, command)
            decision = await decide_step(connection, books, account_id, item, step)
            await write(connection, books)
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
            found = await find_code(connection, code)
            row = await _keeper(connection, found)
            at = self.clock.now() if row is None else self.at(row)
            program = (await self.newest(connection)).at(at)
            try:
                used = await use_code(connection, program, found, command.key, order_id, at)
            except Refusal as refusal:
                if not refusal.kind.kept:
                    raise
                return refused(refusal, command)
            if row is not None and found.redemption_id is not None:
                await self._used(connection, row, at, command, found.redemption_id)
            return Reply(200, used.model_dump_json())

        return await self.once(command, work)

    async def _used(
        self, connection: "Connection", row: asyncpg.Record, at: datetime, command: Command,
        redemption_id: str,
    ) -> None:  # fmt: skip
        """Fulfil the certificate whose code was used: no return takes it back from now on."""
        found = await ledger.read_redemption(connection, redemption_id)
        if found is None or found[0].state != "confirmed":
            return  # fulfilled before, by hand
        before, parts = found
        fulfil = command._replace(kind=FULFIL)
        step = ledger.step_of(FULFIL, before, parts)
        item = _item(fulfil, row, at, step, before.reward_id)
        account_id = row["account_id"]
        books = await self.open_together(connection, [row], {account_id: item}, fulfil)
        decision = await decide_step(connection, books, account_id, item, step)
        await write(connection, books)
        after = before.after(FULFIL, decision.input.time)
        await ledger.move_redemption(connection, after)


def _item(
    command: Command, row: asyncpg.Record, at: datetime, what: Reserve | Step, reward_id: str
) -> Input:
    """A command on a redemption, as the input that it will be."""
    return input_of(command, row["member_id"], at, what, ledger.body_of(what, reward_id))


async def _keeper(connection: "Connection", code: codes.Code) -> asyncpg.Record | None:
    """Lock the account that keeps the certificate of a code, if it issued itself; before the code,
    as whoever takes it back does."""
    if not code.automatic or code.redemption_id is None:
        return None
    holder = await ledger.holder_of(connection, code.redemption_id)
    if holder is None:
        raise InvariantViolated(f"code of {code.redemption_id}, which is not there")
    return await connection.fetchrow(QUERIES.lock_accounts_by_id, [holder.account_id])


def unknown_member(member_id: str) -> Refusal:
    """The refusal of an id that names no member."""
    return Refusal(problems.UNKNOWN_MEMBER, f"{member_id!r} is no member.")


def pool_pays_no_order() -> Refusal:
    """The refusal of a household's paying an order: what of it came back with the order's goods
    would be one member's, not theirs who gave it."""
    return Refusal(problems.PAYS_NO_ORDER, "A household's points pay no order.")


def unknown_redemption(redemption_id: str) -> Refusal:
    """The refusal of an id that names no redemption."""
    return Refusal(problems.UNKNOWN_REDEMPTION, f"{redemption_id!r} is no redemption.")
