"""Spending: reserve, confirm, fulfil, cancel, time out, reverse. Each step is rows in the same
books, or none where no points move.

reserve ──► reserved ── confirm ──► confirmed ── fulfil ──► fulfilled
               │                        └───── reverse ──► reversed ◄── reverse ──┘
               ├────── cancel ──► cancelled
               └─────── (late) ──► timed_out

A redemption that pays an order stays where it is when that order is returned: how much of it has
come back is told beside its state (see headway.domain.payment), and reversing it restores the rest.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from headway.domain.account import Input, Payment
from headway.domain.book import Book
from headway.domain.certificate import no_longer_unused
from headway.domain.outcome import Outcome, applied, refused
from headway.domain.restoring import restore
from headway.domain.reversal import forgive_returned
from headway.domain.terms import Terms, Wish, terms_of
from headway.domain.transfer import POOL, Part, move_in, move_out
from headway.errors import InvariantViolated
from headway.program.program import Programs


class Pooled(NamedTuple):
    """What a pool gives for a reward: parts of others' lots, and (lot, points) of the spender's."""

    parts: tuple[Part, ...]
    own: tuple[tuple[int, int], ...]


class Reserve(NamedTuple):
    """Hold the points of a reward; with `pooled` these, else in spend order."""

    redemption_id: str
    reward_id: str
    wish: Wish = Wish()
    pooled: Pooled | None = None


class Guest(NamedTuple):
    """A lot of points that another account gave, and the lot of that account they go home to."""

    lot: int
    account: int
    home: int


State = Literal["reserved", "confirmed", "fulfilled", "cancelled", "timed_out", "reversed"]


class Step(NamedTuple):
    """A later step of a redemption: its state until now, what it saves (minor units), and what it
    holds: (lot, points) in the order reserved. For reversing, what of both has not come back yet;
    lot 0 stands for what was owed when it was taken.

    `donation`: its points and value go to a cause; `code_used`: its code was used at a checkout;
    `guests`: which of the lots go home when it comes to nothing.
    `reward_id`: what it is of.
    """

    redemption_id: str
    state: State
    value_minor: int
    currency: str
    held: tuple[tuple[int, int], ...]
    donation: bool = False
    code_used: bool = False
    guests: tuple[Guest, ...] = ()
    reward_id: str = ""


def decide_reserve(book: Book, programs: Programs, item: Input, command: Reserve) -> Outcome:
    """Hold the reward's price, lot by lot in spend order; refused when it is not to be had."""
    program = programs.at(item.time)
    reward = program.reward(command.reward_id)
    if reward is None:
        return refused("unknown reward")
    if book.joined_at is None:
        return refused("not a member")
    if book.left_at is not None and item.time >= book.left_at:
        return refused("member left")
    if command.pooled is not None:
        return _reserve_pooled(book, programs, item, command, command.pooled)
    available = book.balances["available"]
    terms = terms_of(program, reward, book.tier, item.time, available, command.wish)
    if not isinstance(terms, Terms):
        return refused(terms)
    if available < terms.points:
        return refused("insufficient points")
    held = _hold(book, item, command.redemption_id, terms.points)
    if command.wish.order_id is not None:
        book.keep_payment(
            Payment(
                command.redemption_id, command.wish.order_id, terms.points, terms.value_minor,
                terms.currency, "reserved", item.time, item.time, held,
            )
        )  # fmt: skip
    return applied()


def _reserve_pooled(
    book: Book, programs: Programs, item: Input, command: Reserve, pooled: Pooled
) -> Outcome:
    """Hold what the pool gives, at once: what is owed must not be cleared with others' points.
    That it is the price was seen when it was drawn, and is seen again when it is stored."""
    group, wanted = command.redemption_id, dict(pooled.own)
    for part in pooled.parts:
        wanted[move_in(book, programs, item, part, group, POOL)] = part.points
    for lot in book.open_lots():
        points = wanted.pop(lot.lot, 0)
        if points:
            book.move("reserve", points, "available", "reserved", item.time, lot.lot, group=group)
    if wanted:
        raise InvariantViolated(f"account {book.account.account_id} lacks lots {sorted(wanted)}")
    return applied()


def _hold(book: Book, item: Input, redemption_id: str, points: int) -> tuple[tuple[int, int], ...]:
    """Hold so many points; (lot, points) in the order held."""
    held: list[tuple[int, int]] = []
    for lot in book.open_lots():
        part = min(points, lot.available)
        book.move("reserve", part, "available", "reserved", item.time, lot.lot, group=redemption_id)
        held.append((lot.lot, part))
        points -= part
        if not points:
            return tuple(held)
    raise InvariantViolated(
        f"account {book.account.account_id}: its lots hold less than is available"
    )


def decide_step(book: Book, programs: Programs, item: Input, step: Step) -> Outcome:
    """A later step; refused when the redemption is not in a state that it starts from."""
    move = MOVES[item.kind]
    if step.state not in move.starts:
        return refused("wrong state")
    outcome = move.act(book, programs, item, step)
    payment = book.payments.get(step.redemption_id)
    if payment is not None and outcome.outcome == "applied":
        book.keep_payment(_stepped(payment, move.ends, item))
    return outcome


def _stepped(payment: Payment, state: State, item: Input) -> Payment:
    """A payment after a step of its redemption."""
    payment = payment._replace(state=state, updated_at=item.time)
    if state == "confirmed":
        return payment._replace(taken=payment.held)
    if state == "reversed":
        return payment._replace(
            taken=(), restored_points=payment.points, restored_minor=payment.value_minor
        )
    return payment


def _confirm(book: Book, programs: Programs, item: Input, step: Step) -> Outcome:
    """The reward is given: what was held is spent, and its value counts as saved; a donation's
    points go to its cause, and save the member nothing."""
    for lot, points in step.held:
        if step.donation:
            book.move(
                "donate", points, "reserved", "donated", item.time, lot, group=step.redemption_id
            )
        else:
            book.move(
                "redeem", points, "reserved", "redeemed", item.time, lot, group=step.redemption_id
            )
    if not step.donation:
        book.add_saved(step.currency, step.value_minor)
    if book.goal and book.goal == step.reward_id:
        book.goal = ""  # reached
    return applied()


def _fulfil(book: Book, programs: Programs, item: Input, step: Step) -> Outcome:
    """The reward has reached the member: no points move, but no return takes it back any more."""
    no_longer_unused(book, step.redemption_id)
    return applied()


def _release(book: Book, programs: Programs, item: Input, step: Step) -> Outcome:
    """Cancelled or timed out: the points go back to their lots, with the lots' own expiry."""
    for lot, points in step.held:
        book.move(
            "release", points, "reserved", "available", item.time, lot, group=step.redemption_id
        )
        forgive_returned(book, lot, item.time)
    _send_home(book, item, step)
    return applied()


def _send_home(book: Book, item: Input, step: Step) -> None:
    """What others gave leaves at once, before anything is settled: it clears no debt here."""
    guests = {guest.lot for guest in step.guests}
    for lot, points in step.held:
        if lot in guests:
            move_out(book, item, lot, points, step.redemption_id)


def _restore(book: Book, programs: Programs, item: Input, step: Step) -> Outcome:
    """A confirmed redemption is undone: points and saving go back, expiry stays what it was."""
    if step.code_used:
        return refused("code used")
    source: Literal["redeemed", "donated"] = "donated" if step.donation else "redeemed"
    for lot, points in reversed(step.held):
        restore(book, programs, step.redemption_id, lot, points, source, item.time)
    _send_home(book, item, step)
    if not step.donation and step.held:  # of what came back with its order nothing is left
        book.add_saved(step.currency, -step.value_minor)
    no_longer_unused(book, step.redemption_id)
    return applied()


class Move(NamedTuple):
    """A step of a redemption: the states it starts from, the one it ends in, what it does."""

    starts: tuple[State, ...]
    ends: State
    act: Callable[[Book, Programs, Input, Step], Outcome]


MOVES: Mapping[str, Move] = {
    "redemption.confirm": Move(("reserved",), "confirmed", _confirm),
    "redemption.fulfil": Move(("confirmed",), "fulfilled", _fulfil),
    "redemption.cancel": Move(("reserved",), "cancelled", _release),
    "redemption.timeout": Move(("reserved",), "timed_out", _release),
    "redemption.reverse": Move(("confirmed", "fulfilled"), "reversed", _restore),
}
"""Every step there is after reserving. The database refuses all others."""

UNDOES = frozenset(("redemption.cancel", "redemption.timeout", "redemption.reverse"))
"""The steps after which points are back where they came from."""

ENDS_IN: dict[str, State] = {
    "redemption.reserve": "reserved",
    **{kind: move.ends for kind, move in MOVES.items()},
}
"""The state after each step that was not refused."""
