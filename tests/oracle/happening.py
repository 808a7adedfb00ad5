"""Joining, leaving, reviews, activities, birthdays."""

from datetime import datetime
from typing import Any

from tests.oracle.entries import Entry
from tests.oracle.fold import Fold
from tests.oracle.given import Award
from tests.oracle.judging import judge
from tests.oracle.rules import Piece


def judged(
    state: Fold,
    on: str,
    time: datetime,
    event: str,
    what: str,
    said: dict[str, Any],
    piece: Piece | None = None,
    currency: str = "",
) -> list[Award]:
    """What the rules give for an event as a whole."""
    programme = state.programme(time)
    piece = piece or Piece()
    scene = state.scene(on, time, said, currency=currency, total=piece.base)
    return [
        award
        for rule, exacts in judge(programme, scene, [piece])
        for award in state.give(
            event, rule, [("", what, sum(exacts))], programme, time, tier=state.tier
        )
    ]


def joined(state: Fold, entry: Entry) -> None:
    """The first enrolment counts."""
    if state.joined_at is None:
        state.joined_at = entry.time
        state.pass_time(state.time)
        judged(state, "member.joined", entry.time, "joined", "joined", entry.data)


def left(state: Fold, entry: Entry) -> None:
    """From now on nothing is earned."""
    if state.left_at is None:
        state.left_at = entry.time


def updated(state: Fold, entry: Entry) -> None:
    """Attributes that are not told again stay as they are."""
    state.birthday = entry.data["attributes"].get("birthday", state.birthday) or None


def birthday(state: Fold, midnight: datetime) -> None:
    """It is the member's birthday."""
    day = state.day(midnight)
    judged(state, "birthday", midnight, f"birthday:{day}", f"birthday:{day.year}", {})


def fulfilled(state: Fold, entry: Entry) -> None:
    """The first handing over of an order counts."""
    state.fulfilled.setdefault(entry.data["order_id"], entry.time)


def reviewed(state: Fold, entry: Entry) -> None:
    """A review earns once."""
    told = entry.data
    what = f"review:{told['review_id']}"
    state.reviews[told["review_id"]] = []
    if not state.refusal(entry.time):
        state.reviews[told["review_id"]] = judged(
            state, entry.kind, entry.time, what, what, told, Piece(sku=told["sku"])
        )


def review_removed(state: Fold, entry: Entry) -> None:
    """A review taken down takes its points along."""
    for award in state.reviews[entry.data["review_id"]]:
        state.take(award, award.standing)


def activity(state: Fold, entry: Entry) -> None:
    """Something that some rule, or a tier's measure, may know."""
    told = entry.data
    if state.refusal(entry.time):
        return
    currency = told["currency"] or state.programme(entry.time).currency
    quantity = told["quantity"]
    piece = Piece(base=told["amount"], quantity=quantity)
    event = f"activity:{entry.key[1]}/{entry.key[2]}"
    judged(state, entry.kind, entry.time, event, "activity", told, piece, currency)
    state.count(f"activity:{told['activity']}", entry.time, quantity)
