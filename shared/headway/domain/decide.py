"""decide: what one input means for one account. Pure: no clock, no input or output, no memory.

Every decision first settles the account to the later of its own time and the input's, judges the
input by the programme version in force at the input's business time, and settles again. An input
in time order is a step; one that comes late, or changes an earlier one, has the account decided
again from its history, and appends the differences.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from headway.domain.account import Account, Input, Key, Parked, key_of
from headway.domain.actions import intake_review
from headway.domain.book import Book, Touched
from headway.domain.effects import intake_effect
from headway.domain.entitlement import Entitlement, History
from headway.domain.opening import ENROLS
from headway.domain.orders import intake_order
from headway.domain.outcome import Outcome, applied, nothing, parked
from headway.domain.points import Effect, Notice, PointsEvent, TierEvent
from headway.domain.redecide import redecide
from headway.domain.redemption import decide_reserve, decide_step
from headway.domain.referral import intake_referral
from headway.domain.returns import intake_refund, intake_refund_failed
from headway.domain.settle import next_due_at, settle
from headway.domain.steps import STEPS
from headway.errors import InvariantViolated, Poison
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


_Decider = Callable[[Book, Programs, Input, Any], Outcome]

_COMMANDS: dict[str, _Decider] = {
    "tick": lambda book, programs, item, data: applied(),
    "redemption.reserve": decide_reserve,
    "redemption.confirm": lambda book, programs, item, data: decide_step(book, item, data),
    "redemption.cancel": lambda book, programs, item, data: decide_step(book, item, data),
    "redemption.timeout": lambda book, programs, item, data: decide_step(book, item, data),
    "redemption.reverse": lambda book, programs, item, data: decide_step(book, item, data),
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
        return item.data.revision > 1 or item.data.undone_at is not None
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
            decision, due = (
                self._close(book, waited.input, waited.n, nothing(poison.message), released=True),
                None,
            )
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
            self._done.append(self._close(book, waited.input, waited.n, outcome, released=True))

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
        decision = self._close(book, item, n, outcome, released=released, due=due)
        return decision, due

    def _close(
        self,
        book: Book,
        item: Input,
        n: int,
        outcome: Outcome,
        *,
        released: bool,
        due: Entitlement | None = None,
    ) -> Decision:
        return _close(book, self._programs, item, n, outcome, released=released, due=due)


def _outcome_again(book: Book, item: Input, n: int, due: Entitlement) -> Outcome:
    """What became of an input that had its account decided again."""
    if n in due.parked:
        return parked(due.parked[n])
    outcome = due.outcomes.get(n)
    if outcome is not None:
        return outcome
    if book.acted():
        return applied("amended")
    known = book.account.orders.get(item.data.order_id) if item.kind == "order.paid" else None
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


def _close(
    book: Book,
    programs: Programs,
    item: Input,
    n: int,
    outcome: Outcome,
    *,
    released: bool,
    due: Entitlement | None,
) -> Decision:
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
        _last(before, item, outcome, due),
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
        tuple(book.notices),
        book.touched,
        after,
        changed,
        released,
    )


def _last(before: Account, item: Input, outcome: Outcome, due: Entitlement | None) -> Key | None:
    """The latest place of a source input that has been decided."""
    last = before.last
    if due is not None:
        return max(due.last, last) if due.last and last else due.last or last
    if outcome.outcome == "parked" or item.kind not in STEPS:
        return last
    place = key_of(item)
    return place if last is None or place > last else last
