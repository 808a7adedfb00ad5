"""Closing the book of one input: the rows to append, and the account as it is from then on."""

from typing import NamedTuple

from headway.domain.account import Account, Input, Key, Parked, key_of
from headway.domain.book import Book, Touched
from headway.domain.outcome import Outcome
from headway.domain.points import Effect, Issued, Notice, PointsEvent, TierEvent, Voided
from headway.domain.settle import next_due_at
from headway.domain.steps import STEPS
from headway.program.program import Programs


class Decision(NamedTuple):
    """What an input did: the rows to append, the account after it, and why."""

    input: Input
    n: int
    outcome: Outcome
    points: tuple[PointsEvent, ...]
    tier_events: tuple[TierEvent, ...]
    effects: tuple[Effect, ...]
    notices: tuple[Notice, ...]
    touched: Touched
    account: Account
    changed: bool
    released: bool
    issued: tuple[Issued, ...] = ()
    voided: tuple[Voided, ...] = ()


def close(
    book: Book,
    programs: Programs,
    item: Input,
    n: int,
    outcome: Outcome,
    *,
    released: bool,
    last: Key | None = None,
) -> Decision:
    """Close the book. `last`: the latest place that was decided on again, where that was done."""
    before = book.account
    waiting = before.parked
    if outcome.outcome == "parked":
        waiting = (*waiting, Parked(n, outcome.waits_for, item))
    elif item.kind == "order.paid":
        order = "order:" + item.data.order_id
        outcome = Outcome(outcome.outcome, outcome.reason, "", order)
    changed = book.changed()
    balances = book.balances
    after = Account(  # By place: this runs once for every decision.
        before.account_id,
        before.member_id,
        balances["pending"],
        balances["available"],
        balances["reserved"],
        balances["owed"],
        book.seq,
        before.inputs if released else n,
        before.tier_seq + len(book.tier_events),
        before.version + changed,
        book.time,
        book.joined_at,
        book.left_at,
        book.tier,
        next_due_at(book, programs),
        book.remainders,
        book.saved,
        book.measures,
        book.first,
        book.referral,
        book.purchases,
        book.caps,
        book.carried,
        book.birthday,
        book.membership,
        book.active_at,
        _last(before, item, outcome, last),
        book.goal,
        book.certificates,
        before.lots_complete,
        before.unloaded_due_at,
        book.lots,
        book.orders,
        book.lines,
        book.refunds,
        book.reviews,
        book.effect_awards,
        book.payments,
        waiting,
        before.held_elsewhere,
    )
    return Decision(
        item,
        n,
        outcome,
        tuple(book.points),
        tuple(book.tier_events),
        tuple(book.effects_out),
        tuple(book.notices),
        book.touched,
        after,
        changed,
        released,
        tuple(book.issued),
        tuple(book.voided),
    )


def _last(before: Account, item: Input, outcome: Outcome, again: Key | None) -> Key | None:
    """The latest place of a source input that has been decided."""
    last = before.last
    if again is not None:
        return again if last is None or again > last else last
    if outcome.outcome == "parked" or item.kind not in STEPS:
        return last
    place = key_of(item)
    return place if last is None or place > last else last
