"""What of rewards is outside of accounts: how many are left, and how often a member had one.

Stock is taken last in a transaction: everybody who wants the same reward waits for its row.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from headway.domain.terms import Wish
from headway.errors import UserError
from headway.ledger.queries import load
from headway.program.calendar import period_start
from headway.program.program import Program
from headway.program.rewards import Reward

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "catalogue.sql")


class Stock(NamedTuple):
    """How many of a reward there are, and how many of them are spoken for."""

    reward_id: str
    total: int
    taken: int


def asks_more(reward: Reward) -> bool:
    """Whether having it depends on more than the account and the programme."""
    return bool(reward.limit or reward.codes or reward.stock is not None)


async def read_wishes(
    connection: "Connection",
    program: Program,
    rewards: Sequence[Reward],
    account_id: int | None,
    at: datetime,
) -> dict[str, Wish]:
    """What is known of each reward for an account (None: for nobody) at a moment, by reward id."""
    asked = [reward for reward in rewards if asks_more(reward)]
    if not asked:
        return {}
    day = program.day(at)
    rows = await connection.fetch(
        QUERIES.read_wishes,
        account_id,
        [reward.id for reward in asked],
        [r.limit and period_start(r.limit.per, day, program.zone) for r in asked],
        [r.codes and r.codes.pool for r in asked],
        [r.codes and ("shared" if r.codes.many else "free") for r in asked],
    )
    found = {row["reward_id"]: row for row in rows}
    return {
        reward.id: Wish(
            had=found[reward.id]["had"],
            left=_left(reward, found[reward.id]["left"], found[reward.id]["coded"]),
        )
        for reward in asked
    }


def _left(reward: Reward, left: int | None, coded: bool) -> int | None:
    """None: enough. Of a pool it is only known that it has a code."""
    if not coded:
        return 0
    if reward.stock is None:
        return None if reward.codes is None else 1
    return reward.stock if left is None else left


async def take_stock(connection: "Connection", reward: Reward) -> bool:
    """Speak for one of a limited reward; False when there is none left."""
    taken = await connection.fetchval(QUERIES.take_stock, reward.id, reward.stock)
    return taken is not None


async def give_back_stock(connection: "Connection", rewards: Iterable[str]) -> None:
    """One of each reward named is free again; in ascending order, as all take them."""
    for reward_id in sorted(rewards):
        await connection.execute(QUERIES.give_back_stock, reward_id)


async def set_stock(connection: "Connection", reward_id: str, total: int) -> Stock:
    """Say how many of a reward there are. UserError when more are spoken for already."""
    row = await connection.fetchrow(QUERIES.set_stock, reward_id, total)
    if row is None:
        raise UserError(
            f"more than {total:,} of {reward_id} are spoken for already",
            "look at `headway rewards list`; cancel or reverse redemptions first",
        )
    return Stock(reward_id, row["total"], row["taken"])


async def read_stock(connection: "Connection") -> dict[str, Stock]:
    """Every stock that is counted, by reward id."""
    rows = await connection.fetch(QUERIES.read_stock)
    return {row["reward_id"]: Stock(*row) for row in rows}
