"""One member: what they are entitled to, and the points that came of it as decided."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tests.oracle.entries import Heard
from tests.oracle.fold import Fold
from tests.oracle.folding import advance, fold, step
from tests.oracle.lots import Lot, Points
from tests.oracle.records import Input

APPLIED: Final = "applied"
PARKED: Final = "parked"
CONFLICT: Final = "conflict"


@dataclass
class Redemption:
    """Points set aside for a reward, by the lots they came from."""

    taken: list[tuple[Lot, int]]
    points: int
    state: str = "reserved"


@dataclass
class Member(Points):
    """Everything about one member. `saved` is what others get to see of redemptions."""

    tier: str = ""
    left_at: datetime | None = None
    redemptions: dict[str, Redemption] = field(default_factory=dict)
    saved: dict[str, int] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)
    state: Fold = field(init=False)

    def __post_init__(self) -> None:
        self.state = Fold(self.versions, self.id)

    def waits(self, event: Input) -> bool:
        """Whether this input cannot be decided yet: what it speaks of is not known."""
        if event.kind == "member.joined":
            return False
        heard, told = self.heard, event.data
        if not heard.joined:
            return True
        if event.kind in ("order.refunded", "order.cancelled", "order.fulfilled"):
            return told["order_id"] is not None and told["order_id"] not in heard.orders
        if event.kind == "order.refund_failed":
            return told["refund_id"] not in heard.refunds
        if event.kind in ("membership.renewed", "membership.cancelled"):
            return told["membership_id"] not in heard.memberships
        return event.kind == "review.removed" and told["review_id"] not in heard.reviews

    def contradicts(self, event: Input) -> bool:
        """Whether something else was told before under the same name."""
        told = event.data
        if event.kind == "order.paid":
            known = self.heard.best(told["order_id"])
            return (
                known is not None
                and known.data["order_version"] == told["order_version"]
                and known.data != told
            )
        if event.kind == "order.refunded":
            return _other(self.heard.refunds.get(told["refund_id"]), event)
        return event.kind == "review.published" and _other(
            self.heard.reviews.get(told["review_id"]), event
        )

    def hear(self, event: Input) -> str:
        """Decide on one input: the difference it makes to the fold is given and taken."""
        if self.waits(event):
            return PARKED
        if self.contradicts(event):
            return CONFLICT
        self.settle(max(self.time, event.time))
        bought = self.state.purchases
        new = self.heard.add(event)
        last, now = self.state.last, self.time
        if new is not None and all(
            entry.time == now and (last is None or last < entry.key) for entry in new
        ):
            for entry in new:
                step(self.state, entry)
        else:
            self.state = fold(self.id, self.versions, self.heard.entries(), now)
        self._follow()
        if event.kind == "order.paid" and self.state.purchases > bought:
            self.reinstate(event.time)
        self.settle(self.time)
        return APPLIED

    def hear_nothing(self, event: Input) -> bool:
        """Decide on an input if that changes nothing anybody could see; else leave it."""
        if self.contradicts(event):
            return True
        to = max(self.time, event.time)
        due = self.next_due()
        if (due is not None and due <= to) or (self.owed and self.available):
            return False
        heard = Heard()
        for one in (*self.heard.everything, event):
            heard.add(one)
        state = fold(self.id, self.versions, heard.entries(), to)
        grown = state.purchases > self.state.purchases and self.lapsed(event.time)
        standing = {award.key: award.standing for award in state.awards.values() if award.standing}
        if (
            (state.tier, state.joined_at, state.left_at)
            != (self.tier, self.joined_at, self.left_at)
            or standing != {key: exact for key, exact in self.standing.items() if exact}
            or grown
        ):
            return False
        self.heard, self.state, self.time = heard, state, to
        self._follow()
        return True

    def settle(self, to: datetime) -> None:
        """Let time pass, with the birthdays in it."""
        while (midnight := self.state.next_birthday(to)) is not None:
            self.run(midnight)
            advance(self.state, midnight)
            self._follow()
        self.run(to)
        advance(self.state, self.time)
        if self.tier != self.state.tier:
            self.tier = self.state.tier
            self.changes += 1

    def _follow(self) -> None:
        """Bring the points to what the fold says: grants first, in its order, then the rest."""
        state = self.state
        if (state.joined_at, state.left_at) != (self.joined_at, self.left_at):
            self.joined_at, self.left_at = state.joined_at, state.left_at
            self.changes += 1
        self.active = state.active
        lower = []
        for key, award in state.awards.items():
            more = award.standing - self.standing.get(key, 0)
            if more > 0:
                self.give(award, more, state.fulfilled.get(award.order_id or ""))
            elif more < 0:
                lower.append((key, -more))
        lower += [
            (key, exact)
            for key, exact in self.standing.items()
            if exact and key not in state.awards
        ]
        for key, less in lower:
            self.take_back(key, less)
        for order_id, at in state.fulfilled.items():
            self.handed_over(order_id, at)


def _other(known: Input | None, event: Input) -> bool:
    """Whether the same was told otherwise; the reason of a refund is for people alone."""
    if known is None:
        return False
    return known.data | {"reason": ""} != event.data | {"reason": ""}
