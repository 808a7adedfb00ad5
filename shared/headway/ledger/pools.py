"""Household pools: who is in one, who may spend, and what was done by whom.

A pool holds no points: every member's stay in their own account until they are spent. Its row is
locked before any account, by whoever changes it and by whoever spends from it.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

import asyncpg

from headway.ledger.queries import load

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "pools.sql")

Role = Literal["owner", "member"]
State = Literal["invited", "joined", "left"]
PoolState = Literal["open", "dissolved"]
Act = Literal[
    "create", "invite", "accept", "decline", "leave", "allow_spending", "refuse_spending",
    "dissolve",
]  # fmt: skip


class Member(NamedTuple):
    """One who has joined a pool or is invited to it; `since` is by the database's clock."""

    account_id: int
    member_id: str
    role: Role
    state: State
    may_spend: bool
    since: datetime


class Pool(NamedTuple):
    """A pool with those who have joined or are invited, the owner first."""

    pool_id: str
    state: PoolState
    members: tuple[Member, ...]

    def member(self, member_id: str) -> Member | None:
        """That member, if joined or invited."""
        return next((m for m in self.members if m.member_id == member_id), None)

    @property
    def joined(self) -> int:
        """How many have joined."""
        return sum(member.state == "joined" for member in self.members)


class Invitation(NamedTuple):
    """A pool that waits for an answer."""

    pool_id: str
    owner_id: str
    may_spend: bool
    since: datetime


class By(NamedTuple):
    """Who acts: a member, through an API key or (`by_member`) with a token that it issued."""

    account_id: int
    key_id: str
    by_member: bool


async def account_of(connection: "Connection", member_id: str) -> int | None:
    """The account of a member who has joined the programme; None if there is no such member."""
    account_id: int | None = await connection.fetchval(QUERIES.account_of, member_id)
    return account_id


async def read(connection: "Connection", pool_id: str) -> Pool | None:
    """A pool as it stands; None if there is no such pool."""
    state = await connection.fetchval(QUERIES.pool_state, pool_id)
    return None if state is None else await _with_members(connection, pool_id, state)


async def lock(connection: "Connection", pool_id: str) -> Pool | None:
    """A pool that nobody else changes or spends from until the transaction ends."""
    state = await connection.fetchval(QUERIES.lock_pool, pool_id)
    return None if state is None else await _with_members(connection, pool_id, state)


async def _with_members(connection: "Connection", pool_id: str, state: PoolState) -> Pool:
    rows = await connection.fetch(QUERIES.pool_members, pool_id)
    return Pool(pool_id, state, tuple(Member(*row) for row in rows))


async def pool_of(connection: "Connection", account_id: int) -> str | None:
    """The pool that an account has joined."""
    pool_id: str | None = await connection.fetchval(QUERIES.pool_of, account_id)
    return pool_id


async def invitations(connection: "Connection", account_id: int) -> list[Invitation]:
    """Pools that wait for an account's answer, the oldest first."""
    return [Invitation(*row) for row in await connection.fetch(QUERIES.invitations, account_id)]


async def is_joined(connection: "Connection", pool_id: str, member_id: str) -> bool:
    """Whether a member is in a pool."""
    joined: bool = await connection.fetchval(QUERIES.is_joined, pool_id, member_id)
    return joined


async def create(connection: "Connection", pool_id: str, owner: int) -> None:
    """Store a new pool. Raises asyncpg.UniqueViolationError when its owner is in another."""
    await connection.execute(QUERIES.create_pool, pool_id)
    await connection.execute(QUERIES.put_member, pool_id, owner, "owner", "joined", True)


async def put(
    connection: "Connection", pool_id: str, account_id: int, state: State, *, may_spend: bool
) -> None:
    """Store how a member who is not the owner stands. Raises as `create`."""
    await connection.execute(QUERIES.put_member, pool_id, account_id, "member", state, may_spend)


async def dissolve(connection: "Connection", pool_id: str) -> None:
    """Everybody leaves, and nobody comes back."""
    await connection.execute(QUERIES.all_leave, pool_id)
    await connection.execute(QUERIES.dissolve_pool, pool_id)


async def lock_all_about(connection: "Connection", account_id: int) -> list[Pool]:
    """Lock every pool that an account has joined, or is invited to."""
    rows = await connection.fetch(QUERIES.pools_about, account_id)
    found = [await lock(connection, row["pool_id"]) for row in rows]
    return [pool for pool in found if pool is not None]


async def withdraw(connection: "Connection", pool: Pool, by: By) -> None:
    """Take an account out of a locked pool; with its owner, everybody leaves."""
    mine = next((m for m in pool.members if m.account_id == by.account_id), None)
    if mine is None:
        return
    if mine.role == "owner":
        await dissolve(connection, pool.pool_id)
        await note(connection, pool.pool_id, "dissolve", by, by.account_id)
    else:
        await put(connection, pool.pool_id, by.account_id, "left", may_spend=mine.may_spend)
        act: Act = "leave" if mine.state == "joined" else "decline"
        await note(connection, pool.pool_id, act, by, by.account_id)


async def note(connection: "Connection", pool_id: str, act: Act, by: By, about: int) -> None:
    """Add an act to the pool's log."""
    await connection.execute(QUERIES.note_act, pool_id, act, by[0], about, *by[1:])


async def lock_joined(connection: "Connection", pool_id: str) -> list[asyncpg.Record]:
    """Lock the accounts of all who have joined; their rows, in ascending id."""
    return await connection.fetch(QUERIES.lock_joined, pool_id)


async def read_joined(connection: "Connection", pool_id: str) -> list[asyncpg.Record]:
    """The rows of all who have joined, without a lock."""
    return await connection.fetch(QUERIES.read_joined, pool_id)
