"""Everything the ledger holds of one member, as one JSON document of one moment."""

from typing import TYPE_CHECKING, NamedTuple

import orjson

from headway.ledger.queries import load
from headway.sealing.master_keys import MasterKeys
from headway.sealing.root import read_vault

if TYPE_CHECKING:
    from datetime import datetime

    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "export.sql")
SECTIONS = (
    "account", "inputs", "points_events", "lots", "tier_events", "orders", "redemptions",
    "referrals", "adjustments", "pools",
)  # fmt: skip


class Found(NamedTuple):
    """Whom an export is about; `rows`: about how many there are to read."""

    account_id: int
    rows: int
    exported_at: "datetime"


async def find(connection: "Connection", member_id: str) -> Found | None:
    """The account of a member, who need not have joined; None if nothing is held of them."""
    row = await connection.fetchrow(QUERIES.find, member_id)
    return None if row is None else Found(*row)


async def read_export(connection: "Connection", member_id: str, found: Found) -> bytes:
    """The document; `connection` is in the REPEATABLE READ transaction that `found` was read in."""
    sections = {
        name: orjson.Fragment(await connection.fetchval(QUERIES[name], found.account_id))
        for name in SECTIONS
    }
    return orjson.dumps({"member_id": member_id, "exported_at": found.exported_at, **sections})


async def read_contact(
    connection: "Connection", member_id: str, master_key: str
) -> dict[str, object] | None:
    """What notify holds to write to the member. Personal data: for the member, and nobody else.

    Raises UserError where it is sealed and `master_key` does not open it.
    """
    row = await connection.fetchrow(QUERIES.contact, member_id)
    if row is None:
        return None
    if row["sealed"] is None:
        return {name: row[name] for name in ("email", "name", "locale")}
    vault = await read_vault(connection, MasterKeys.parse(master_key))
    contact = vault.open(member_id, row["sealed"], row["wrapped"])
    wanted = orjson.loads(await connection.fetchval(QUERIES.preferences, member_id))
    return {**contact._asdict(), "marketing": row["marketing"], "wanted": wanted}
