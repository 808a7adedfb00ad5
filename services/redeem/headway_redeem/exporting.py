"""Everything the ledger holds of one member, with an entry in the audit log."""

from collections.abc import Callable

import asyncpg

from headway.access import audit
from headway.ledger.export import find, read_export
from headway_redeem import problems
from headway_redeem.access import Caller
from headway_redeem.redemptions import unknown_member
from headway_redeem.refusal import Refusal

MOST_ROWS = 50_000
"""Inputs and points events of one answer, some 30 MB; the command line has no such end."""


class Exporting:
    """Reads exports, each of one snapshot of the ledger."""

    def __init__(self, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"]) -> None:
        self._pool = pool

    async def export(self, caller: Caller, request_id: str, member_id: str) -> bytes:
        """The JSON document. Raises Refusal for an unknown member, or for too much of one."""
        async with self._pool().acquire() as connection:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                found = await find(connection, member_id)
                if found is None:
                    raise unknown_member(member_id)
                if found.rows > MOST_ROWS:
                    raise Refusal(problems.EXPORT_TOO_LARGE, f"There are about {found.rows} rows.")
                document = await read_export(connection, member_id, found)
            # The account's number, not the member's name, which must be able to go.
            target = f"account:{found.account_id}"
            await audit.record(
                connection, caller.actor, audit.EXPORT, target, request_id=request_id
            )
        return document
