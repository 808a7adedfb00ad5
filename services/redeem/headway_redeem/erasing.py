"""Erasing a member: the name goes everywhere, in one transaction, and notify is told to forget."""

import secrets
from typing import TYPE_CHECKING

import asyncpg

from headway.access import audit
from headway.contracts import codec
from headway.contracts.api.admin import Erased, EraseRequest
from headway.domain.account import Input
from headway.domain.erasing import ERASE, Erase
from headway.ledger import erasing as ledger
from headway.ledger import pools
from headway.ledger.books import open_locked
from headway.ledger.publishing import SHARDS, OutboxRow
from headway.ledger.writing import write
from headway_redeem.adjustments import Act
from headway_redeem.commanding import SOURCE, Command, Commanding, Reply
from headway_redeem.redemptions import unknown_member

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


class Erasing(Commanding):
    """Erases members."""

    async def erase(
        self, command: Command, act: Act, member_id: str, request: EraseRequest
    ) -> Reply:
        """Take a member's name out of everything. Raises Refusal for who is not known."""

        async def work(connection: "Connection") -> Reply:
            what = Erase(request.reason, act.person)
            await _leave_pools(connection, member_id, act)
            nameless = await ledger.take_name(connection, member_id, what, act.caller.key_id)
            if nameless is None:
                raise unknown_member(member_id)
            item = await self._decide(connection, nameless.account, member_id, what)
            target = f"account:{nameless.account['account_id']}"
            await audit.record(
                connection, act.caller.actor, audit.ERASE, target, request_id=act.request_id,
                reason=what.reason, by=what.by, friends=len(nameless.friends),
            )  # fmt: skip
            return Reply(200, Erased(erased_at=item.time).model_dump_json())

        return await self.once(command, work)

    async def _decide(
        self, connection: "Connection", row: asyncpg.Record, member_id: str, what: Erase
    ) -> Input:
        """The account's part, told under its new name; and that the old one's contact goes."""
        body, at = ledger.body_of(what), self.at(row)

        def item(account: asyncpg.Record) -> Input:
            # No word of the request's key: that would lead from the request's path to the account.
            digest = codec.digest(ERASE, account["member_id"], body)
            return Input(
                SOURCE, "erase:" + secrets.token_urlsafe(18), ERASE, at, what, digest, body
            )

        books, items = await open_locked(connection, self.programs, [row], item, self._prefix)
        account_id = row["account_id"]
        books.decide(account_id, items[account_id])
        forget = OutboxRow(
            account_id % SHARDS, self._prefix + "member-contacts", codec.key_of(member_id), None,
            "[]",
        )  # fmt: skip
        await write(connection, books, outbox=[forget])
        return items[account_id]


async def _leave_pools(connection: "Connection", member_id: str, act: Act) -> None:
    """Pools are locked before accounts. An invitation that comes meanwhile can only be declined."""
    account_id = await pools.account_of(connection, member_id)
    if account_id is None:
        return
    by = pools.By(account_id, act.caller.key_id, False)
    for pool in await pools.lock_all_about(connection, account_id):
        await pools.withdraw(connection, pool, by)
