"""Everything the ledger holds of one member, as one JSON document of one moment."""

from typing import TYPE_CHECKING, NamedTuple

import orjson

from headway.ledger.queries import load

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


async def read_contact(connection: "Connection", member_id: str) -> dict[str, str] | None:
    """What notify holds to write to the member. Personal data: for the member, and nobody else."""
    text = await connection.fetchval(QUERIES.contact, member_id)
    return None if text is None else orjson.loads(text)
