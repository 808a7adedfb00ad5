"""The core's certificates against the oracle's, step by step through any history."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headway.program.program import Programs
from tests.domain import strategies as some
from tests.domain.programme import DOLLAR, fixed, program, reward, tiers
from tests.domain.world import World, line
from tests.oracle.telling import Story
from tests.oracle.telling import program as read_by_oracle

GOALS = ("small", "large", "bag", "")
_SMALL = {"kind": "voucher", "automatic": True, "codes": {"pool": "p"}}
REWARDS = [
    reward("small", 10, "1.00 USD") | _SMALL,
    reward("large", 25, "3.00 USD") | _SMALL | {"prices": [{"points": 20, "tier": "gold"}]},
    reward("bag", 30, "5.00 USD"),
]
Act = tuple[str, int, int]
acts: st.SearchStrategy[Act] = st.tuples(
    st.sampled_from(["buy", "buy", "visit", "return", "goal", "bag"]),
    st.integers(0, 5),
    st.integers(1, 3),
)
history = st.lists(st.tuples(st.sampled_from([1, 30, 24 * 8, 24 * 40]), acts), max_size=14)


class Both:
    """One member twice: in the core and in the oracle."""

    def __init__(self, settings: dict[str, Any]) -> None:
        rules = [DOLLAR, fixed("visit", "activity.recorded", 7)]
        self.core = World(Programs([program(*rules, **settings)]))
        self.oracle = Story(read_by_oracle(*rules, **settings))
        self.core.now = self.oracle.now
        self.core.tell("member.joined")

    def pass_time(self, hours: int) -> None:
        """Jobs run at the end of it."""
        self.core.now += timedelta(hours=hours)
        self.core.tick()
        self.oracle.wait(self.core.now)

    def act(self, what: str, number: int, pieces: int) -> None:
        """One thing, in both."""
        order_id = f"o{number}"
        known = order_id in self.core.account().orders
        if what == "visit":
            self._tell("activity.recorded", activity="visit")
        elif what == "buy" and not known:
            lines = [line(700 * (number + pieces), quantity=3)]
            self._tell("order.paid", order_id=order_id, currency="USD", lines=lines)
        elif what == "return" and known:
            back = [{"line_id": "1", "quantity": pieces}]
            refund_id = f"r{self.core.told}"
            self._tell("order.refunded", refund_id=refund_id, order_id=order_id, lines=back)
        elif what == "goal":
            self.core.goal(GOALS[number % 4])
            self._redeem("goal", GOALS[number % 4])
        elif what == "bag" and self.core.reserve(f"b{self.core.told}", "bag").outcome.outcome == (
            "applied"
        ):
            self._redeem("reserve", "bag")
            self.core.step("confirm", [*self.core.redemptions][-1])
            self._redeem("confirm", "bag")

    def _tell(self, kind: str, **data: Any) -> None:
        self.core.tell(kind, **data)
        self.oracle.tell_at(self.core.now, kind, **data)

    def _redeem(self, kind: str, reward_id: str) -> None:
        self.oracle.now = self.core.now - timedelta(hours=1)
        self.oracle.redeem(kind, reward_id, 30, 500)

    def stand(self) -> tuple[list[object], list[object]]:
        """What each says that the member has."""
        core, member = self.core.account(), self.oracle.member
        return (
            [core.pending, core.available, core.owed, core.goal, core.tier,
             {c: minor for c, minor in core.saved.items() if minor},
             [one.points for one in core.certificates]],
            [member.pending, member.available, member.owed, member.goal, member.tier,
             {c: minor for c, minor in member.saved.items() if minor},
             [one.points for one in member.unused]],
        )  # fmt: skip


@some.examples(100)
@given(
    history, st.sampled_from(some.POLICIES), st.sampled_from([0, 3]),
    st.sampled_from(some.EXPIRIES),
)  # fmt: skip
def test_core_and_oracle_agree(
    acted: Sequence[tuple[int, Act]], policy: str, pending: int, expiry: Any
) -> None:
    points = {"clawback": policy, "pending_days": pending, "expiry": expiry}
    levels = tiers(("gold", "50.00"))
    both = Both({"rewards": REWARDS, "tiers": levels, "points": points})
    for hours, act in acted:
        both.pass_time(hours)
        both.act(*act)
        core, oracle = both.stand()
        assert core == oracle
    both.pass_time(24 * 60)
    core, oracle = both.stand()
    assert core == oracle
