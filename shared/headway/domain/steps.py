"""What each kind of source input means for a member, once it is its turn."""

from collections.abc import Callable
from typing import Any

from headway.contracts.opening import OPENING
from headway.domain.account import Input
from headway.domain.actions import (
    decide_activity,
    decide_joined,
    decide_left,
    decide_review,
    decide_review_removed,
    decide_updated,
)
from headway.domain.book import Book
from headway.domain.effects import decide_effect
from headway.domain.membership import decide_cancelled, decide_renewed, decide_started
from headway.domain.opening import decide_opening
from headway.domain.orders import decide_fulfilled, decide_order
from headway.domain.outcome import Outcome, applied
from headway.domain.referral import decide_referral
from headway.domain.returns import decide_cancel, decide_refund
from headway.program.program import Programs

Step = Callable[[Book, Programs, Input, Any], Outcome]

STEPS: dict[str, Step] = {
    "order.paid": decide_order,
    "order.refunded": decide_refund,
    "order.refund_failed": lambda book, programs, item, data: applied("no such refund counts"),
    "order.cancelled": decide_cancel,
    "order.fulfilled": decide_fulfilled,
    "review.published": decide_review,
    "review.removed": decide_review_removed,
    "referral.created": decide_referral,
    "referral.completed": decide_referral,
    "member.joined": lambda book, programs, item, data: decide_joined(book, programs, item),
    "member.updated": lambda book, programs, item, data: decide_updated(book, data),
    "member.left": lambda book, programs, item, data: decide_left(book, item),
    "membership.started": decide_started,
    "membership.renewed": decide_renewed,
    "membership.cancelled": decide_cancelled,
    "activity.recorded": decide_activity,
    "effect": decide_effect,
    OPENING: decide_opening,
}
"""By kind."""
