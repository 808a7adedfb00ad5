"""One member: what they are entitled to, and the points that came of it as decided."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tests.oracle import certificates, paying
from tests.oracle.days import midnights
from tests.oracle.entries import Heard
from tests.oracle.fold import Fold
from tests.oracle.folding import advance, fold, step
from tests.oracle.given import START
from tests.oracle.lots import Lot, Points
from tests.oracle.records import Input

APPLIED: Final = "applied"
PARKED: Final = "parked"
CONFLICT: Final = "conflict"

Place = tuple[datetime, str, str]


@dataclass
class Redemption:
    """Points set aside for a reward, by the lots they came from.

    Of one that pays an order: `paid_from` by lot's number and what is `owed` for it, how many
    points and how much money came back with the order's goods, and since when it was reserved.
    """

    taken: list[tuple[Lot, int]]
    points: int
    state: str = "reserved"
    donation: bool = False
    reward_id: str = ""
    saves: int = 0
    id: str = ""
    order_id: str | None = None
    value: int = 0
    currency: str = ""
    since: datetime = START
    paid_from: dict[int, int] = field(default_factory=dict)
    owed: int = 0
    back: int = 0
    money_back: int = 0


Edge = tuple[datetime, datetime]
"""When a lot dies, and when it was earned: of what can be spent, the lowest goes first."""


@dataclass
class Draw:
    """What one member gave for a redemption out of a household's points: the lots, the last that
    was touched, and the first that was left."""

    taken: list[tuple[Lot, int]]
    last: Edge | None
    left: Edge | None
    points: int = 0


@dataclass
class Member(Points):
    """Everything about one member. `saved` is what others get to see of redemptions; `unused` are
    certificates, `fresh` those of them that were issued since last published."""

    left_at: datetime | None = None
    redemptions: dict[str, Redemption] = field(default_factory=dict)
    saved: dict[str, int] = field(default_factory=dict)
    draws: dict[str, Draw] = field(default_factory=dict)
    goal: str = ""
    unused: list[Redemption] = field(default_factory=list)
    fresh: list[Redemption] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    looked: tuple[int, str, str] = (0, "", "")
    heard: Heard = field(default_factory=Heard)
    parked: dict[tuple[str, str], Input] = field(default_factory=dict)
    came: dict[str, Place] = field(default_factory=dict)
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
        if self.heard.knows(event):
            return APPLIED  # it waited, and went along when all was folded again
        if self.waits(event):
            self.parked[event.key] = event
            self.heard.claim(event)
            if self.heard.joined:
                self.settle(max(self.time, event.time))
            return PARKED
        if self.contradicts(event):
            return CONFLICT
        again = self._again(event)
        self.settle(max(self.time, event.time))
        bought, before = self.state.purchases, self.tier
        self.parked.pop(event.key, None)
        self.came.setdefault(brings(event), event.order)
        new, paid = self.heard.add(event), paying.shapes(self, self.state)
        if again or new is None:
            self._take_along(self.time)
            self.state = fold(self.id, self.versions, self.heard.entries(), self.time)
        else:
            self.state.taken.clear()
            for entry in new:
                step(self.state, entry)
        orders = paying.changed(paid, self, self.state)
        paying.come_back(self, orders)
        self._follow(again=again or new is None)
        paying.pay_again(self, orders)
        if event.kind == "order.paid" and self.state.purchases > bought:
            order = self.state.orders[event.data["order_id"]]
            self.reinstate(order.paid_at, order.scene.tier)
        self._was_active(event, bought, self.state.tier if again else before)
        self.settle(self.time)
        return APPLIED

    def _again(self, event: Input) -> bool:
        """Whether all must be folded again: it comes late, or says something else of the past.

        What waited is not late because of that: it acts right after what it waited for.
        """
        after = self.came.get(waits_for(event)) if event.key in self.parked else None
        if event.key in self.parked and after is None:
            after = self.came.get("member")
        last = self.state.last
        late = (last is not None and event.order < last[:3]) or event.time < self.time
        if late and (after is None or event.order > after):
            return True
        if event.kind in ("order.refunded", "order.cancelled"):
            return any(version.attribution == "recompute" for version in self.versions)
        if event.kind == "effect":
            return bool(event.data["revision"] > 1 or event.data["undone_at"])
        return event.kind == "order.refund_failed"

    def _take_along(self, to: datetime) -> None:
        """What waited, and does not lie ahead, is a part of what is folded again."""
        while ready := [
            one for one in self.parked.values() if one.time <= to and not self.waits(one)
        ]:
            first = min(ready, key=lambda one: one.order)
            del self.parked[first.key]
            self.heard.add(first)

    def _was_active(self, event: Input, bought: int, tier: str) -> None:
        """Note what keeps points alive."""
        if event.kind == "member.joined" and self.active_at is None:
            self.active_at = event.time
        elif event.kind == "order.paid":
            if self.state.purchases > bought:
                order = self.state.orders[event.data["order_id"]]
                self.did(event.kind, order.paid_at, tier)
        elif event.kind in ("review.published", "activity.recorded") and not self.state.refusal(
            event.time
        ):
            self.did(event.kind, event.time, tier)

    def hear_nothing(self, event: Input) -> bool:
        """Decide on an input if that changes nothing anybody could see; else leave it."""
        if self.contradicts(event):
            return True
        to = max(self.time, event.time)
        if self._moves_by(to):
            return False
        again, bought, kept = self._again(event), self.state.purchases, (self.heard, self.parked)
        self.heard, self.parked = (
            Heard(first=kept[0].first.copy()),
            {k: v for k, v in self.parked.items() if k != event.key},
        )
        for one in (*kept[0].everything, event):
            self.heard.add(one)
        if again:
            self._take_along(to)
        state = fold(self.id, self.versions, self.heard.entries(), to)
        grown = state.purchases > bought and self.lapsed(event.time)
        standing = {award.key: award.standing for award in state.awards.values() if award.standing}
        if (
            (state.tier, state.joined_at, state.left_at)
            != (self.tier, self.joined_at, self.left_at)
            or standing != {key: exact for key, exact in self.standing.items() if exact}
            or grown
            or paying.moves(paying.shapes(self, self.state), self, state)
        ):
            self.heard, self.parked = kept
            return False
        self.state, self.time = state, to
        self.came.setdefault(brings(event), event.order)
        self._follow(again=True)
        self._was_active(event, bought, self.tier)
        return True

    def park_nothing(self, event: Input) -> bool:
        """Let an input wait if the time up to it changes nothing anybody could see."""
        to = max(self.time, event.time)
        if not self.heard.joined:
            self.parked[event.key] = event
            self.heard.claim(event)
        elif not self._moves_by(to) and self.state.tier_at(to) == self.tier:
            self.hear(event)
        return event.key in self.parked

    def _moves_by(self, to: datetime) -> bool:
        """Whether points move by themselves up to then."""
        due = self.next_due()
        return bool((due is not None and due <= to) or (self.owed and self.available))

    def settle(self, to: datetime) -> None:
        """Let time pass, with the birthdays in it."""
        before = self.tier
        while (midnight := self.state.next_birthday(to)) is not None:
            self._run(midnight)
            advance(self.state, midnight)
            self.tier = self.state.tier
            self._follow()
        self._run(to)
        advance(self.state, self.time)
        self.tier = self.state.tier
        self.changes += self.tier != before
        self.issue(self.time)

    def issue(self, now: datetime) -> None:
        """Issue the certificates that the points of that moment pay for."""
        certificates.issue(self, now)

    def void_newest(self) -> bool:
        """Give back what the newest unused certificate cost; False when there is none."""
        return certificates.void_newest(self)

    def _run(self, to: datetime) -> None:
        """Let time pass for the points; on which days the tier changes matters where points die
        of inactivity in one tier and not in another."""
        programme = self.programme(self.time)
        levels = [level.expiry for level in programme.tiers.levels if level.expiry]
        idle = any(life.inactive_months is not None for life in (programme.expiry, *levels))
        if levels and idle and self.joined_at is not None:
            for midnight in midnights(self.time, to, programme.zone):
                self.run(midnight)
                self.tier = self.state.tier_at(midnight)
        self.run(to)

    def _follow(self, *, again: bool = False) -> None:
        """Bring the points to what the fold says: grants first, in its order; then it is taken
        back in the order in which it was given, of a step's returns one after the other."""
        state = self.state
        if (state.joined_at, state.left_at) != (self.joined_at, self.left_at):
            self.joined_at, self.left_at = state.joined_at, state.left_at
            self.changes += 1
        for key, award in state.awards.items():
            more = award.standing - self.standing.get(key, 0)
            if more > 0:
                self.give(award, more, state.fulfilled.get(award.order_id or ""))
        lower = [
            (key, less)
            for key, exact in self.standing.items()
            if (less := exact - (state.awards[key].standing if key in state.awards else 0)) > 0
        ]
        if not again:
            lower.sort(key=lambda one: state.taken.get(one[0], 0))
        for key, less in lower:
            self.take_back(key, less)
        for order_id, at in state.fulfilled.items():
            self.handed_over(order_id, at, state.awards)


def brings(event: Input) -> str:
    """What others may have waited for that an input brings."""
    if event.kind == "member.joined":
        return "member"
    if event.kind == "order.paid":
        return f"order:{event.data['order_id']}"
    return f"review:{event.data['review_id']}" if event.kind == "review.published" else ""


def waits_for(event: Input) -> str:
    """What an input needs, beside its member."""
    if event.kind in ("order.refunded", "order.cancelled", "order.fulfilled"):
        return f"order:{event.data['order_id']}"
    return f"review:{event.data['review_id']}" if event.kind == "review.removed" else "member"


def _other(known: Input | None, event: Input) -> bool:
    """Whether the same was told otherwise; the reason of a refund is for people alone."""
    if known is None:
        return False
    return known.data | {"reason": ""} != event.data | {"reason": ""}
