"""Anything may happen to a few members, in any order, late or twice: the books always add up."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from headway.errors import Conflict
from headway.program.program import Programs
from tests.domain import strategies as some
from tests.domain.invariants import check
from tests.domain.programme import lively
from tests.domain.world import START, World, effect_input


class Ledger(RuleBasedStateMachine):
    """Two shoppers, a friend who was referred, and whatever a shop's systems may send of them."""

    world: World
    touched: set[str]

    @initialize(
        clawback=st.sampled_from(some.POLICIES),
        later=st.none() | st.sampled_from(some.POLICIES),
        expiry=st.sampled_from(some.EXPIRIES),
        pending=st.sampled_from([3, 0]),
        windows=st.tuples(st.sampled_from(some.WINDOWS), st.sampled_from(some.WINDOWS)),
        at=st.sampled_from([START, START.replace(month=12, day=20)]),
    )
    def begin(
        self,
        clawback: str,
        later: str | None,
        expiry: Any,
        pending: int,
        windows: tuple[str, str],
        at: datetime,
    ) -> None:
        """A programme, and perhaps another version of it ten days from now."""
        first = lively(clawback=clawback, pending_days=pending, expiry=expiry, window=windows[0])
        versions = [first]
        if later is not None:
            start = (at + timedelta(days=10)).isoformat()
            versions.append(
                lively(version=2, clawback=later, pending_days=3 - pending, window=windows[1],
                       gold="20.00", factor="3", from_=start)
            )  # fmt: skip
        self.world = World(Programs(versions), at=at, prove_pure=True)
        self.touched = set()
        for member in ("m", "n"):
            self._tell("member.joined", member)

    # -- source events -----------------------------------------------------------------------------

    @rule(member=some.members, at=some.lateness, order=some.orders(), version=st.integers(1, 3))
    def order(self, member: str, at: timedelta, order: dict[str, Any], version: int) -> None:
        """An order, an amendment, the same again, or another member's."""
        self._tell("order.paid", member, at, **order, order_version=version)

    @rule(member=some.members, at=some.lateness, refund=some.refunds())
    def refund(self, member: str, at: timedelta, refund: dict[str, Any]) -> None:
        """A return: partial, whole, too much, of an unknown order, or without any."""
        self._tell("order.refunded", member, at, **refund)

    @rule(member=some.members, at=some.lateness, order_id=some.order_ids)
    def cancel(self, member: str, at: timedelta, order_id: str) -> None:
        """An order is called off."""
        self._tell("order.cancelled", member, at, order_id=order_id)

    @rule(member=some.members, at=some.lateness, review_id=some.review_ids, gone=st.booleans())
    def review(self, member: str, at: timedelta, review_id: str, gone: bool) -> None:
        """A review appears, or is taken down."""
        if gone:
            self._tell("review.removed", member, at, review_id=review_id)
        else:
            self._tell("review.published", member, at, review_id=review_id, sku="s", rating=5)

    @rule(
        member=some.members, referrer=some.members, at=some.lateness,
        referral_id=some.referral_ids, order_id=st.none() | some.order_ids,
    )  # fmt: skip
    def referral(
        self, member: str, referrer: str, at: timedelta, referral_id: str, order_id: str | None
    ) -> None:
        """Someone was invited, or an order completed an invitation."""
        told = {"referral_id": referral_id, "referrer_id": referrer}
        if order_id is None:
            self._tell("referral.created", member, at, **told)
        else:
            self._tell("referral.completed", member, at, **told, order_id=order_id)

    @precondition(lambda self: self.world.effects)
    @rule(data=st.data())
    def effect(self, data: st.DataObject) -> None:
        """One of the effects sent so far arrives, in any order; its topic repeats none."""
        effect = data.draw(st.sampled_from(self.world.effects))
        self.world.effects.remove(effect)
        self.touched.add(effect.member_id)
        self.world.decide(effect.member_id, effect_input(effect))

    @rule(member=some.members, at=some.lateness, what=st.sampled_from(some.SIMPLE))
    def simple(self, member: str, at: timedelta, what: tuple[str, dict[str, Any]]) -> None:
        """What needs no more than its name."""
        kind, more = what
        self._tell(kind, member, at, **more)

    @rule(member=st.sampled_from(["m", "n"]), at=some.lateness, order=some.orders())
    def shop(self, member: str, at: timedelta, order: dict[str, Any]) -> None:
        """A new order, so that there is something to spend and to return."""
        own = f"{member}-{len(self.world.of(member).account.orders)}"
        self._tell("order.paid", member, at, **order | {"order_id": own})

    @rule(member=st.sampled_from(["m", "n"]), share=st.integers(1, 3), data=st.data())
    def bring_back(self, member: str, share: int, data: st.DataObject) -> None:
        """A return of something that was really bought."""
        lines = self.world.account(member).lines
        if lines:
            kept = lines[data.draw(st.sampled_from(sorted(lines)))]
            back = {"line_id": kept.line_id, "quantity": share}
            told = {"refund_id": f"back-{self.world.told}", "order_id": kept.order_id}
            self._tell("order.refunded", member, timedelta(0), **told, lines=[back])

    # -- commands and time -------------------------------------------------------------------------

    @rule(member=some.members, reward=some.rewards)
    def reserve(self, member: str, reward: str) -> None:
        """Hold a reward's points, if they are there."""
        self.touched.add(member)
        before = self.world.account(member)
        name = f"r{self.world.told}"
        decision = self.world.reserve(name, reward, member)
        if decision.outcome.outcome == "refused":
            assert self.world.account(member) == before
            assert name not in self.world.redemptions

    @precondition(lambda self: self.world.redemptions)
    @rule(kind=st.sampled_from(["confirm", "cancel", "timeout", "reverse"]), data=st.data())
    def step(self, kind: str, data: st.DataObject) -> None:
        """A later step of a redemption, whether its time has come or not."""
        name = data.draw(st.sampled_from(sorted(self.world.redemptions)))
        self.touched.add(self.world.redemptions[name].member)
        self.world.step(kind, name)

    @rule(hours=st.sampled_from([1, 24, 24 * 4, 24 * 35, 24 * 200]), tick=st.booleans())
    def time_passes(self, hours: int, tick: bool) -> None:
        """Nothing happens for a while; jobs may have run, or not."""
        self.world.now += timedelta(hours=hours)
        if tick:
            for member in self.world.books:
                self.touched.add(member)
                self.world.tick(member)

    # -- what must hold ----------------------------------------------------------------------------

    @invariant()
    def books_add_up(self) -> None:
        """Every invariant, of every member that something happened to."""
        if hasattr(self, "touched"):
            for member in self.touched:
                check(self.world, member)
            self.touched.clear()

    def _tell(self, kind: str, member: str, late: timedelta = timedelta(0), **data: Any) -> None:
        self.touched.add(member)
        before = self.world.account(member)
        self.world.now += timedelta(minutes=7)
        try:
            self.world.tell(kind, member, at=self.world.now - late, **data)
        except Conflict:
            assert self.world.account(member) == before


TestLedger = Ledger.TestCase
TestLedger.settings = some.examples(40)
