"""Contacts into the database, sealed; and out of it."""

from collections.abc import Collection, Iterable, Mapping

from headway.contracts.contact import ContactUpdated
from headway.ledger.queries import load
from headway.sealing.vault import Contact, Vault
from headway.stream.positions import Connection

_QUERIES = load("headway_notify.contacts", "contacts.sql")


async def write_contacts(
    connection: Connection,
    vault: Vault,
    contacts: Iterable[ContactUpdated],
    forgotten: Collection[str],
) -> None:
    """Store each member's contact, and forget members whose tombstone came last."""
    rows = sorted(contacts, key=lambda contact: contact.member_id)
    if rows:
        told = {row.member_id: Contact(row.email, row.name, row.locale, row.zone) for row in rows}
        await _write(connection, vault, told, [row.marketing for row in rows])
    if forgotten:
        await connection.execute(_QUERIES.forget, sorted(forgotten))
        await connection.execute(_QUERIES.mark_forgotten, sorted(forgotten))


async def seal_some(connection: Connection, vault: Vault, most: int) -> int:
    """Seal up to `most` contacts that an earlier release kept in plain text; how many it were."""
    rows = await connection.fetch(_QUERIES.in_plain, most)
    plain = {row["member_id"]: Contact(row["email"], row["name"], row["locale"]) for row in rows}
    if plain:
        await _write(connection, vault, plain, [None] * len(plain))
    return len(plain)


async def _write(
    connection: Connection,
    vault: Vault,
    contacts: Mapping[str, Contact],
    marketing: list[bool | None],
) -> None:
    """Seal and write; `contacts` are sorted by member, so that concurrent writers lock in order."""
    keys = await _keys(connection, vault, list(contacts))
    await connection.execute(
        _QUERIES.write,
        list(contacts),
        [vault.seal(member, keys[member], contact) for member, contact in contacts.items()],
        [vault.digest(contact.email) for contact in contacts.values()],
        marketing,
    )


async def _keys(connection: Connection, vault: Vault, member_ids: list[str]) -> dict[str, bytes]:
    """Each member's key, wrapped; made where there is none yet."""
    found = await _known_keys(connection, member_ids)
    missing = [member_id for member_id in member_ids if member_id not in found]
    if missing:
        made = [vault.new_key(member_id) for member_id in missing]
        await connection.execute(_QUERIES.new_keys, missing, made)
        found |= await _known_keys(connection, missing)
    return found


async def _known_keys(connection: Connection, member_ids: list[str]) -> dict[str, bytes]:
    rows = await connection.fetch(_QUERIES.keys, member_ids)
    return {row["member_id"]: row["wrapped"] for row in rows}
