"""Spending: reserve, confirm, cancel, time out, reverse. Each step is rows in the same books.

reserve ──► reserved ── confirm ──► confirmed ── reverse ──► reversed
               ├────── cancel ──► cancelled
               └─────── (late) ──► timed_out
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from headway.domain.account import Input
from headway.domain.book import Book
from headway.domain.outcome import Outcome, applied, refused
from headway.domain.reversal import forgive_returned
from headway.errors import InvariantViolated
from headway.program.program import Programs


class Reserve(NamedTuple):
    """Hold the points of a reward."""

    redemption_id: str
    reward_id: str


State = Literal["reserved", "confirmed", "cancelled", "timed_out", "reversed"]


class Step(NamedTuple):
    """A later step of a redemption: its state until now, what its reward is worth (minor units),
    and what it holds: (lot, points) in the order reserved."""

    redemption_id: str
    state: State
    value_minor: int
    currency: str
    held: tuple[tuple[int, int], ...]


def decide_reserve(book: Book, programs: Programs, item: Input, command: Reserve) -> Outcome:
    """Hold the reward's price, lot by lot in spend order; refused when it is not there."""
    reward = programs.at(item.time).reward(command.reward_id)
    if reward is None:
        return refused("unknown reward")
    if book.joined_at is None:
        return refused("not a member")
    if book.left_at is not None and item.time >= book.left_at:
        return refused("member left")
    if book.balances["available"] < reward.points:
        return refused("insufficient points")
    wanted = reward.points
    for lot in book.open_lots():
        part = min(wanted, lot.available)
        book.move(
            "reserve",
            part,
            "available",
            "reserved",
            item.time,
            lot.lot,
            group=command.redemption_id,
        )
        wanted -= part
        if not wanted:
            return applied()
    raise InvariantViolated(
        f"account {book.account.account_id}: its lots hold less than is available"
    )


def decide_step(book: Book, item: Input, step: Step) -> Outcome:
    """A later step; refused when the redemption is not in the state that it starts from."""
    needed, act = _STEPS[item.kind]
    return act(book, item, step) if step.state == needed else refused("wrong state")


def _confirm(book: Book, item: Input, step: Step) -> Outcome:
    """The reward is given: what was held is spent, and its value counts as saved."""
    for lot, points in step.held:
        book.move(
            "redeem", points, "reserved", "redeemed", item.time, lot, group=step.redemption_id
        )
    book.add_saved(step.currency, step.value_minor)
    return applied()


def _release(book: Book, item: Input, step: Step) -> Outcome:
    """Cancelled or timed out: the points go back to their lots, with the lots' own expiry."""
    for lot, points in step.held:
        book.move(
            "release", points, "reserved", "available", item.time, lot, group=step.redemption_id
        )
        forgive_returned(book, lot, item.time)
    return applied()


def _restore(book: Book, item: Input, step: Step) -> Outcome:
    """A confirmed redemption is undone: points and saving go back, expiry stays what it was."""
    for lot, points in reversed(step.held):
        book.move(
            "restore", points, "redeemed", "available", item.time, lot, group=step.redemption_id
        )
        forgive_returned(book, lot, item.time)
    book.add_saved(step.currency, -step.value_minor)
    return applied()


_STEPS: dict[str, tuple[State, Callable[[Book, Input, Step], Outcome]]] = {
    "redemption.confirm": ("reserved", _confirm),
    "redemption.cancel": ("reserved", _release),
    "redemption.timeout": ("reserved", _release),
    "redemption.reverse": ("confirmed", _restore),
}

STARTS_FROM: dict[str, State] = {kind: needed for kind, (needed, _) in _STEPS.items()}
"""The state a redemption must be in for each later step."""

ENDS_IN: dict[str, State] = {
    "redemption.reserve": "reserved",
    "redemption.confirm": "confirmed",
    "redemption.cancel": "cancelled",
    "redemption.timeout": "timed_out",
    "redemption.reverse": "reversed",
}
"""The state after each step that was not refused."""
