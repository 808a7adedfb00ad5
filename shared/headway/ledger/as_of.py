"""The balance as of a past recorded moment: what the ledger held then, not what it holds now."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from headway.domain.chain import GENESIS
from headway.ledger.history import QUERIES
from headway.ledger.story import Balances

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


class AsOf(NamedTuple):
    """An account by what had been recorded until a moment, as balance.changed told it then.

    `seq` is the last points event, 0 for none; `epoch` is None for moments before the present life
    of the ledger began: other figures may have been published in the one before.
    """

    balances: Balances
    seq: int
    head_hash: bytes
    version: int
    epoch: int | None
    tier: str


async def read_as_of(connection: "Connection", account_id: int, moment: datetime) -> AsOf | None:
    """An existing account as of a moment; None if the database's clock has not reached it."""
    row = await connection.fetchrow(QUERIES.balance_as_of, account_id, moment)
    if row is None:
        raise AssertionError("an account that was read is there")
    if not row["past"]:
        return None
    return AsOf(
        Balances(row["pending"], row["available"], row["reserved"], row["owed"]),
        row["seq"], row["head_hash"] or GENESIS, row["version"], row["epoch"], row["tier"],
    )  # fmt: skip
