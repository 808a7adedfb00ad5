"""What is known of members when a message is decided: how they are written to, and whether."""

from collections.abc import Collection
from typing import NamedTuple

from headway.ledger.queries import load
from headway.sealing.vault import Vault
from headway.stream.positions import Connection
from headway_notify.permission import Permission
from headway_notify.reader import Reader

_QUERIES = load("headway_notify.contacts", "contacts.sql")


class Addressee(NamedTuple):
    """A member of whom a contact is known."""

    reader: Reader
    permission: Permission


async def addressees_of(
    connection: Connection, vault: Vault, member_ids: Collection[str]
) -> dict[str, Addressee]:
    """Each of these members: name, language and zone, and what they agreed to, refused and are
    suppressed for. Members of whom no contact is known are missing."""
    rows = await connection.fetch(_QUERIES.addressees, list(member_ids))
    found = {}
    for member_id, sealed, wrapped, marketing, suppressed, unwanted in rows:
        contact = vault.open(member_id, sealed, wrapped)
        found[member_id] = Addressee(
            Reader(contact.name, contact.locale, contact.zone),
            Permission(marketing, frozenset(unwanted), suppressed),
        )
    return found
