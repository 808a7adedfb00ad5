"""decide: what one input means for one account. Pure: no clock, no input or output, no memory.

Every decision first settles the account to the later of its own time and the input's, judges the
input by the programme version in force at the input's business time, and settles again. An input
in time order is a step; one that comes late, or changes an earlier one, has the account decided
again from its history, and appends the differences.
"""

from collections.abc import Callable
from typing import Any

from headway.domain.account import Account, Input, Key, Parked, key_of
from headway.domain.actions import intake_review
from headway.domain.adjustment import ADJUST, decide_adjust
from headway.domain.book import Book
from headway.domain.closing import Decision, close
from headway.domain.effects import intake_effect
from headway.domain.entitlement import Entitlement, History
from headway.domain.erasing import ERASE, decide_erase
from headway.domain.goal import CLEAR_GOAL, SET_GOAL, decide_goal
from headway.domain.opening import ENROLS
from headway.domain.orders import intake_order
from headway.domain.outcome import Outcome, applied, nothing, parked
from headway.domain.redecide import redecide
from headway.domain.redemption import MOVES, decide_reserve, decide_step
from headway.domain.referral import intake_referral
from headway.domain.returns import intake_refund, intake_refund_failed
from headway.domain.settle import settle
from headway.domain.steps import STEPS
from headway.domain.transfer import (
    GIVE,
    HOME,
    RECEIVE,
    SEND,
    decide_give,
    decide_home,
    decide_receive,
    decide_send,
)
from headway.errors import InvariantViolated, Poison
from headway.program.program import Programs

_Decider = Callable[[Book, Programs, Input, Any], Outcome]

_COMMANDS: dict[str, _Decider] = {
    "tick": lambda book, programs, item, data: applied(),
    ADJUST: decide_adjust,
    ERASE: lambda book, programs, item, data: decide_erase(book, item),
    SEND: decide_send,
    RECEIVE: decide_receive,
    GIVE: lambda book, programs, item, data: decide_give(book, item, data),
    HOME: decide_home,
    SET_GOAL: decide_goal,
    CLEAR_GOAL: decide_goal,
    "redemption.reserve": decide_reserve,
    **dict.fromkeys(MOVES, decide_step),
}
_DECIDERS: dict[str, _Decider] = {**STEPS, **_COMMANDS}
_RETURNS = frozenset(("order.refunded", "order.cancelled"))

Log = Callable[[], History]
"""Reads the source inputs of the account, as of before the input at hand."""


def _no_log() -> History:
    raise InvariantViolated("an account is to be decided again, but its inputs were not loaded")


def decide(programs: Programs, account: Account, item: Input, log: Log = _no_log) -> Decision:
    """One input, decided. Raises Poison for what must not be applied, else InvariantViolated.

    Nothing is remembered between calls: the same account, input and log give the same decision.
    """
    return _Deciding(programs, account, item, log).first()


def decide_all(
    programs: Programs, account: Account, item: Input, log: Log = _no_log
) -> list[Decision]:
    """One input and every parked input that waited for it, each a decision with its own cause."""
    return _Deciding(programs, account, item, log).all()


def from_source(item: Input) -> bool:
    """Whether an input is part of what a member is entitled by: neither a command nor a tick."""
    return item.kind in STEPS


def rewrites(programs: Programs, item: Input) -> bool:
    """Whether an input by its nature may change what was decided before it."""
    kind = item.kind
    if kind == "order.paid":
        return bool(item.data.order_version > 1)
    if kind == "effect":
        return bool(item.data.revision > 1 or item.data.undone_at is not None)
    if kind in _RETURNS:
        return programs.recompute
    return kind == "order.refund_failed"


def decided_again(
    programs: Programs, account: Account, item: Input, after: Key | None = None
) -> bool:
    """Whether the account is decided again from its log: its input comes late, or rewrites.

    `after`: the place of what it waited for; an earlier one acts right there, and is not late.
    """
    if account.joined_at is None or item.kind not in STEPS:
        return False
    place = key_of(item)
    if after is None or place > after:
        # Jobs and commands, too, take an account past the moment at which it was decided on.
        if account.last is not None and place < account.last:
            return True
        if account.time is not None and item.time < account.time:
            return True
    if item.kind == "order.paid":
        return item.data.order_id in account.lines
    return rewrites(programs, item)


class _Deciding:
    """An input, and what it releases, one after the other."""

    def __init__(self, programs: Programs, account: Account, item: Input, log: Log) -> None:
        self._programs = programs
        self._account = account
        self._item = item
        self._log = log
        self._done: list[Decision] = []

    def first(self) -> Decision:
        """The decision on the input itself."""
        number = self._account.inputs + 1
        decision, due = self._decide(self._account, self._item, number)
        self._done.append(decision)
        if due is not None:
            self._release_decided(due)
        return decision

    def all(self) -> list[Decision]:
        """The input and all that it releases."""
        self.first()
        for decision in tuple(self._done):
            self._release(decision)
        return self._done

    def _release(self, decision: Decision) -> None:
        """Decide what waited for a decision, each followed by what waited for it."""
        unlocked, held = decision.outcome.unlocks, self._done[-1].account.parked
        if not unlocked or not held:
            return
        after = key_of(decision.input)
        waiting = [p for p in held if p.waits_for == unlocked]
        for waited in sorted(waiting, key=lambda p: key_of(p.input)):
            account = self._done[-1].account
            if all(other.n != waited.n for other in account.parked):
                continue  # released meanwhile, together with another
            before = len(self._done)
            self._release_one(account, waited, after)
            for released in self._done[before:]:
                self._release(released)

    def _release_one(self, account: Account, waited: Parked, after: Key) -> None:
        rest = tuple(other for other in account.parked if other.n != waited.n)
        account = account._replace(parked=rest)
        try:
            decision, due = self._decide(account, waited.input, waited.n, after)
        except Poison as poison:
            # It was accepted when it was parked, so it stays in the input log, with the reason.
            book = Book(account, waited.n, self._programs.at(waited.input.time).version)
            outcome = nothing(poison.message)
            decision = close(book, self._programs, waited.input, waited.n, outcome, released=True)
            due = None
        self._done.append(decision)
        if due is not None:
            self._release_decided(due)

    def _release_decided(self, due: Entitlement) -> None:
        """What deciding again has released: its awards are among those of the input at hand."""
        for waited in self._done[-1].account.parked:
            if waited.n in due.parked:
                continue
            account = self._done[-1].account
            rest = tuple(other for other in account.parked if other.n != waited.n)
            book = Book(account._replace(parked=rest), waited.n, self._done[-1].account.version)
            outcome = due.outcomes.get(waited.n, nothing("overtaken"))
            self._done.append(
                close(book, self._programs, waited.input, waited.n, outcome, released=True)
            )

    def _history(self, number: int) -> History:
        """The log, with what this input and those it released have added to it, without the one
        at hand."""
        added = [(d.n, d.input) for d in self._done if not d.released]
        return [entry for entry in (*self._log(), *added) if entry[0] != number]

    def _decide(
        self, account: Account, item: Input, n: int, after: Key | None = None
    ) -> tuple[Decision, Entitlement | None]:
        programs = self._programs
        book = Book(account, n, programs.at(item.time).version)
        due: Entitlement | None = None
        outcome = _intake(book, programs, item)
        if outcome is not None and book.joined_at is not None:
            settle(book, programs, item.time)  # a repeat, too, is a sign of the time
        if outcome is None:
            outcome = _waits_for_member(book, item)
        if outcome is None and decided_again(programs, account, item, after):
            due = redecide(book, programs, item, self._history(n))
            outcome = _outcome_again(book, item, n, due)
            settle(book, programs, book.time or item.time)
        elif outcome is None:
            settle(book, programs, item.time)
            outcome = _DECIDERS[item.kind](book, programs, item, item.data)
            if outcome.outcome == "refused":
                # A command that cannot be met leaves the account as it was, not even settled:
                # nobody is told of a change, or mailed, because of a request that did nothing.
                book = Book(account, n, book.version)
            elif book.time is not None:
                settle(book, programs, book.time)
        released = after is not None
        last = None if due is None else due.last
        decision = close(book, programs, item, n, outcome, released=released, last=last)
        return decision, due


_SPOKEN_FOR = {
    "order.refunded": "already refunded, or failed",
    "review.published": "already published",
    "referral.created": "already referred",
    "referral.completed": "already referred",
    "effect": "overtaken",
}


def _outcome_again(book: Book, item: Input, n: int, due: Entitlement) -> Outcome:
    """What became of an input that had its account decided again."""
    if n in due.parked:
        return parked(due.parked[n])
    outcome = due.outcomes.get(n)
    if outcome is not None and outcome.outcome == "nothing" and book.acted():
        return applied(outcome.reason)._replace(unlocks=outcome.unlocks)
    if outcome is not None:
        return outcome
    if item.kind != "order.paid":
        return nothing(_SPOKEN_FOR.get(item.kind, "already known"))
    if book.acted():
        return applied("amended")
    known = book.account.orders.get(item.data.order_id)
    if known is not None and known.digest == item.digest:
        return nothing("already paid")
    if known is not None and item.data.order_version < known.order_version:
        return nothing("overtaken")
    return nothing("amended, worth the same")


def _intake(book: Book, programs: Programs, item: Input) -> Outcome | None:
    """Business keys are claimed on first sight, even by an input that is then parked."""
    data: Any = item.data
    if item.kind == "order.paid":
        return intake_order(book, programs.at(item.time), item, data)
    if item.kind == "order.refunded":
        return intake_refund(book, item, data)
    if item.kind == "order.refund_failed":
        intake_refund_failed(book, data)
    if item.kind == "review.published":
        return intake_review(book, item, data)
    if item.kind in ("referral.created", "referral.completed"):
        intake_referral(book, data)
    elif item.kind == "effect":
        return intake_effect(book, data)
    return None


def _waits_for_member(book: Book, item: Input) -> Outcome | None:
    if book.joined_at is not None or item.kind in ENROLS or item.kind in _COMMANDS:
        return None
    return parked("member")
