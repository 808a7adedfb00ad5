"""What leaves on member-notices: read by the contracts, each told once, under an id of its own."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headway.contracts import codec
from headway.runtime.clock import FixedClock
from headway.runtime.health import Health
from headway_earn.jobs import Jobs
from tests.earn.kit import DAY, PREFIX, PROGRAM, START, Earn, Topics, earning

MEMBERSHIP = """\
membership:
  plans: [{id: plus, name: Plus, months: 12, price: 120.00 USD}]
  refund: {unused: full, used: prorated}
"""
TWO_YEARS = "window: calendar_year\n  keep: end_of_next_period"
TOLD = (
    PROGRAM.replace("clawback: allow_negative", "clawback: allow_negative, notices: [30, 7]")
    .replace("window: calendar_year", TWO_YEARS + "\n  at_risk_days: [30]")
    + MEMBERSHIP
)  # fmt: skip


async def notices(earn: Earn) -> list[tuple[str, str, dict[str, Any]]]:
    """(type, id, data) of every notice in the outbox, as a listener reads it."""
    found = []
    for topic, key, value, headers in await earn.published():
        if topic == "member-notices":
            event = codec.decode(
                key, value, [(name, text.encode()) for name, text in json.loads(headers)]
            )
            found.append((event.type, event.id, json.loads(event.canonical_data)))
    return found


async def settle(earn: Earn, now: datetime) -> None:
    """Jobs run at that moment."""
    jobs = Jobs(
        lambda: earn.pool, FixedClock(now), PREFIX, Health(), lambda: None, every=1, batch=200
    )
    while await jobs.run_once():
        pass


async def test_two_years_of_notices(database: str) -> None:
    topics = Topics()
    async with earning(database, program=TOLD) as earn:
        await earn.apply(topics.join(), topics.buy("o", 7000))
        # Points become available on the 13th and expire with March; gold ends with next year.
        for day in range(0, 780, 5):
            await settle(earn, START + day * DAY)
        told = await notices(earn)
        assert len({id_ for _, id_, _ in told}) == len(told)
        assert [(kind, data["at"]) for kind, _, data in told if kind != "tier.changed"] == [
            ("points.expiring", "2024-04-01T04:00:00Z"),
            ("points.expiring", "2024-04-01T04:00:00Z"),
            ("tier.at-risk", "2026-01-01T05:00:00Z"),
        ]
        assert [(id_, data["tier_from"], data["tier_to"]) for kind, id_, data in told
                if kind == "tier.changed"] == [
            ("m:1:tier.changed:1", "", "club"), ("m:1:tier.changed:2", "club", "gold"),
            ("m:1:tier.changed:3", "gold", "club"),
        ]  # fmt: skip
        expiring = [(id_, data["points"]) for kind, id_, data in told if kind == "points.expiring"]
        at = "2024-04-01T04:00:00+00:00"
        assert expiring == [
            (f"m:1:points.expiring:{at}:2024-03-02T05:00:00+00:00", 35),
            (f"m:1:points.expiring:{at}:2024-03-25T04:00:00+00:00", 35),
        ]
        (risk,) = [data for kind, _, data in told if kind == "tier.at-risk"]
        assert (risk["tier"], risk["missing"]) == ("gold", 3000)


async def test_after_a_standstill_only_the_nearest_is_told(database: str) -> None:
    topics = Topics()
    async with earning(database, program=TOLD) as earn:
        await earn.apply(topics.join(), topics.buy("o", 7000))
        await settle(earn, datetime(2024, 3, 30, tzinfo=UTC))
        told = [id_ for kind, id_, _ in await notices(earn) if kind == "points.expiring"]
        assert told == ["m:1:points.expiring:2024-04-01T04:00:00+00:00:2024-03-25T04:00:00+00:00"]


@pytest.mark.parametrize(
    ("tiers", "at", "missing"),
    [
        (TWO_YEARS, "2026-01-01T05:00:00Z", 3000),  # this year's orders keep it for two
        ("window: calendar_year\n  grace_days: 40", "2025-02-10T05:00:00Z", 3000),
        ("window: membership_year\n  keep: end_of_next_period", "2026-01-09T05:00:00Z", 3000),
        ("window: rolling_12_months", "2025-01-10T05:00:00Z", 2000),  # an order stays in
        ("window: rolling_12_months\n  keep: {months: 12}", "2026-01-09T05:00:00Z", 3000),
        # Nothing that a member could do would keep it: a year begins with the first level.
        ("window: calendar_year", None, 0),
    ],
)
async def test_a_tier_at_risk(database: str, tiers: str, at: str | None, missing: int) -> None:
    """What is missing is that of the time that decides, though the tier holds without it now."""
    topics = Topics()
    async with earning(database, program=TOLD.replace(TWO_YEARS, tiers)) as earn:
        await earn.apply(
            topics.join(), topics.buy("o", 7000), topics.buy("p", 1000, at=START + 100 * DAY)
        )
        for day in range(0, 800, 5):
            await settle(earn, START + day * DAY)
        told = [data for kind, _, data in await notices(earn) if kind == "tier.at-risk"]
        assert [(one["at"], one["missing"]) for one in told] == ([(at, missing)] if at else [])
        falls = await earn.pool.fetchval("select max(effective_at) from tier_events")
        assert at is None or falls == datetime.fromisoformat(at)
        assert (await earn.account())["tier"] == "club"


async def test_a_membership_that_ends_is_told_once_whatever_comes_late(database: str) -> None:
    topics = Topics()
    end = START + 10 * DAY
    async with earning(database, program=TOLD) as earn:
        await earn.apply(
            topics.join(),
            topics.tell("membership.started", membership_id="s", plan="plus", at=START),
            topics.tell("membership.cancelled", membership_id="s", at=end, id_="n"),
        )
        for id_ in ("b", "a"):  # of the same moment, but before it: decided again each time
            await earn.apply(topics.tell("member.updated", attributes={"x": id_}, at=end, id_=id_))
            await earn.apply(topics.buy(f"o{id_}", 700, at=end, id_=f"{id_}1"))
        await earn.apply(topics.buy("late", 700, at=end - timedelta(days=1)))
        told = [
            (id_, data) for kind, id_, data in await notices(earn) if kind == "membership.ended"
        ]
        assert len(told) == 1
        assert told[0][0] == f"m:1:membership.ended:{end.isoformat()}:{end.isoformat()}"
        assert (told[0][1]["plan"], told[0][1]["refund_minor"]) == ("plus", 12000)


async def test_a_membership_whose_end_was_heard_of_before_its_start_is_told_too(
    database: str,
) -> None:
    topics = Topics()
    end = START + 10 * DAY
    cancelled = topics.tell("membership.cancelled", membership_id="s", at=end)
    started = topics.tell("membership.started", membership_id="s", plan="plus", at=START)
    async with earning(database, program=TOLD) as earn:
        await earn.apply(topics.join(), cancelled)
        assert [kind for kind, _, _ in await notices(earn)] == ["tier.changed"]
        await earn.apply(started)
        await earn.apply(topics.buy("late", 700, at=START))
        assert [kind for kind, _, _ in await notices(earn)] == ["tier.changed", "membership.ended"]
