"""No result depends on when a job ran."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headway.program.program import Programs
from tests.domain import strategies as some
from tests.domain.invariants import check
from tests.domain.plans import (
    Step,
    moment_of,
    perform,
    projection,
    rows_without_cause,
    steps,
)
from tests.domain.programme import lively
from tests.domain.world import DAY, START, World

Ticks = list[list[float]]


def tell(programs: Programs, plan: list[Step], ticks: Ticks) -> World:
    """The story, with jobs running at those shares of the way to each step's moment."""
    world = World(programs)
    world.tell("member.joined", at=START - DAY)
    for number, step in enumerate(plan):
        world.now += step.pause
        reached = moment_of(world, step, number)
        for share in sorted(ticks[number] if number < len(ticks) else ()):
            _tick_on_the_way(world, reached, share)
        perform(world, step, number)
    end = world.now + timedelta(days=800)
    world.tick(at=end)
    world.tell("member.updated", attributes={}, at=end)
    return world


def _tick_on_the_way(world: World, reached: datetime, share: float) -> None:
    account = world.account()
    assert account.time is not None
    way = reached - account.time
    world.tick(at=account.time + share * way)


@some.examples(40)
@given(
    plan=st.lists(steps(), min_size=1, max_size=10),
    ticks=st.lists(st.lists(st.sampled_from([0.1, 0.5, 0.9, 1.0]), max_size=3), max_size=10),
    settings=st.fixed_dictionaries(
        {
            "clawback": st.sampled_from(some.POLICIES),
            "pending_days": st.sampled_from([3, 0]),
            "expiry": st.sampled_from(some.EXPIRIES),
            "window": st.sampled_from(some.WINDOWS),
        }
    ),
    later=st.booleans(),
)
def test_jobs_may_run_at_any_time(
    plan: list[Step], ticks: Ticks, settings: dict[str, Any], later: bool
) -> None:
    versions = [lively(**settings)]
    if later:
        start = (START + 6 * DAY).isoformat()
        versions.append(lively(version=2, gold="10.00", factor="3", from_=start))
    without, ticked = (tell(Programs(versions), plan, some_) for some_ in ([], ticks))
    for world in (without, ticked):
        check(world, "m")
    first, second = without.of("m"), ticked.of("m")
    assert rows_without_cause(first.rows) == rows_without_cause(second.rows)
    assert [e._replace(cause=0) for e in first.tier_events] == [
        e._replace(cause=0) for e in second.tier_events
    ]
    assert projection(first.account) == projection(second.account)
    outcomes = [
        [(d.input.id, d.outcome) for d in books.decisions if d.input.kind != "tick"]
        for books in (first, second)
    ]
    assert outcomes[0] == outcomes[1]
