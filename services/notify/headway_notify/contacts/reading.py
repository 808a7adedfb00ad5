"""What is known of members when a message is decided: how they are written to, and whether."""

from collections.abc import Collection

from headway.ledger.queries import load
from headway.sealing.vault import Vault
from headway.stream.positions import Connection
from headway_notify.permission import Permission
from headway_notify.reader import Reader

_QUERIES = load("headway_notify.contacts", "contacts.sql")


async def permissions_of(
    connection: Connection, member_ids: Collection[str]
) -> dict[str, Permission]:
    """What each of these members agreed to, refused and is suppressed for. Members of whom no
    contact is known are missing."""
    rows = await connection.fetch(_QUERIES.permissions, list(member_ids))
    return {
        member_id: Permission(marketing, frozenset(unwanted), suppressed)
        for member_id, marketing, suppressed, unwanted in rows
    }


async def readers_of(
    connection: Connection, vault: Vault, member_ids: Collection[str]
) -> dict[str, Reader]:
    """Name, language and time zone of each of these members; those without contact are missing."""
    rows = await connection.fetch(_QUERIES.sealed, list(member_ids))
    readers = {}
    for row in rows:
        contact = vault.open(row["member_id"], row["sealed"], row["wrapped"])
        readers[row["member_id"]] = Reader(contact.name, contact.locale, contact.zone)
    return readers
