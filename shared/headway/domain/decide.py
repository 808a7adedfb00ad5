"""decide: what one input means for one account. Pure: no clock, no input or output, no memory.

Every decision first settles the account to the later of its own time and the input's, judges the
input by the programme version in force at the input's business time, and settles again.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from headway.domain.account import Account, Input, Parked
from headway.domain.actions import (
    decide_activity,
    decide_joined,
    decide_left,
    decide_review,
    decide_review_removed,
    intake_review,
)
from headway.domain.book import Book, Touched
from headway.domain.orders import decide_order, intake_order
from headway.domain.outcome import Outcome, applied, nothing, parked
from headway.domain.points import Effect, PointsEvent, TierEvent
from headway.domain.redemption import decide_reserve, decide_step
from headway.domain.referral import (
    decide_effect,
    decide_referral,
    intake_effect,
    intake_referral,
)
from headway.domain.returns import decide_cancel, decide_refund, intake_refund
from headway.domain.settle import next_due_at, settle
from headway.errors import Poison
from headway.program.program import Programs


class Decision(NamedTuple):
    """What an input did: the rows to append, the account after it, and why."""

    input: Input
    n: int
    outcome: Outcome
    points: tuple[PointsEvent, ...]
    tier_events: tuple[TierEvent, ...]
    effects: tuple[Effect, ...]
    touched: Touched
    account: Account
    changed: bool
    released: bool


_Decider = Callable[[Book, Programs, Input, Any], Outcome]

_DECIDERS: dict[str, _Decider] = {
    "order.paid": decide_order,
    "order.refunded": decide_refund,
    "order.cancelled": decide_cancel,
    "order.fulfilled": lambda book, programs, item, data: applied("fulfilment changes nothing"),
    "review.published": decide_review,
    "review.removed": decide_review_removed,
    "referral.created": decide_referral,
    "referral.completed": decide_referral,
    "member.joined": lambda book, programs, item, data: decide_joined(book, programs, item),
    "member.updated": lambda book, programs, item, data: applied("noted"),
    "member.left": lambda book, programs, item, data: decide_left(book, item),
    "activity.recorded": decide_activity,
    "effect": decide_effect,
    "tick": lambda book, programs, item, data: applied(),
    "redemption.reserve": decide_reserve,
    "redemption.confirm": lambda book, programs, item, data: decide_step(book, item, data),
    "redemption.cancel": lambda book, programs, item, data: decide_step(book, item, data),
    "redemption.timeout": lambda book, programs, item, data: decide_step(book, item, data),
    "redemption.reverse": lambda book, programs, item, data: decide_step(book, item, data),
}

_AT_ANY_TIME = frozenset(kind for kind in _DECIDERS if kind.startswith(("redemption.", "tick")))


def decide(programs: Programs, account: Account, item: Input) -> Decision:
    """One input, decided. Raises Poison for what must not be applied, else InvariantViolated.

    Nothing is remembered between calls: the same account and input give the same decision.
    """
    return _decide(programs, account, item, account.inputs + 1, released=False)


def decide_all(programs: Programs, account: Account, item: Input) -> list[Decision]:
    """One input and every parked input that waited for it, each a decision with its own cause."""
    decisions = [decide(programs, account, item)]
    _release_all(programs, decisions)
    return decisions


def _release_all(programs: Programs, decisions: list[Decision]) -> None:
    """Decide what waited for the last decision, each followed at once by what waited for it."""
    unlocked, held = decisions[-1].outcome.unlocks, decisions[-1].account.parked
    if not unlocked or not held:
        return
    waiting = [p for p in held if p.waits_for == unlocked]
    for waited in sorted(waiting, key=lambda p: (p.input.time, p.input.source, p.input.id)):
        decisions.append(_release(programs, decisions[-1].account, waited))
        _release_all(programs, decisions)


def _release(programs: Programs, account: Account, waited: Parked) -> Decision:
    rest = tuple(other for other in account.parked if other.n != waited.n)
    account = account._replace(parked=rest)
    try:
        return _decide(programs, account, waited.input, waited.n, released=True)
    except Poison as poison:
        # It was accepted when it was parked, so it stays in the input log, with the reason.
        book = Book(account, waited.n, programs.at(waited.input.time).version)
        return _close(
            book, programs, waited.input, waited.n, nothing(poison.message), released=True
        )


def _decide(
    programs: Programs, account: Account, item: Input, n: int, *, released: bool
) -> Decision:
    book = Book(account, n, programs.at(item.time).version)
    outcome = _intake(book, programs, item)
    if outcome is None:
        outcome = _waits_for_member(book, item)
    if outcome is None:
        settle(book, programs, item.time)
        outcome = _DECIDERS[item.kind](book, programs, item, item.data)
        if outcome.outcome == "refused":
            # A command that cannot be met leaves the account as it was, not even settled: nobody
            # is told of a change, or mailed, because of a request that did nothing.
            book = Book(account, n, book.version)
        elif book.time is not None:
            settle(book, programs, book.time)
    return _close(book, programs, item, n, outcome, released=released)


def _intake(book: Book, programs: Programs, item: Input) -> Outcome | None:
    """Business keys are claimed on first sight, even by an input that is then parked."""
    data: Any = item.data
    if item.kind == "order.paid":
        return intake_order(book, programs.at(item.time), item, data)
    if item.kind == "order.refunded":
        return intake_refund(book, item, data)
    if item.kind == "review.published":
        intake_review(book, item, data)
    elif item.kind in ("referral.created", "referral.completed"):
        intake_referral(book, data)
    elif item.kind == "effect":
        intake_effect(book, data)
    return None


def _waits_for_member(book: Book, item: Input) -> Outcome | None:
    if book.joined_at is not None or item.kind == "member.joined" or item.kind in _AT_ANY_TIME:
        return None
    return parked("member")


def _close(
    book: Book, programs: Programs, item: Input, n: int, outcome: Outcome, *, released: bool
) -> Decision:
    before = book.account
    waiting = before.parked
    if outcome.outcome == "parked":
        waiting = (*waiting, Parked(n, outcome.waits_for, item))
    elif item.kind == "order.paid" and outcome.outcome != "refused":
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
        book.days,
        book.first,
        book.referral,
        before.lots_complete,
        before.unloaded_due_at,
        book.lots,
        book.orders,
        book.lines,
        book.refunds,
        book.reviews,
        book.effect_awards,
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
        book.touched,
        after,
        changed,
        released,
    )
