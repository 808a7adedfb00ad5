"""One entry of the fold at a time: what it means for what the member is entitled to."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from tests.oracle import buying, happening, plans, referring, returning
from tests.oracle.entries import Entry
from tests.oracle.fold import Fold
from tests.oracle.programme import Programme

_MEANINGS = {
    "member.joined": happening.joined,
    "member.left": happening.left,
    "member.updated": happening.updated,
    "order.paid": buying.paid,
    "order.refunded": returning.refunded,
    "order.cancelled": returning.cancelled,
    "order.fulfilled": happening.fulfilled,
    "referral.created": referring.referred,
    "referral.completed": referring.referred,
    "review.published": happening.reviewed,
    "review.removed": happening.review_removed,
    "activity.recorded": happening.activity,
    "effect": referring.effect,
    "effect.undone": referring.effect_undone,
    "membership.started": plans.started,
    "membership.renewed": plans.renewed,
    "membership.cancelled": plans.cancelled,
}


def fold(
    id_: str, versions: Sequence[Programme], entries: Iterable[Entry], until: datetime
) -> Fold:
    """The fold over these entries, which are in the order of their places, and on until then."""
    state = Fold(versions, id_)
    for entry in entries:
        step(state, entry)
    advance(state, until)
    return state


def step(state: Fold, entry: Entry) -> None:
    """Act on the next entry, and on those that waited for it."""
    state.last = entry.key if state.last is None else max(state.last, entry.key)
    if _waits(state, entry):
        state.waiting.append(entry)
        return
    _act(state, entry)
    while True:
        ready = next((one for one in state.waiting if not _waits(state, one)), None)
        if ready is None:
            return
        state.waiting.remove(ready)
        _act(state, ready)


def advance(state: Fold, to: datetime) -> None:
    """Let time pass, with the birthdays in it."""
    while (midnight := state.next_birthday(to)) is not None:
        state.pass_time(midnight)
        happening.birthday(state, midnight)
        state.retier()
    state.pass_time(max(state.time, to))


def _act(state: Fold, entry: Entry) -> None:
    advance(state, max(state.time, entry.time))
    if entry.kind in _MEANINGS:
        _MEANINGS[entry.kind](state, entry)
    state.retier()


def _waits(state: Fold, entry: Entry) -> bool:
    """Whether what it speaks of is not known at its place."""
    if entry.kind == "member.joined":
        return False
    if state.joined_at is None:
        return True
    told = entry.data
    if entry.kind in ("order.refunded", "order.cancelled", "order.fulfilled"):
        return told["order_id"] is not None and told["order_id"] not in state.orders
    return entry.kind == "review.removed" and told["review_id"] not in state.reviews
