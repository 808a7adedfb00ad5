"""Sending points from one member to another: two accounts, two inputs, one transaction."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from headway.contracts.api.pools import TransferAnswer, TransferRequest
from headway.domain.closing import Decision
from headway.domain.standing import standing
from headway.domain.transfer import RECEIVE, SEND, Receive, Send, parts_of
from headway.errors import InvariantViolated, Retryable
from headway.ledger import transfers as ledger
from headway.ledger.books import Books
from headway.ledger.reading import QUERIES
from headway.ledger.redemptions import load_held_lots
from headway.ledger.writing import write
from headway.program.calendar import period_start
from headway.program.program import Program
from headway_redeem import problems
from headway_redeem.commanding import Command, Commanding, Reply, input_of, refused
from headway_redeem.moves import caused
from headway_redeem.redemptions import unknown_member
from headway_redeem.refusal import Refusal
from headway_redeem.views import balances

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


class Transfers(Commanding):
    """Send points to another member."""

    async def send(self, command: Command, request: TransferRequest) -> Reply:
        """Move the points. Raises Refusal for what is not kept."""

        async def work(connection: "Connection") -> Reply:
            names = request.member_id, request.to_member_id
            found = await connection.fetch(QUERIES.lock_accounts, list(names))
            rows = {row["member_id"]: row for row in found if row["joined_at"] is not None}
            for name in names:
                if name not in rows:
                    raise unknown_member(name)
            at = self.at(*rows.values())
            no = _impossible(rows, request, at)
            if no is not None:
                return refused(no, command)
            return await self._send(connection, rows, at, command, request)

        return await self.once(command, work)

    async def _send(
        self, connection: "Connection", rows: Mapping[str, asyncpg.Record], at: datetime,
        command: Command, request: TransferRequest,
    ) -> Reply:  # fmt: skip
        giver, taker = rows[request.member_id], rows[request.to_member_id]
        number, to_account = giver["account_id"], taker["account_id"]
        transfer_id = "trf_" + secrets.token_urlsafe(18)
        programs = await self.newest(connection)
        sent = await _sent(connection, programs.at(at), number, at)
        what = Send(transfer_id, request.points, to_account, sent)
        item = input_of(command, request.member_id, at, what, ledger.body_of(what))
        # What arrives is known once it has left; until then the account is opened for that kind.
        waiting = caused(RECEIVE, transfer_id, request.to_member_id, at, Receive(transfer_id, ()))
        ordered = sorted(rows.values(), key=lambda row: int(row["account_id"]))
        items = {number: item, to_account: waiting}
        books = await self.open_together(connection, ordered, items, command)
        if books.programs.latest != programs.latest:
            raise Retryable("a programme was published while this was decided")
        decision = books.decide(number, item)[0]
        if decision.outcome.outcome == "refused":
            await write(connection, books)
            return refused(_refusal_of(books, decision, what), command)
        await _arrive(connection, books, decision, to_account, transfer_id)
        await write(connection, books)
        transfer = ledger.Transfer(transfer_id, number, to_account, request.points, at, decision.n)
        await ledger.note_transfer(connection, transfer)
        return Reply(201, _answer(books, decision, transfer, request).model_dump_json())


def _impossible(
    rows: Mapping[str, asyncpg.Record], request: TransferRequest, at: datetime
) -> Refusal | None:
    """What is wrong with the two of them, whatever the points."""
    if request.member_id == request.to_member_id:
        return Refusal(problems.SAME_MEMBER, "Nothing was sent.")
    left = rows[request.to_member_id]["left_at"]
    if left is not None and at >= left:
        return Refusal(problems.RECEIVER_LEFT, "Nothing was sent.")
    return None


async def _sent(connection: "Connection", program: Program, account_id: int, at: datetime) -> int:
    terms = program.transfers
    if terms is None or terms.maximum is None:
        return 0
    since = period_start(terms.maximum.per, program.day(at), program.zone)
    return await ledger.sent_since(connection, account_id, since)


async def _arrive(
    connection: "Connection", books: Books, decision: Decision, to_account: int, transfer_id: str
) -> None:
    """Have the other account take what has left; into the lots it came from, where it did."""
    giver = decision.account.account_id
    lots = [row.lot for row in decision.points if row.kind == "move_out" and row.lot is not None]
    homes = await ledger.homes_of(connection, giver, lots, to_account)
    await load_held_lots(connection, books, to_account, ((lot, 0) for lot in homes.values()))
    parts = parts_of(decision.points, decision.account.lots, homes)
    account = books.accounts[to_account]
    what = Receive(transfer_id, parts)
    item = caused(RECEIVE, transfer_id, account.member_id, decision.input.time, what)
    taken = books.decide(to_account, item)[0]
    if taken.outcome.outcome != "applied":
        raise InvariantViolated(f"transfer {transfer_id} left, and was {taken.outcome} on arrival")


def _answer(
    books: Books, decision: Decision, transfer: ledger.Transfer, request: TransferRequest
) -> TransferAnswer:
    account = decision.account
    return TransferAnswer(
        transfer_id=transfer.transfer_id, member_id=request.member_id,
        to_member_id=request.to_member_id, points=transfer.points,
        effective_at=transfer.sent_at, epoch=books.known.epoch, version=account.version,
        balances=balances(account),
    )  # fmt: skip


def _refusal_of(books: Books, decision: Decision, what: Send) -> Refusal:
    """The problem document of a refused decision."""
    reason, at = decision.outcome.reason, decision.input.time
    terms = books.programs.at(at).transfers
    if terms is None:
        return Refusal(problems.NO_TRANSFERS, "Nothing was sent.")
    if reason == "member left":
        return Refusal(problems.MEMBER_LEFT, "Nothing can be sent.")
    if reason == "below minimum":
        return Refusal(
            problems.BELOW_MINIMUM, f"The least that can be sent is {terms.minimum} points.",
            minimum=terms.minimum,
        )  # fmt: skip
    if reason == "above maximum" and terms.maximum is not None:
        left = max(terms.maximum.points - what.sent, 0)
        return Refusal(
            problems.ABOVE_MAXIMUM,
            f"{terms.maximum.points} points can be sent per {terms.maximum.per}; {left} are left.",
            left=left,
        )  # fmt: skip
    if reason != "insufficient points":
        raise InvariantViolated(f"{SEND} refused for an unheard-of reason: {reason}")
    now = standing(books.programs, decision.account, at)
    return Refusal(
        problems.TOO_FEW_TO_SEND,
        f"{what.points} points are to be sent; {now.available} are available.",
        available=now.available, needed=what.points, pending=now.pending, reserved=now.reserved,
        owed=now.owed,
    )  # fmt: skip
