"""One input at a time: what it means for its member."""

from tests.oracle import purchases, rewards
from tests.oracle.member import APPLIED, PARKED, Member
from tests.oracle.records import Input

_MEANINGS = {
    "order.paid": purchases.paid,
    "order.refunded": purchases.refunded,
    "order.cancelled": purchases.cancelled,
    "referral.created": rewards.referred,
    "referral.completed": rewards.referred,
    "review.published": rewards.reviewed,
    "review.removed": rewards.review_removed,
    "activity.recorded": rewards.activity,
    "effect": rewards.effect,
}


def decide(member: Member, event: Input) -> str:
    """Apply one input, or leave it parked; says what came of it."""
    if waits(member, event):
        return PARKED
    member.settle(max(member.time, event.time))
    if event.kind == "member.joined":
        outcome = _join(member, event)
    elif event.kind == "member.left":
        outcome = _leave(member, event)
    elif event.kind in _MEANINGS:
        outcome = _MEANINGS[event.kind](member, event)
    else:
        outcome = APPLIED  # updates and deliveries change nothing yet
    member.settle(member.time)
    return outcome


def waits(member: Member, event: Input) -> bool:
    """Whether this input cannot be decided yet: its member, order or review is not known."""
    if event.kind == "member.joined":
        return False
    if member.joined_at is None:
        return True
    if event.kind in ("order.refunded", "order.cancelled"):
        order_id = event.data["order_id"]
        return order_id is not None and order_id not in member.orders
    return event.kind == "review.removed" and event.data["review_id"] not in member.reviews


def _join(member: Member, event: Input) -> str:
    if member.joined_at is not None:
        return "nothing: already joined"
    member.joined_at = event.time
    member.changes += 1
    member.fixed(member.programme(event.time).on("member.joined"), "joined", event.time)
    return APPLIED


def _leave(member: Member, event: Input) -> str:
    if member.left_at is not None:
        return "nothing: already left"
    member.left_at = event.time
    member.changes += 1
    return APPLIED
