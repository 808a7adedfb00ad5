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

from headway.domain.terms import Wish
from headway.errors import Conflict
from headway.program.program import Programs
from tests.domain import strategies as some
from tests.domain.invariants import check
from tests.domain.programme import lively
from tests.domain.world import DAY, START, World, effect_input

ON_TIME = timedelta(0)
NEXT = {"reserved": ["cancel", "confirm", "timeout"], "confirmed": ["reverse"]}


class Ledger(RuleBasedStateMachine):
    """Two shoppers and a guest who joins late or never; `of` names members before keys."""

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
        versions = [
            lively(clawback=clawback, pending_days=pending, expiry=expiry, window=windows[0])
        ]
        if later is not None:
            start = (at + timedelta(days=10)).isoformat()
            versions.append(
                lively(version=2, clawback=later, pending_days=3 - pending, window=windows[1],
                       gold="20.00", factor="3", from_=start)
            )  # fmt: skip
        self.world = World(Programs(versions), at=at, prove_pure=True)
        self.touched = set()
        for member in ("m", "n"):
            self._tell("member.joined", member, 50 * DAY)

    # -- orders and returns ------------------------------------------------------------------------

    @rule(member=some.members, late=some.lateness, order=some.orders())
    def shop(self, member: str, late: timedelta, order: dict[str, Any]) -> None:
        """A new order."""
        order_id = f"{member}{len(self.world.account(member).orders)}"
        self._tell("order.paid", member, late, **order | {"order_id": order_id})

    @rule(member=some.members, order=some.orders(), version=st.integers(1, 4), data=st.data())
    def amend(self, member: str, order: dict[str, Any], version: int, data: st.DataObject) -> None:
        """A known order again: amended, overtaken, or in conflict."""
        orders = self.world.account(member).orders
        if orders:
            known = orders[data.draw(st.sampled_from(sorted(orders)))]
            told = order | {"order_id": known.order_id, "currency": known.currency}
            self._tell("order.paid", member, **told, order_version=version)

    @rule(member=some.members, late=some.lateness, pieces=st.integers(1, 3), data=st.data())
    def bring_back(self, member: str, late: timedelta, pieces: int, data: st.DataObject) -> None:
        """Some pieces of something that was really bought."""
        lines = self.world.account(member).lines
        if lines:
            order = lines[data.draw(st.sampled_from(sorted(lines)))]
            kept = order[data.draw(st.sampled_from(sorted(order)))]
            back = {"line_id": kept.line_id, "quantity": pieces}
            told = {"refund_id": f"r{self.world.told}", "order_id": kept.order_id}
            self._tell("order.refunded", member, late, **told, lines=[back])

    @rule(member=some.members, late=some.lateness, refund=some.refunds(), new=st.booleans())
    def refund(self, member: str, late: timedelta, refund: dict[str, Any], new: bool) -> None:
        """A return of an unknown order or of none, of unknown lines, or one told twice."""
        name = f"{member}-{self.world.told}" if new else f"{member}-{refund['refund_id']}"
        self._tell("order.refunded", member, late, **refund | {"refund_id": name})

    @rule(member=some.members, late=some.lateness, data=st.data())
    def refund_fails(self, member: str, late: timedelta, data: st.DataObject) -> None:
        """A refund did not go through, known or not yet."""
        account = self.world.account(member)
        if account.joined_at is None:
            return  # what fails before there is a member waits with all else
        known = [*sorted(account.refunds), f"{member}-r1"]
        refund_id = data.draw(st.sampled_from(known))
        self._tell("order.refund_failed", member, late, refund_id=refund_id)

    @rule(member=some.members, late=some.lateness, data=st.data())
    def cancel(self, member: str, late: timedelta, data: st.DataObject) -> None:
        """An order is called off, known or not yet."""
        known = [*sorted(self.world.account(member).orders), f"{member}9"]
        self._tell("order.cancelled", member, late, order_id=data.draw(st.sampled_from(known)))

    # -- everything else that sources send ---------------------------------------------------------

    @rule(member=some.members, late=some.lateness, review=some.reviews(), gone=st.booleans())
    def review(self, member: str, late: timedelta, review: dict[str, Any], gone: bool) -> None:
        """A review appears, or is taken down."""
        review_id = member + review["review_id"]
        if gone:
            self._tell("review.removed", member, late, review_id=review_id)
        else:
            self._tell("review.published", member, late, **review | {"review_id": review_id})

    @rule(
        member=some.members, referrer=some.members, late=some.lateness,
        completed=st.none() | st.integers(0, 2),
    )  # fmt: skip
    def referral(self, member: str, referrer: str, late: timedelta, completed: int | None) -> None:
        """Someone was invited, or an order completed an invitation."""
        told: dict[str, Any] = {
            "referral_id": f"{member}-by-{referrer}", "referrer_id": referrer,
        }  # fmt: skip
        if completed is None:
            self._tell("referral.created", member, late, **told)
        else:
            self._tell("referral.completed", member, late, **told, order_id=f"{member}{completed}")

    @precondition(lambda self: self.world.effects)
    @rule(data=st.data())
    def effect(self, data: st.DataObject) -> None:
        """One of the effects sent so far arrives, in any order."""
        effect = data.draw(st.sampled_from(self.world.effects))
        self.world.effects.remove(effect)
        self.touched.add(effect.member_id)
        self.world.decide(effect.member_id, effect_input(effect))

    @rule(member=some.members, late=some.lateness, what=st.sampled_from(some.SIMPLE))
    def simple(self, member: str, late: timedelta, what: tuple[str, dict[str, Any]]) -> None:
        """What needs no more than its name."""
        kind, more = what
        self._tell(kind, member, late, **more)

    @rule(order=some.orders(), refund=some.refunds())
    def intrude(self, order: dict[str, Any], refund: dict[str, Any]) -> None:
        """The guest's systems use keys of somebody else's."""
        self._tell("order.paid", "guest", **order | {"order_id": "m0"})
        self._tell("order.cancelled", "guest", order_id="n0")
        self._tell("order.refunded", "guest", **refund | {"refund_id": "m-r1"})
        told: dict[str, Any] = {"referral_id": "m-by-n", "referrer_id": "n"}
        self._tell("referral.created", "guest", **told)

    # -- commands and time -------------------------------------------------------------------------

    @precondition(lambda self: self._rich())
    @rule(confirm=st.booleans(), data=st.data())
    def spend(self, confirm: bool, data: st.DataObject) -> None:
        """Someone who can afford it holds a reward's points, and perhaps takes it at once."""
        member = data.draw(st.sampled_from(self._rich()))
        reward = data.draw(st.sampled_from(["small", "large"]))
        orders = [None, *sorted(self.world.account(member).orders), f"{member}9"]
        self._reserve(member, reward, confirm, data.draw(st.sampled_from(orders)))

    @rule(member=some.members, reward=some.rewards)
    def try_to_spend(self, member: str, reward: str) -> None:
        """Anyone asks for anything."""
        self._reserve(member, reward, confirm=True)

    def _rich(self) -> list[str]:
        return [name for name, books in self.world.books.items() if books.account.available >= 4]

    def _reserve(
        self, member: str, reward: str, confirm: bool, order_id: str | None = None
    ) -> None:
        self.touched.add(member)
        before = self.world.account(member)
        name = f"r{self.world.told:04}"
        wish = Wish(order_id=order_id)
        if self.world.reserve(name, reward, member, wish).outcome.outcome == "refused":
            assert self.world.account(member) == before
            assert name not in self.world.redemptions
        elif confirm:
            self.world.step("confirm", name)

    @precondition(lambda self: self.world.redemptions)
    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """A later step of a redemption, now and then one whose time is over."""
        name = data.draw(st.sampled_from(sorted(self.world.redemptions)))
        one = self.world.redemptions[name]
        kind = data.draw(st.sampled_from([*NEXT.get(one.state, []), "confirm", "reverse"]))
        self.touched.add(one.member)
        before = self.world.account(one.member)
        if self.world.step(kind, name).outcome.outcome == "refused":
            assert self.world.account(one.member) == before

    @rule(member=some.members, points=st.sampled_from([3, 40, -1, -2, -25]))
    def adjust(self, member: str, points: int) -> None:
        """Somebody gives points by hand, or takes some: all of them, or none."""
        self.touched.add(member)
        before = self.world.account(member)
        if self.world.adjust(points, member).outcome.outcome == "refused":
            assert self.world.account(member) == before

    @rule(hours=st.sampled_from([24 * 4, 1, 24, 24 * 4, 24 * 35, 24 * 200]), tick=st.booleans())
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

    def _tell(self, kind: str, member: str, late: timedelta = ON_TIME, **data: Any) -> None:
        self.touched.add(member)
        before = self.world.account(member)
        self.world.now += timedelta(minutes=7)
        try:
            self.world.tell(kind, member, at=self.world.now - late, **data)
        except Conflict:
            assert self.world.account(member) == before


TestLedger = Ledger.TestCase
TestLedger.settings = some.examples(60)
