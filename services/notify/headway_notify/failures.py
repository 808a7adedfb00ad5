"""What was given up or refused for good, on any road: looked at, and sent again."""

from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from headway.errors import UserError
from headway.ledger.queries import load
from headway.stream.positions import Connection

QUERIES = load("headway_notify", "failures.sql")
MAIL = "mail"


class Name(NamedTuple):
    """What one is called by people: `17` for the mail of notification 17, `17:klaviyo`."""

    notification: int
    road: str

    @classmethod
    def parse(cls, text: str) -> "Name":
        """Raises UserError for anything else."""
        number, _, road = text.partition(":")
        if not number.isdecimal() or (":" in text and not road):
            raise UserError(f"{text!r} names nothing that failed", "write 17, or 17:klaviyo")
        return cls(int(number), road or MAIL)

    def __str__(self) -> str:
        return (
            str(self.notification) if self.road == MAIL else f"{self.notification}:{self.road}"
        )  # fmt: skip


async def listed(
    connection: Connection, *, road: str | None, limit: int
) -> Sequence[asyncpg.Record]:
    """What failed, and what is unknown and will not be tried again; oldest first."""
    return await connection.fetch(QUERIES.listed, road, limit)


async def shown(connection: Connection, name: Name) -> asyncpg.Record:
    """All that is known of one, whatever its state. Raises UserError when there is none."""
    row = await connection.fetchrow(QUERIES.shown, name.notification, name.road)
    if row is None:
        raise UserError(f"there is no {name}", "`headway notify failed list` names those there are")
    return row


async def replay(connection: Connection, names: Sequence[Name]) -> list[Name]:
    """Have these sent again, in the caller's transaction; returns those that could be.

    Left out is what is in no end: it is tried again by itself, or has arrived.
    """
    await connection.execute(QUERIES.declare_replaying)
    mails = [name.notification for name in names if name.road == MAIL]
    others = [name for name in names if name.road != MAIL]
    rows = await connection.fetch(QUERIES.replay_mails, mails)
    rows += await connection.fetch(
        QUERIES.replay_handovers, [name.notification for name in others],
        [name.road for name in others],
    )  # fmt: skip
    return [Name(row["notification"], row["road"]) for row in rows]


async def standing(connection: Connection) -> Sequence[asyncpg.Record]:
    """By road and state: how many, how many of them unsure, and since when the oldest waits."""
    return await connection.fetch(QUERIES.standing)
