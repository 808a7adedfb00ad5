"""Taking a member's name out of the ledger, in the transaction that tells of it.

What names a member: the account, the inputs (its own, and those of friends whom it referred), what
friends' accounts keep of their referral, answers kept under idempotency keys, dead letters. Digests
of what named it are salted with what nobody keeps. Points, chains and totals do not change.

Order ids and other ids of the shop's stay: without them an order could be counted twice. Whom they
belong to only the shop knows.
"""

import secrets
from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

import asyncpg
import orjson

from headway.domain.erasing import Erase
from headway.errors import Retryable
from headway.ledger.erasing_pattern import naming_pattern
from headway.ledger.queries import load
from headway.ledger.reading import QUERIES as READING

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "erasing.sql")
NAMELESS = "erased:"
"""How the ids begin that stand in the place of names that went."""
_BLINDED = bytes(8)


class Nameless(NamedTuple):
    """An account whose name went: its row, still locked, and the friends who were referred."""

    account: asyncpg.Record
    friends: tuple[int, ...]


def is_blinded(digest: bytes) -> bool:
    """Whether a digest is of something that named an erased member."""
    return digest.startswith(_BLINDED)


def body_of(command: Erase) -> bytes:
    """The fields decided on, as canonical JSON."""
    return orjson.dumps(command._asdict(), option=orjson.OPT_SORT_KEYS)


def erase_from(body: bytes | str) -> Erase:
    """The inverse of `body_of`, for replaying the input log."""
    return Erase(**orjson.loads(body))


async def take_name(
    connection: "Connection", member_id: str, command: Erase, key_id: str
) -> Nameless | None:
    """Take the name out of everything; the account's row as it is then. None: no such member.

    Raises Retryable when friends came while the locks were taken: their accounts must be locked
    with the member's, in ascending order.
    """
    found = await connection.fetch(QUERIES.accounts_of_name, member_id)
    numbers = [row["account_id"] for row in found]
    rows = await connection.fetch(READING.lock_accounts_by_id, numbers)
    now = await connection.fetch(QUERIES.accounts_of_name, member_id)
    if [row["account_id"] for row in now] != numbers:
        raise Retryable("a friend joined while the accounts were locked")
    own = [row for row in rows if row["member_id"] == member_id]
    if not own:
        return None
    account_id = own[0]["account_id"]
    friends = tuple(number for number in numbers if number != account_id)
    await _rename(connection, member_id, account_id, friends)
    await connection.execute(
        QUERIES.note_erasure, account_id, own[0]["version"], own[0]["head_hash"], *command, key_id
    )
    renamed = await connection.fetchrow(READING.lock_accounts_by_id, [account_id])
    return None if renamed is None else Nameless(renamed, friends)


async def forget_again(connection: "Connection", names: Collection[str]) -> None:
    """Drop the accounts that were opened for repeats of events from before a name was erased."""
    await connection.execute(QUERIES.drop_unused, sorted(names))


async def _rename(
    connection: "Connection", member_id: str, account_id: int, friends: tuple[int, ...]
) -> None:
    salt, nameless = secrets.token_bytes(32), NAMELESS + secrets.token_urlsafe(18)
    name, instead = orjson.dumps(member_id).decode(), orjson.dumps(nameless).decode()
    await connection.execute(QUERIES.say_what_goes, name, instead)
    await connection.execute(QUERIES.rename_account, account_id, nameless)
    await connection.execute(QUERIES.rename_inputs, account_id, salt, member_id)
    await connection.execute(QUERIES.rename_referrer, list(friends), member_id, nameless)
    await connection.execute(QUERIES.blind_keys, account_id, salt)
    field = '_id":'  # member_id, to_member_id, owner_id ...
    await connection.execute(QUERIES.rename_answers, field + name, field + instead, salt)
    await connection.execute(
        QUERIES.empty_letters, member_id.encode(), nameless.encode(), naming_pattern(member_id)
    )
