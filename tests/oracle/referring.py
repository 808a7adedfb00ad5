"""Invitations: what friend and referrer get, and when they lose it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.oracle.entries import Entry
from tests.oracle.fold import Fold
from tests.oracle.given import Award, Effect
from tests.oracle.judging import judge
from tests.oracle.rules import Piece

if TYPE_CHECKING:
    from tests.oracle.buying import Order

SIGNUP, FIRST, EVERY = "signup", "first_purchase", "every_purchase"


@dataclass
class Referral:
    """Who invited this member. `paid` holds the kinds that were paid for already."""

    id: str
    referrer: str
    created_at: datetime | None = None
    completed_order: str | None = None
    paid: set[str] = field(default_factory=set)

    def led_to(self, order: "Order") -> bool:
        """Whether the purchase came of the invitation."""
        invited = self.created_at is not None and self.created_at <= order.paid_at
        return invited or self.completed_order == order.id


def referred(state: Fold, entry: Entry) -> None:
    """This member was invited, or the shop names the order that completes the invitation."""
    told = entry.data
    if state.left_at is not None and entry.time >= state.left_at:
        return
    if told["referrer_id"] == state.id:
        return
    if state.referral is None:
        state.referral = Referral(told["referral_id"], told["referrer_id"])
    known = state.referral
    if known.id != told["referral_id"]:
        return
    if entry.kind == "referral.completed":
        known.completed_order = known.completed_order or told["order_id"]
    else:
        known.created_at = min(known.created_at or entry.time, entry.time)
        if SIGNUP not in known.paid:
            known.paid.add(SIGNUP)
            _pay(state, SIGNUP, None, state.time, told)
    _first(state)


def bought(state: Fold, order: "Order") -> None:
    """Pay for a purchase, if the invitation has led to it."""
    if order.scene is None or not _enough(order):
        return
    _first(state)
    referral = state.referral
    if referral and referral.created_at is not None and referral.created_at <= order.paid_at:
        _pay(state, EVERY, order, order.paid_at, order.scene.said)


def _first(state: Fold) -> None:
    """Pay for the first purchase that is large enough, once the invitation is known too."""
    referral = state.referral
    bought = (one for one in state.orders.values() if one.scene is not None and _enough(one))
    first = next(bought, None)
    if first is None or referral is None or first.gone or FIRST in referral.paid:
        return
    if referral.led_to(first):
        referral.paid.add(FIRST)
        _pay(state, FIRST, first, first.paid_at, first.scene.said if first.scene else None)


def _enough(order: "Order") -> bool:
    """Whether the purchase is large enough to complete an invitation."""
    smallest = order.programme.minimum_order
    if not smallest:
        return True
    return order.currency == order.programme.currency and order.total >= smallest


def _pay(state: Fold, kind: str, order: "Order | None", earned_at: datetime, said: Any) -> None:
    referral = state.referral
    programme = state.programme(earned_at)
    of_order = order.id if kind == EVERY and order else ""
    what = f"referral:{referral.id}" + (f":{of_order}" if of_order else "")
    for to in ("friend", "referrer"):
        if order is None or order.scene is None:
            scene = state.scene("referral.completed", earned_at, said, to=to, referral=kind)
        else:
            scene = state.scene(
                "referral.completed", earned_at, said, currency=order.currency,
                total=order.total, number=order.scene.number, to=to, referral=kind,
            )  # fmt: skip
        for rule, exacts in judge(programme, scene, [Piece()]):
            if to == "friend":
                state.give(
                    _event(order), rule, [("", what, sum(exacts))], programme, earned_at,
                    tier=state.tier, day=state.day(state.time),
                )  # fmt: skip
            else:
                key = referral.id, rule.id, of_order
                state.effects[key] = Effect(
                    referral.referrer, sum(exacts), state.time, earned_at,
                    order.id if order else None,
                )  # fmt: skip


def _event(order: "Order | None") -> str:
    return f"referral by {order.id}" if order else "referral by joining"


def undo(state: Fold, order: "Order") -> None:
    """The purchase came back whole: neither side keeps anything of it, for good."""
    state.returns += 1
    for award in state.by_event.get(_event(order), []):
        state.take(award, award.standing)
    for effect in state.effects.values():
        if effect.order_id == order.id and effect.undone_at is None:
            effect.undone_at = state.time


def effect(state: Fold, entry: Entry) -> None:
    """What an invitation by this member is worth."""
    told = entry.data
    earned_at = datetime.fromisoformat(told["earned_at"])
    if told["worth"] == 0 or state.refusal(earned_at):
        return
    programme = state.programme(earned_at)
    rule = next((rule for rule in programme.rules if rule.id == told["rule"]), None)
    if rule is None:
        return
    what = f"referral:{told['referral_id']}" + (f":{told['order_id']}" if told["per_order"] else "")
    state.give(
        f"effect:{told['key']}", rule, [("", what, told["worth"])], programme, earned_at,
        tier=state.tier, day=state.day(entry.time),
    )  # fmt: skip


def effect_undone(state: Fold, entry: Entry) -> None:
    """The friend's purchase came back."""
    awards: list[Award] = state.by_event.get(f"effect:{entry.data['key']}", [])
    for award in awards:
        state.take(award, award.standing)
