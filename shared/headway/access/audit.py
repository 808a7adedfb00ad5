"""The audit log: who did what, on what, when. Rows are never changed; the database sees to it."""

import getpass
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

import orjson

from headway.ledger.queries import load

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

_QUERIES = load("headway.access", "audit.sql")

Outcome = Literal["done", "refused"]
STOCK_SET = "stock.set"
"""The act of saying how many of a reward there are, through the API or at the command line."""
ERASE = "member.erase"
"""The act of taking a member's name out of everything; named as for an export."""
EXPORT = "member.export"
"""The act of reading everything held of a member, who is named by the number of the account."""


class Actor(NamedTuple):
    """Who acts: an API key by its id, or an operator at the command line by the system's name."""

    kind: Literal["key", "operator"]
    name: str


class Entry(NamedTuple):
    """One row of the log."""

    entry: int
    recorded_at: datetime
    actor: Actor
    act: str
    target: str
    request_id: str
    outcome: Outcome
    detail: Mapping[str, object]


def operator() -> Actor:
    """Whoever runs this process."""
    try:
        return Actor("operator", getpass.getuser())
    except (KeyError, OSError):
        # A container may run under a number that has no name.
        return Actor("operator", "unnamed")


async def record(
    connection: "Connection", actor: Actor, act: str, target: str,
    *, request_id: str = "", outcome: Outcome = "done", **detail: object,
) -> None:  # fmt: skip
    """Write one entry, in the caller's transaction: the act and its entry stand or fall together.

    `act` is a dotted name ('key.revoke'), `target` the opaque id of what it was done to. Neither
    may hold personal data, nor may `detail`.
    """
    body = orjson.dumps(detail).decode()
    await connection.execute(
        _QUERIES.record, actor.kind, actor.name, act, target, request_id, outcome, body
    )


async def entries(
    connection: "Connection", *, limit: int, target: str | None = None
) -> list[Entry]:
    """The latest entries, newest first; with `target`, of what was done to it."""
    return [
        Entry(
            row["entry"], row["recorded_at"], Actor(row["actor_kind"], row["actor"]), row["act"],
            row["target"], row["request_id"], row["outcome"], orjson.loads(row["detail"]),
        )
        for row in await connection.fetch(_QUERIES.entries, target, limit)
    ]  # fmt: skip
