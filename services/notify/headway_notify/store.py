"""Notify's tables: what is known, which messages are due, and who is sending which.

Every statement is in queries.sql; the states and the steps between them are drawn in the ledger's
migration 0002_notify.sql, and enforced by 0015_roads.sql.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple, cast
from uuid import UUID

import asyncpg
import orjson

from headway.contracts.balance import BalanceChanged
from headway.ledger.queries import load
from headway.program.messages import Kind
from headway.stream.positions import Connection, Pool
from headway_notify.claiming import columns, settle
from headway_notify.details import ProgrammeChange
from headway_notify.moving import COUNTED, Moved
from headway_notify.plan import Due, Latest, Seen, seen_in

QUERIES = load("headway_notify", "queries.sql")
NOT_MAILED = "no mail leaves here any more"
_ANY_TIME = datetime.max.replace(tzinfo=UTC)


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
    """Seconds since it was decided, or might go, or was replayed: whichever came last."""
    sealed: bytes
    """The contact; `wrapped` is the key that opens it, which is done when it is sent."""
    wrapped: bytes
    kind: Kind = "progress"
    cause: str = ""
    detail: str = "{}"


class Outcome(NamedTuple):
    """What became of a claimed mail: the state to go to, and when to try again, if ever."""

    id: int
    claim: UUID
    state: str
    reply: str
    wait: float | None = None
    provider_id: str = ""
    begun: bool = True
    """Whether anything was tried; else it was given back as it was."""


async def seen_before(
    connection: Connection, member_ids: Collection[str], *, whole: bool
) -> dict[str, Seen]:
    """How far each of these members is known; members never heard of are missing. `whole`: what
    they had then, too."""
    if not whole:
        rows = await connection.fetch(QUERIES.balances_seen, list(member_ids))
        return {row["member_id"]: Seen((row["epoch"], row["version"])) for row in rows}
    rows = await connection.fetch(QUERIES.balances_seen_whole, list(member_ids))
    return {
        row["member_id"]: seen_in(BalanceChanged.model_validate(orjson.loads(row["facts"])))
        for row in rows
    }


async def latest_facts(connection: Connection, member_id: str) -> str | None:
    """The facts of a member's latest balance, as JSON; None of one never heard of."""
    return cast("str | None", await connection.fetchval(QUERIES.balances_latest, member_id))


async def write_balances(connection: Connection, balances: Sequence[Latest]) -> None:
    """Store the latest state of each member; a later one that is there already stays."""
    await connection.execute(
        QUERIES.balances_write,
        [row.member_id for row in balances],
        [row.version[0] for row in balances],
        [row.version[1] for row in balances],
        [row.left_day for row in balances],
        [row.facts.decode() for row in balances],
    )


async def write_due(connection: Connection, due: Sequence[Due]) -> None:
    """Make these messages due; what was due before, whatever became of it, is left."""
    await connection.execute(
        QUERIES.notifications_due,
        [row.member_id for row in due],
        [row.kind for row in due],
        [row.cause for row in due],
        [row.day for row in due],
        [row.ends_at for row in due],
        [row.version for row in due],
        [row.detail.decode() for row in due],
    )


async def write_moved(connection: Connection, moved: Sequence[Moved]) -> None:
    """Add changes to their members' periods; they come sorted, and by version within a period."""
    sums: dict[tuple[str, date], tuple[Moved, list[int]]] = {}
    for one in moved:
        _, counted = sums.get((one.member_id, one.first), (one, [0] * len(COUNTED)))
        for place, change in enumerate(one.changes):
            counted[place] += change
        sums[one.member_id, one.first] = one, counted
    if not sums:
        return
    rows = [
        (one.member_id, one.first, one.epoch, one.version, one.held, *counted)
        for one, counted in sums.values()
    ]
    await connection.execute(QUERIES.movements_write, *map(list, zip(*rows, strict=True)))


async def announce_to_all(connection: Connection, change: ProgrammeChange, now: datetime) -> int:
    """Make the telling of a programme's change due for every member; returns for how many."""
    done = await connection.execute(
        QUERIES.announce_to_all, f"v{change.version}", change.from_day, now,
        change.model_dump_json(),
    )  # fmt: skip
    return int(done.rpartition(" ")[2])


async def claim(
    pool: Pool, token: UUID, *, lease: float, send_before: float, most: int,
    now: datetime = _ANY_TIME,
) -> list[Claimed]:  # fmt: skip
    """Take mails for `lease` seconds that are decided, or to be sent again, and may go at `now`."""
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(QUERIES.take_ready, now, most)
        taken = settle(rows)
        if taken:
            await connection.execute(QUERIES.claim, token, lease, *columns(taken, "id"))
    return [
        Claimed(
            one.row["id"], token, send_before, one.row["member_id"], one.row["business_day"],
            one.facts or one.row["facts"], one.row["attempts"], one.row["age"],
            one.row["sealed"], one.row["wrapped"], one.row["kind"], one.row["cause"],
            one.detail or one.row["detail"],
        )
        for one in taken
        if not one.why_not
    ]  # fmt: skip


async def mark(pool: Pool | Connection, outcomes: Sequence[Outcome]) -> list[asyncpg.Record]:
    """Write what became of claimed mails, and return them as they are now; one that another sender
    took over is left alone."""
    return await pool.fetch(
        QUERIES.mark,
        [row.claim for row in outcomes],
        [row.id for row in outcomes],
        [row.state for row in outcomes],
        [row.reply for row in outcomes],
        [row.wait for row in outcomes],
        [row.provider_id for row in outcomes],
        [row.begun for row in outcomes],
    )


async def lapse(pool: Pool, *, resend: bool) -> int:
    """Record claims that ran out as unknown; with `resend` they are to be sent again."""
    return len(await pool.fetch(QUERIES.lapse, resend))


async def end_mails(pool: Pool) -> int:
    """End up to 1,000 mails that wait, where no mail leaves; returns how many."""
    return len(await pool.fetch(QUERIES.end_mails, NOT_MAILED))


async def standing(pool: Pool) -> dict[str, int]:
    """How many notifications are in each state."""
    return {row["state"]: row["notifications"] for row in await pool.fetch(QUERIES.standing)}
