"""Adjustments in the ledger: what was asked for and by whom, and what became of it."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

import orjson

from headway.domain.adjustment import Adjust
from headway.ledger.queries import load

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "adjustments.sql")

State = Literal["proposed", "applied", "rejected"]


class Adjustment(NamedTuple):
    """One adjustment. People are opaque ids, keys the ids of API keys; the second of each approved
    or rejected it. `limit_points`: what one person could adjust when it was asked for. Times are
    the database's. `number` orders them."""

    adjustment_id: str
    member_id: str
    points: int
    reason: str
    by_person: str
    by_key: str
    limit_points: int
    state: State
    second_person: str | None
    second_key: str | None
    asked_at: datetime
    decided_at: datetime | None
    number: int


class Asked(NamedTuple):
    """What is asked for, by whom, with which key, and what one person may adjust alone."""

    adjustment_id: str
    points: int
    reason: str
    by_person: str
    by_key: str
    limit_points: int

    @property
    def alone(self) -> bool:
        """Whether one person is enough."""
        return abs(self.points) <= self.limit_points


def body_of(command: Adjust) -> bytes:
    """The fields decided on, as canonical JSON: all that replaying the command needs."""
    told = {name: value for name, value in command._asdict().items() if value is not None}
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def adjust_from(body: bytes | str) -> Adjust:
    """The inverse of `body_of`, for replaying the input log."""
    return Adjust(**orjson.loads(body))


async def open_adjustment(
    connection: "Connection", account_id: int, asked: Asked, n: int | None
) -> None:
    """Store a new adjustment: applied by input `n`, or proposed (None)."""
    state: State = "proposed" if n is None else "applied"
    await connection.execute(QUERIES.open_adjustment, asked[0], account_id, *asked[1:], state, n)


async def account_of(connection: "Connection", adjustment_id: str) -> int | None:
    """The account that it adjusts; None if there is no such adjustment."""
    account_id: int | None = await connection.fetchval(QUERIES.account_of, adjustment_id)
    return account_id


async def read_adjustment(connection: "Connection", adjustment_id: str) -> Adjustment | None:
    """One adjustment as it stands."""
    row = await connection.fetchrow(QUERIES.read_adjustment, adjustment_id)
    return None if row is None else Adjustment(*row)


async def decide_adjustment(
    connection: "Connection", adjustment_id: str, state: State, person: str, key: str,
    n: int | None,
) -> None:  # fmt: skip
    """Store what became of a proposal, and who decided it; applied by input `n`."""
    await connection.execute(QUERIES.decide_adjustment, adjustment_id, state, person, key, n)


async def read_page(
    connection: "Connection", before: int | None, limit: int, state: State | None,
    member_id: str | None,
) -> list[Adjustment]:  # fmt: skip
    """The newest adjustments before a number, in a state and of a member where given."""
    rows = await connection.fetch(QUERIES.page_of_adjustments, before, state, member_id, limit)
    return [Adjustment(*row) for row in rows]
