"""A redemption that was just decided: what it holds, and of what it takes one."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from headway.domain.closing import Decision
from headway.domain.redemption import Reserve
from headway.domain.terms import Terms, terms_of
from headway.errors import InvariantViolated
from headway.ledger import catalogue, codes
from headway.ledger import redemptions as ledger
from headway.ledger.books import Books
from headway.program.rewards import Reward

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


class SoldOut(Exception):
    """What was still there when the command was decided had gone when it was to be taken."""


def opened(
    books: Books, decision: Decision, reserve: Reserve, hold: timedelta
) -> ledger.Redemption:
    """The redemption that an applied reservation has begun."""
    at, account = decision.input.time, decision.account
    program = books.programs.at(at)
    reward = _reward(books, decision.input.time, reserve.reward_id)
    held = sum(row.points for row in decision.points if row.kind == "reserve")
    before = account.available + held
    terms = terms_of(program, reward, account.tier, at, before, reserve.wish)
    if not isinstance(terms, Terms) or terms.points != held:
        raise InvariantViolated(f"{held} points reserved for {reward.id!r}, on terms {terms!r}")
    return ledger.Redemption(
        reserve.redemption_id, account.account_id, account.member_id, reward.id, reward.name,
        terms.points, terms.value_minor, terms.currency, program.version, "reserved",
        at, books.known.now + hold, at, reward.kind, terms.cash_minor, reward.stock is not None,
        order_id=reserve.wish.order_id,
    )  # fmt: skip


async def hold_what_is_counted(
    connection: "Connection", books: Books, redemption: ledger.Redemption
) -> ledger.Redemption:
    """Store the redemption with a code of its pool and one of its stock. Raises SoldOut."""
    reward = _reward(books, redemption.reserved_at, redemption.reward_id)
    if reward.codes is not None:
        code = await codes.take(connection, reward.codes, redemption.redemption_id)
        if code is None:
            raise SoldOut
        redemption = redemption._replace(code=code)
    await ledger.open_redemption(connection, redemption)
    if redemption.counted and not await catalogue.take_stock(connection, reward):
        raise SoldOut
    return redemption


def _reward(books: Books, at: datetime, reward_id: str) -> Reward:
    reward = books.programs.at(at).reward(reward_id)
    if reward is None:
        raise InvariantViolated(f"reserved reward {reward_id!r}, which is no reward")
    return reward
