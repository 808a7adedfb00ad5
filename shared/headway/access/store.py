"""API keys in the database. Each change is one transaction with its entry in the audit log."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from headway.access import audit, keys
from headway.access.audit import Actor
from headway.access.keys import ApiKey
from headway.access.scopes import Scope
from headway.errors import UserError
from headway.ledger.queries import load

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

_QUERIES = load("headway.access", "store.sql")
_SCOPES = {scope.value: scope for scope in Scope}


class Issued(NamedTuple):
    """A key with its text, which is to be had this once."""

    key: ApiKey
    text: str


async def create(
    connection: "Connection", name: str, scopes: Iterable[Scope], actor: Actor,
    *, lasts: timedelta | None = None,
) -> Issued:  # fmt: skip
    """Make a key with these scopes; with `lasts`, it expires by itself. UserError if it has no
    scope or no usable name."""
    given = sorted({scope.value for scope in scopes})
    if not given:
        raise UserError("a key without a scope opens nothing", "name at least one scope")
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise UserError(
            "a key's name has 1 to 100 printable characters", "say which system will use the key"
        )
    key_id = keys.new_id()
    text = keys.new_text(key_id)
    async with connection.transaction():
        row = await connection.fetchrow(
            _QUERIES.insert_key, key_id, name, given, keys.digest_of(text), lasts
        )
        assert row is not None, "an insert that returns its row"
        await audit.record(connection, actor, "key.create", key_id, scopes=given)
    return Issued(_key(row), text)


async def rotate(
    connection: "Connection", key_id: str, actor: Actor, *, grace: timedelta
) -> Issued:
    """Give the key a new text; the old one goes on for `grace`. UserError if it is not alive."""
    text = keys.new_text(key_id)
    async with connection.transaction():
        await _alive(connection, key_id)
        row = await connection.fetchrow(_QUERIES.rotate_key, key_id, keys.digest_of(text), grace)
        assert row is not None, "a locked row does not go away"
        seconds = int(grace.total_seconds())
        await audit.record(connection, actor, "key.rotate", key_id, grace_seconds=seconds)
    return Issued(_key(row), text)


async def revoke(connection: "Connection", key_id: str, actor: Actor) -> ApiKey:
    """End the key for good, a predecessor in its grace too. UserError if it is not alive."""
    async with connection.transaction():
        key = await _alive(connection, key_id)
        await connection.execute(_QUERIES.revoke_key, key_id)
        await audit.record(connection, actor, "key.revoke", key_id)
    return key


async def all_keys(connection: "Connection") -> list[ApiKey]:
    """Every key there ever was, oldest first."""
    return [_key(row) for row in await connection.fetch(_QUERIES.all_keys)]


async def live_keys(connection: "Connection") -> list[ApiKey]:
    """The keys that are neither revoked nor expired."""
    return [_key(row) for row in await connection.fetch(_QUERIES.live_keys)]


async def live_key(connection: "Connection", key_id: str) -> ApiKey | None:
    """The key of that id, unless it was revoked or has expired."""
    row = await connection.fetchrow(_QUERIES.live_key, key_id)
    return None if row is None else _key(row)


async def _alive(connection: "Connection", key_id: str) -> ApiKey:
    row = await connection.fetchrow(_QUERIES.lock_key, key_id)
    if row is None:
        raise UserError(f"there is no key {key_id!r}", "look it up with `headway keys list`")
    key = _key(row)
    if not key.lives(row["now"]):
        ended = "was revoked" if key.revoked_at else "has expired"
        raise UserError(f"key {key.shown} {ended}", "create a new one: `headway keys create`")
    return key


def _key(row: asyncpg.Record) -> ApiKey:
    """A scope that a newer release knows and this one does not is good for nothing here."""
    return ApiKey(
        row["key_id"], row["name"],
        frozenset(_SCOPES[name] for name in row["scopes"] if name in _SCOPES),
        bytes(row["digest"]), row["previous_digest"], row["previous_ends_at"],
        row["created_at"], row["expires_at"], row["rotated_at"], row["revoked_at"],
    )  # fmt: skip
