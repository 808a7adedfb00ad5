"""Adjusting balances by hand, each with its audit entry; above a limit two people are needed."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from headway.access import audit
from headway.contracts.api.admin import AccountAfter, AdjustRequest
from headway.domain.adjustment import ADJUST, Adjust
from headway.domain.closing import Decision
from headway.domain.standing import standing
from headway.errors import InvariantViolated
from headway.ledger import adjustments as ledger
from headway.ledger.adjustments import Adjustment, Asked
from headway.ledger.books import Books
from headway.ledger.programs import ProgramCache
from headway.ledger.reading import QUERIES
from headway.ledger.writing import write
from headway.runtime.clock import Clock
from headway_redeem import problems
from headway_redeem.access import Caller
from headway_redeem.admin_views import adjustment_answer
from headway_redeem.commanding import Command, Commanding, Reply, refused
from headway_redeem.redemptions import unknown_member
from headway_redeem.refusal import Refusal
from headway_redeem.views import balances

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


PROPOSE = "admin.propose"
"""The act of asking for what a second person must approve."""


class Act(NamedTuple):
    """Who acts, with which key, and the request that said so."""

    caller: Caller
    person: str
    request_id: str


class Adjustments(Commanding):
    """Adjust, approve, reject. `limit`: points that one person may adjust alone."""

    def __init__(
        self, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"], programs: ProgramCache,
        clock: Clock, topic_prefix: str, wake: Callable[[], None],
        *, limit: int, lock_timeout: timedelta,
    ) -> None:  # fmt: skip
        super().__init__(pool, programs, clock, topic_prefix, wake, lock_timeout)
        self._limit = limit

    async def adjust(self, command: Command, act: Act, request: AdjustRequest) -> Reply:
        """Apply an adjustment, or keep it as a proposal. Raises Refusal for what is not kept."""

        async def work(connection: "Connection") -> Reply:
            row = await connection.fetchrow(QUERIES.lock_accounts, [request.member_id])
            if row is None or row["joined_at"] is None:
                raise unknown_member(request.member_id)
            asked = Asked(
                "adj_" + secrets.token_urlsafe(18), request.points, request.reason, act.person,
                act.caller.key_id, self._limit,
            )  # fmt: skip
            if not asked.alone:
                await ledger.open_adjustment(connection, row["account_id"], asked, None)
                await _note(connection, command._replace(kind=PROPOSE), act, asked)
                return await _told(connection, asked.adjustment_id, 202)
            what = Adjust(asked.adjustment_id, asked.points, asked.reason, asked.by_person)
            books, decision = await self._decide(connection, row, command, what)
            if decision.outcome.outcome == "refused":
                no = _insufficient(books, decision, asked.points)
                return await _turned_down(connection, command, act, asked, no)
            await ledger.open_adjustment(connection, row["account_id"], asked, decision.n)
            await _note(connection, command, act, asked)
            return await _told(connection, asked.adjustment_id, 201, _after(books, decision))

        return await self.once(command, work)

    async def approve(self, command: Command, act: Act, adjustment_id: str) -> Reply:
        """Apply a proposal, as a second person with another key. Raises Refusal as `adjust`."""

        async def work(connection: "Connection") -> Reply:
            row, proposed = await _locked(connection, adjustment_id)
            no = _decided(proposed) or _not_second(proposed, act)
            if no is not None:
                return await _turned_down(connection, command, act, proposed, no)
            what = Adjust(
                adjustment_id, proposed.points, proposed.reason, proposed.by_person, act.person
            )
            books, decision = await self._decide(connection, row, command, what)
            if decision.outcome.outcome == "refused":
                no = _insufficient(books, decision, proposed.points)
                return await _turned_down(connection, command, act, proposed, no)
            await ledger.decide_adjustment(
                connection, adjustment_id, "applied", act.person, act.caller.key_id, decision.n
            )
            await _note(connection, command, act, proposed)
            return await _told(connection, adjustment_id, 200, _after(books, decision))

        return await self.once(command, work)

    async def reject(self, command: Command, act: Act, adjustment_id: str) -> Reply:
        """Turn a proposal down; who asked for it may, too. Raises Refusal as `adjust`."""

        async def work(connection: "Connection") -> Reply:
            _, proposed = await _locked(connection, adjustment_id)
            no = _decided(proposed)
            if no is not None:
                return await _turned_down(connection, command, act, proposed, no)
            await ledger.decide_adjustment(
                connection, adjustment_id, "rejected", act.person, act.caller.key_id, None
            )
            await _note(connection, command, act, proposed)
            return await _told(connection, adjustment_id, 200)

        return await self.once(command, work)

    async def _decide(
        self, connection: "Connection", row: asyncpg.Record, command: Command, what: Adjust
    ) -> tuple[Books, Decision]:
        books, item = await self.open(
            connection, row, self.at(row), command._replace(kind=ADJUST), what,
            ledger.body_of(what),
        )  # fmt: skip
        decision = books.decide(row["account_id"], item)[0]
        await write(connection, books)
        return books, decision


async def _locked(
    connection: "Connection", adjustment_id: str
) -> tuple[asyncpg.Record, Adjustment]:
    """An adjustment with its account, so that nobody else decides it meanwhile."""
    account_id = await ledger.account_of(connection, adjustment_id)
    if account_id is None:
        raise unknown_adjustment(adjustment_id)
    row = await connection.fetchrow(QUERIES.lock_accounts_by_id, [account_id])
    found = await ledger.read_adjustment(connection, adjustment_id)
    if row is None or found is None:
        raise InvariantViolated(f"adjustment {adjustment_id} without its account")
    return row, found


def unknown_adjustment(adjustment_id: str) -> Refusal:
    """The refusal of an id that names no adjustment."""
    return Refusal(problems.UNKNOWN_ADJUSTMENT, f"{adjustment_id!r} is no adjustment.")


def _decided(adjustment: Adjustment) -> Refusal | None:
    if adjustment.state == "proposed":
        return None
    return Refusal(
        problems.ADJUSTMENT_DECIDED, f"It is {adjustment.state}.",
        adjustment_id=adjustment.adjustment_id, state=adjustment.state,
    )  # fmt: skip


def _not_second(proposed: Adjustment, act: Act) -> Refusal | None:
    """Why whoever acts is not a second pair of eyes. The database refuses the same."""
    if act.person == proposed.by_person:
        return Refusal(problems.SECOND_PERSON_NEEDED, "This person has asked for it.")
    if act.caller.key_id == proposed.by_key:
        return Refusal(problems.SECOND_PERSON_NEEDED, "This key has asked for it.")
    return None


def _insufficient(books: Books, decision: Decision, points: int) -> Refusal:
    """The account is not settled by a refused command, so its balances are settled for showing."""
    now = standing(books.programs, decision.account, decision.input.time)
    return Refusal(
        problems.TOO_FEW_POINTS,
        f"{-points} points are to be taken; {now.available} are available.",
        available=now.available, needed=-points, pending=now.pending, reserved=now.reserved,
        owed=now.owed,
    )  # fmt: skip


async def _turned_down(
    connection: "Connection", command: Command, act: Act, what: Asked | Adjustment, no: Refusal
) -> Reply:
    """What was tried is noted, too."""
    await _note(connection, command, act, what, "refused")
    return refused(no, command)


async def _note(
    connection: "Connection", command: Command, act: Act, what: Asked | Adjustment,
    outcome: audit.Outcome = "done",
) -> None:  # fmt: skip
    """The audit log names the adjustment, which names the member: it holds no member's id."""
    await audit.record(
        connection, act.caller.actor, command.kind, what.adjustment_id,
        request_id=act.request_id, outcome=outcome, points=what.points, reason=what.reason,
        by=act.person,
    )  # fmt: skip


def _after(books: Books, decision: Decision) -> AccountAfter:
    account = decision.account
    return AccountAfter(
        effective_at=decision.input.time, epoch=books.known.epoch, version=account.version,
        balances=balances(account),
    )  # fmt: skip


async def _told(
    connection: "Connection", adjustment_id: str, status: int, after: AccountAfter | None = None
) -> Reply:
    adjustment = await ledger.read_adjustment(connection, adjustment_id)
    if adjustment is None:
        raise InvariantViolated(f"adjustment {adjustment_id} is not there after it was written")
    return Reply(status, adjustment_answer(adjustment, after).model_dump_json())
