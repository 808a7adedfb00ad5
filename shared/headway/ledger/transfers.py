"""Moves between accounts in the ledger: what was sent, and where points that go home came from."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from headway.domain.transfer import GIVE, HOME, RECEIVE, SEND, Give, Home, Part, Receive, Send
from headway.ledger.queries import load

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "transfers.sql")

Moving = Send | Receive | Give | Home
KINDS = frozenset((SEND, RECEIVE, GIVE, HOME))
"""Kinds of inputs whose commands these are."""


class Transfer(NamedTuple):
    """Points that one member sent another; `sent_at` is business time, `n` the sender's input."""

    transfer_id: str
    from_account: int
    to_account: int
    points: int
    sent_at: datetime
    n: int


def part_fields(part: Part) -> dict[str, object]:
    """A part as the input log keeps it."""
    return {name: value for name, value in part._asdict().items() if value is not None}


def part_from(fields: Mapping[str, Any]) -> Part:
    """The inverse of `part_fields`."""
    expires_at = fields.get("expires_at")
    return Part(
        fields["points"], fields["account"], fields["seq"],
        datetime.fromisoformat(fields["earned_at"]), datetime.fromisoformat(fields["activates_at"]),
        None if expires_at is None else datetime.fromisoformat(expires_at), fields.get("home"),
    )  # fmt: skip


def body_of(command: Moving) -> bytes:
    """The fields decided on, as canonical JSON: all that replaying the command needs."""
    fields = command._asdict()
    if "parts" in fields:
        fields["parts"] = [part_fields(part) for part in fields["parts"]]
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def command_from(kind: str, body: bytes | str) -> Moving:
    """The inverse of `body_of`, for replaying the input log."""
    fields = orjson.loads(body)
    if kind == SEND:
        return Send(**fields)
    if kind == GIVE:
        lots = tuple((lot, points) for lot, points in fields["lots"])
        return Give(fields["redemption_id"], fields["to_account"], lots)
    parts = tuple(map(part_from, fields["parts"]))
    if kind == RECEIVE:
        return Receive(fields["transfer_id"], parts)
    return Home(fields["redemption_id"], parts)


async def sent_since(connection: "Connection", account_id: int, since: datetime) -> int:
    """How many points an account has sent from that business time on. Exact under its lock."""
    points: int = await connection.fetchval(QUERIES.sent_since, account_id, since)
    return points


async def note_transfer(connection: "Connection", transfer: Transfer) -> None:
    """Store a transfer, in the transaction that moves its points."""
    await connection.execute(QUERIES.note_transfer, *transfer)


async def homes_of(
    connection: "Connection", account_id: int, lots: Iterable[int], to_account: int
) -> dict[int, int]:
    """Of an account's lots those whose points once left another account, with the lot they left."""
    rows = await connection.fetch(QUERIES.homes_of, account_id, list(lots), to_account)
    return {row["lot"]: row["home"] for row in rows}
