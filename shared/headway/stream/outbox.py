"""The outbox: rows written with the ledger, published by a relay, deleted once acknowledged."""

import base64
from collections.abc import Iterable, Sequence
from hashlib import blake2b

import orjson

from headway.ledger.publishing import SHARDS, OutboxRow
from headway.stream.batch import Header
from headway.stream.positions import QUERIES, Connection

__all__ = ["SHARDS", "OutboxRow"]


def shard_of(account_id: int) -> int:
    """The shard of an account: all that concerns one account goes out in order."""
    return account_id % SHARDS


def shard_of_key(key: bytes | None) -> int:
    """The shard of what belongs to no account, such as dead letters."""
    return blake2b(key or b"", digest_size=1).digest()[0] % SHARDS


def outbox_headers(headers: Iterable[Header]) -> str:
    """Headers as the outbox keeps them: JSON [[name, text], ...].

    A value that is not UTF-8 is kept as {"base64": ...}, a missing one as null.
    """
    return orjson.dumps([[name, _as_json(value)] for name, value in headers]).decode()


def _as_json(value: bytes | None) -> object:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def kafka_headers(text: str) -> list[Header]:
    """The inverse of `outbox_headers`."""
    return [(name, _as_bytes(value)) for name, value in orjson.loads(text)]


def _as_bytes(value: str | dict[str, str] | None) -> bytes | None:
    if value is None or isinstance(value, str):
        return None if value is None else value.encode()
    return base64.b64decode(value["base64"])


async def insert_outbox(
    connection: Connection,
    rows: Sequence[OutboxRow],
) -> None:
    """Write rows inside the caller's transaction, under the accounts' locks."""
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        await connection.execute(QUERIES.outbox_insert, *columns)
