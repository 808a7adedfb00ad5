"""What a reservation is paid from: the spender's own account, or all of a household's."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from headway.domain.account import Account, Input
from headway.domain.redemption import Pooled, Reserve
from headway.domain.standing import standing
from headway.domain.terms import Terms, terms_of
from headway.domain.transfer import GIVE, Drawn, Give, Part, draw, parts_of
from headway.ledger import pools
from headway.ledger.books import Books
from headway.ledger.reading import QUERIES
from headway_redeem import problems
from headway_redeem.moves import caused
from headway_redeem.refusal import Refusal

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


class Purse(NamedTuple):
    """Locked accounts in ascending id, and which of them spends; `pool_id`: None for its own."""

    spender: asyncpg.Record
    rows: tuple[asyncpg.Record, ...]
    pool_id: str | None = None

    @property
    def spender_id(self) -> int:
        """The account of whoever spends."""
        number: int = self.spender["account_id"]
        return number

    def at(self, moment: datetime) -> "Purse":
        """Without those who have left the programme by then: they can spend nothing any more."""
        rows = tuple(
            row
            for row in self.rows
            if row["account_id"] == self.spender_id
            or row["left_at"] is None
            or moment < row["left_at"]
        )
        return self._replace(rows=rows)


async def lock_purse(connection: "Connection", member_id: str, *, from_pool: bool) -> Purse | None:
    """Lock what a member may spend from; None for no member. Raises Refusal for no such pool.

    The pool is locked before the accounts: nobody joins or leaves while it is drawn on.
    """
    if not from_pool:
        row = await connection.fetchrow(QUERIES.lock_accounts, [member_id])
        return None if row is None or row["joined_at"] is None else Purse(row, (row,))
    account_id = await pools.account_of(connection, member_id)
    if account_id is None:
        return None
    pool_id = await pools.pool_of(connection, account_id)
    pool = None if pool_id is None else await pools.lock(connection, pool_id)
    member = None if pool is None else pool.member(member_id)
    if pool is None or member is None or member.state != "joined":
        raise Refusal(problems.NOT_IN_POOL, "Nothing was reserved.")
    if not member.may_spend:
        raise Refusal(problems.MAY_NOT_SPEND, "Nothing was reserved.")
    rows = await pools.lock_joined(connection, pool.pool_id)
    spender = next(row for row in rows if row["account_id"] == account_id)
    return Purse(spender, tuple(rows), pool.pool_id)


def waiting(purse: Purse, item: Input, reserve: Reserve) -> Mapping[int, Input]:
    """What the accounts are opened for, before it is known who gives what: by account."""
    spender, nothing = purse.spender_id, Give(reserve.redemption_id, purse.spender_id, ())
    return {
        row["account_id"]: item
        if row["account_id"] == spender
        else caused(GIVE, reserve.redemption_id, row["member_id"], item.time, nothing)
        for row in purse.rows
    }


class Offer(NamedTuple):
    """A reservation with what the pool gives for it, and how many points the pool has."""

    reserve: Reserve
    available: int


def draw_on(books: Books, purse: Purse, at: datetime, reserve: Reserve) -> Offer:
    """Have others give what the price takes of their lots, if all together can pay it."""
    accounts = [standing(books.programs, one, at) for one in books.accounts.values()]
    available = sum(account.available for account in accounts)
    spender = next(one for one in accounts if one.account_id == purse.spender_id)
    program = books.programs.at(at)
    reward = program.reward(reserve.reward_id)
    if reward is None or (spender.left_at is not None and at >= spender.left_at):
        return Offer(reserve, available)
    terms = terms_of(program, reward, spender.tier, at, available, reserve.wish)
    if not isinstance(terms, Terms) or available < terms.points:
        return Offer(reserve, available)
    drawn = draw(accounts, purse.spender_id, terms.points)
    own = tuple((one.lot, one.points) for one in drawn if one.account == purse.spender_id)
    pooled = Pooled(_given(books, purse, at, reserve, drawn), own)
    return Offer(reserve._replace(pooled=pooled), available)


def _given(
    books: Books, purse: Purse, at: datetime, reserve: Reserve, drawn: tuple[Drawn, ...]
) -> tuple[Part, ...]:
    parts: list[Part] = []
    for giver in sorted({one.account for one in drawn} - {purse.spender_id}):
        lots = tuple((one.lot, one.points) for one in drawn if one.account == giver)
        account: Account = books.accounts[giver]
        what = Give(reserve.redemption_id, purse.spender_id, lots)
        item = caused(GIVE, reserve.redemption_id, account.member_id, at, what)
        decision = books.decide(giver, item)[0]
        # It opens lots always: what goes home again must not mix with what is the spender's own.
        parts += parts_of(decision.points, decision.account.lots, {})
    return tuple(parts)
