"""Steps of a redemption that others gave points for: what comes to nothing sends them home.

Whose points they are is with the redemption, not with the pool: they go home also when that
member has left the pool, or the pool is no more.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from headway.domain.account import Input
from headway.domain.closing import Decision
from headway.domain.redemption import UNDOES, Step
from headway.domain.transfer import HOME, Home, Part, parts_of
from headway.errors import InvariantViolated
from headway.ledger.books import Books
from headway.ledger.redemptions import Holder, load_held_lots
from headway_redeem.moves import caused

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


def touched_by(kind: str, holder: Holder) -> list[int]:
    """The accounts that a step is about: whoever gave points gets them back when it undoes."""
    return [holder.account_id, *(holder.givers if kind in UNDOES else ())]


def waiting(
    rows: Sequence[asyncpg.Record], account_id: int, item: Input, step: Step
) -> Mapping[int, Input]:
    """What the accounts are opened for, before it is known what arrives: by account."""
    nothing = Home(step.redemption_id, ())
    return {
        row["account_id"]: item
        if row["account_id"] == account_id
        else caused(HOME, step.redemption_id, row["member_id"], item.time, nothing)
        for row in rows
    }


async def decide_step(
    connection: "Connection", books: Books, account_id: int, item: Input, step: Step
) -> Decision:
    """Decide a step on opened accounts, and what it sends home; the decision on the step."""
    await load_held_lots(connection, books, account_id, step.held)
    if item.kind in UNDOES:
        for giver in {guest.account for guest in step.guests}:
            lots = [(guest.home, 0) for guest in step.guests if guest.account == giver]
            await load_held_lots(connection, books, giver, lots)
    decision = books.decide(account_id, item)[0]
    _bring_home(books, decision, step, item.time)
    return decision


def _bring_home(books: Books, decision: Decision, step: Step, at: datetime) -> None:
    guests = {guest.lot: guest for guest in step.guests}
    homes = {guest.lot: guest.home for guest in step.guests}
    left = [row for row in decision.points if row.kind == "move_out"]
    by_giver: dict[int, list[Part]] = {}
    for row, part in zip(left, parts_of(left, decision.account.lots, homes), strict=True):
        by_giver.setdefault(guests[row.lot or 0].account, []).append(part)
    for giver in sorted(by_giver):
        what = Home(step.redemption_id, tuple(by_giver[giver]))
        member_id = books.accounts[giver].member_id
        taken = books.decide(giver, caused(HOME, step.redemption_id, member_id, at, what))[0]
        if taken.outcome.outcome != "applied":
            raise InvariantViolated(f"points of {step.redemption_id} did not come home")
