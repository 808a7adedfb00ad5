"""Points given and taken by hand: what they do, and what they leave alone."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.domain.adjustment import Adjust
from headway.domain.points import PointsEvent
from headway.ledger.adjustments import adjust_from, body_of
from headway.program.program import Programs
from tests.domain import strategies as some
from tests.domain.invariants import check
from tests.domain.programme import lively
from tests.domain.world import DAY, START, World, line


def world_of(**more: Any) -> World:
    world = World(Programs([lively(pending_days=0, **more)]), prove_pure=True)
    world.tell("member.joined", at=START - 30 * DAY)
    return world


def adjusted(world: World) -> list[PointsEvent]:
    return [row for row in world.of("m").rows if row.kind == "adjust"]


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([1, 7, 500, -1, -3, -60]), st.sampled_from([0, 1, 40, 400]),
            st.booleans(),
        ),
        min_size=1, max_size=8,
    ),
    clawback=st.sampled_from(some.POLICIES),
    expiry=st.sampled_from(some.EXPIRIES),
)  # fmt: skip
@some.examples(60)
def test_all_or_nothing_whatever_happens_between(
    steps: list[tuple[int, int, bool]], clawback: str, expiry: Any
) -> None:
    """Given: as many more are there, but for what was owed. Taken: exactly as many fewer, out of
    what was available, or nothing at all. All else of the books holds as ever."""
    world = world_of(clawback=clawback, expiry=expiry)
    for place, (points, days, buys) in enumerate(steps):
        world.now += timedelta(days=days, minutes=1)
        if buys:
            world.tell("order.paid", order_id=f"o{place}", currency="USD", lines=[line(2000)])
        world.tick()
        before, rows = world.account(), len(world.of("m").rows)
        decision = world.adjust(points)
        after, moved = world.account(), world.of("m").rows[rows:]
        mine = [row for row in moved if row.kind == "adjust"]
        if decision.outcome.outcome == "refused":
            assert points < 0
            assert before.available < -points
            assert after == before
        else:
            assert sum(row.points for row in mine) == abs(points)
            assert after.available + after.owed == before.available + before.owed + points
            assert (after.pending, after.reserved) == (before.pending, before.reserved)
        check(world, "m")


def test_what_is_given_counts_towards_no_tier_and_no_return_takes_it_by_itself() -> None:
    world = world_of(clawback="only_pending")
    world.adjust(10_000)
    tier = world.account().tier
    world.tell("order.paid", order_id="o", currency="USD", lines=[line(100)])
    assert world.account().tier == tier
    world.tell("order.cancelled", order_id="o")
    assert world.account().available >= 10_000


def test_what_is_taken_goes_by_spend_order() -> None:
    world = world_of()
    world.adjust(30)
    world.now += 40 * DAY
    world.adjust(30)
    before = world.account().lots
    world.adjust(-40)
    taken = [(row.lot, row.points) for row in adjusted(world) if row.to_bucket == "reversed"]
    in_order = sorted(lot.lot for lot in before.values() if lot.available)
    assert [lot for lot, _ in taken] == in_order[: len(taken)]
    assert sum(points for _, points in taken) == 40


def test_a_late_event_leaves_it_standing() -> None:
    world = world_of()
    world.adjust(50)
    world.adjust(-20)
    rows = adjusted(world)
    world.now += DAY
    world.tell("order.paid", at=START - DAY, order_id="late", currency="USD", lines=[line(5000)])
    assert adjusted(world) == rows
    check(world, "m")


@pytest.mark.parametrize("second", [None, "tom"])
def test_the_log_says_all_that_is_decided_on(second: str | None) -> None:
    command = Adjust("adj_1", -5, "typed twice", "sue", second)
    assert adjust_from(body_of(command)) == command
