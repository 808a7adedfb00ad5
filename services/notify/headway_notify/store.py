"""Notify's tables: what is known, which mails are due, and who is sending which.

Every statement is in queries.sql; the states and the steps between them are drawn in the ledger's
migration 0002_notify.sql and enforced there.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from headway.ledger.queries import load
from headway.stream.positions import Connection, Pool
from headway_notify.permission import SCOPE
from headway_notify.plan import Due, Latest, Version

_QUERIES = load("headway_notify", "queries.sql")


class Claimed(NamedTuple):
    """A decided mail that this process alone may send, until its claim lapses."""

    id: int
    claim: UUID
    send_before: float
    """On this process's monotonic clock: later than this it must not be begun."""
    member_id: str
    day: date
    facts: str
    tries_before: int
    age: float
    """Seconds since it was decided."""
    sealed: bytes
    """The contact; `wrapped` is the key that opens it, which is done when it is sent."""
    wrapped: bytes


class Outcome(NamedTuple):
    """What became of a claimed mail: the state to go to, and when to try again, if ever."""

    id: int
    claim: UUID
    state: str
    reply: str
    wait: float | None = None


async def seen_versions(connection: Connection, member_ids: Collection[str]) -> dict[str, Version]:
    """How far each of these members is known; members never heard of are missing."""
    rows = await connection.fetch(_QUERIES.balances_seen, list(member_ids))
    return {row["member_id"]: (row["epoch"], row["version"]) for row in rows}


async def write_balances(connection: Connection, balances: Sequence[Latest]) -> None:
    """Store the latest state of each member; a later one that is there already stays."""
    await connection.execute(
        _QUERIES.balances_write,
        [row.member_id for row in balances],
        [row.version[0] for row in balances],
        [row.version[1] for row in balances],
        [row.left_day for row in balances],
        [row.facts.decode() for row in balances],
    )


async def write_due(connection: Connection, due: Sequence[Due]) -> None:
    """Make these mails due; a member's day that has a mail already, in any state, is left."""
    await connection.execute(
        _QUERIES.notifications_due,
        [row.member_id for row in due],
        [row.day for row in due],
        [row.ends_at for row in due],
    )


async def decide(
    pool: Pool, now: datetime, *, group: str, contacts_topic: str, most: int
) -> dict[str, int]:
    """Decide mails whose day is over at `now`: counts of decided and skipped."""
    rows = await pool.fetch(_QUERIES.decide, now, most, group, contacts_topic)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["state"]] = counts.get(row["state"], 0) + 1
    return counts


async def claim(
    pool: Pool, token: UUID, *, lease: float, send_before: float, most: int
) -> list[Claimed]:
    """Take mails that are decided, or to be sent again, for `lease` seconds."""
    rows = await pool.fetch(_QUERIES.claim, token, lease, most, *SCOPE)
    return [
        Claimed(
            row["id"], token, send_before, row["member_id"], row["business_day"], row["facts"],
            row["attempts"] - 1, row["age"], row["sealed"], row["wrapped"],
        )
        for row in rows
        if row["state"] == "sending"
    ]  # fmt: skip


async def mark(pool: Pool, outcomes: Sequence[Outcome]) -> None:
    """Write what became of claimed mails; one that another sender took over is left alone."""
    await pool.execute(
        _QUERIES.mark,
        [row.claim for row in outcomes],
        [row.id for row in outcomes],
        [row.state for row in outcomes],
        [row.reply for row in outcomes],
        [row.wait for row in outcomes],
    )


async def lapse(pool: Pool, *, resend: bool) -> int:
    """Record claims that ran out as unknown; with `resend` they are to be sent again."""
    return len(await pool.fetch(_QUERIES.lapse, resend))


async def standing(pool: Pool) -> dict[str, int]:
    """How many notifications are in each state."""
    return {row["state"]: row["notifications"] for row in await pool.fetch(_QUERIES.standing)}
