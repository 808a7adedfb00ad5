"""What calls for which message, by what the ledger says of its causes and gives notice of."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import orjson
import pytest

from headway.contracts.codec import decode, encode
from headway.program.messages import KINDS, Kind, Messages
from headway.program.program import Program
from headway_notify.moving import COUNTED, period_of, statement
from headway_notify.noticing import due_for
from headway_notify.plan import Due, Plan, Seen, plan
from headway_notify.simulating import Simulation, in_order, summary
from tests.notify.account import NOON, PROGRAM, balance_event, cause, change

ALL = replace(PROGRAM, messages=Messages(kinds=frozenset(KINDS)))


def planned(*changes: Any, program: Program = ALL, **seen: Seen) -> Plan:
    return plan(changes, seen, lambda version: program)


def kinds(due: list[Due]) -> set[Kind]:
    return {one.kind for one in due}


def only(due: list[Due], kind: Kind) -> tuple[str, dict[str, Any]]:
    [one] = [one for one in due if one.kind == kind]
    return one.cause, orjson.loads(one.detail)


def test_a_quiet_change_calls_for_progress_and_a_statement_alone() -> None:
    before = Seen((1, 1), ("five",), "ten", 75)
    due = planned(change(version=2, moved={"earn": 10}, joined_at=NOON - timedelta(9)), m1=before)
    assert kinds(due.due) == {"progress", "statement"}


def test_joining_is_welcomed_once() -> None:
    joined = change(version=1, rewards_ready=[])
    again = change(version=2, rewards_ready=[], cause=cause(time=NOON + timedelta(hours=1)))
    assert [one.cause for one in planned(joined, again).due if one.kind == "welcome"] == ["joined"]


def test_a_reward_is_ready_when_it_was_not_before_and_the_dearest_is_told() -> None:
    before = Seen((1, 1), (), "five", 0)
    due = planned(change(version=2, rewards_ready=["five", "ten"]), m1=before).due
    assert only(due, "reward_ready") == ("ten@1.2", {"reward_id": "ten"})
    kept = Seen((1, 2), ("five", "ten"))
    still = planned(change(version=3, rewards_ready=["five", "ten"]), m1=kept).due
    assert "reward_ready" not in kinds(still)


def test_what_was_redeemed_taken_back_and_earned_for_a_friend_is_told() -> None:
    used = {
        "redemption_id": "rdm_1", "reward_id": "five", "points": 100, "value_minor": 500,
        "currency": "USD",
    }  # fmt: skip
    back = {"points": 30, "waived": 5, "reason": "too small", "order_id": "o1"}
    due = planned(
        change("a", redeemed=used, cause=cause("redemption")), change("b", clawed_back=back),
        change("c", cause=cause("effect"), moved={"earn": 50}),
        change("d", cause=cause("effect"), moved={"reverse": -50}),
    ).due  # fmt: skip
    told = {(one.member_id, one.kind): orjson.loads(one.detail) for one in due}
    assert told["a", "reward_used"] == used
    assert told["b", "points_taken_back"] == back
    assert told["c", "referral_thanks"] == {"points": 50}
    assert ("d", "referral_thanks") not in told


ISSUED = [
    {"redemption_id": name, "reward_id": "five", "points": 100, "value_minor": 500,
     "currency": "USD"}
    for name in ("crt_1_2", "crt_1_6")
]  # fmt: skip


@pytest.mark.parametrize("why", ["event", "effect", "redemption", "tick", "timeout", "admin"])
def test_each_certificate_that_issued_itself_is_told_once_whatever_let_it(why: str) -> None:
    """Points come at midnight, when nobody does anything: the certificate is news all the same."""
    changed = change(issued=ISSUED, certificates=["crt_1_2", "crt_1_6"], cause=cause(why))
    due = [one for one in planned(changed, changed).due if one.kind == "certificate_issued"]
    assert [one.cause for one in due] == ["crt_1_2", "crt_1_6"]
    assert orjson.loads(due[0].detail) == ISSUED[0]


def test_certificates_of_an_import_are_no_news_and_others_only_where_the_programme_says_so() -> (
    None
):
    brought = change(issued=ISSUED, cause={**cause("admin"), "source": "headway/import"})
    assert planned(brought).due == planned(brought, program=PROGRAM).due == []
    here = planned(change(issued=ISSUED, cause=cause("tick")), program=PROGRAM)
    assert here.due == []


def test_thresholds_are_those_of_the_way_to_the_goal() -> None:
    program = replace(PROGRAM, messages=Messages(every_percent=10))
    following = {"id": "ten", "points": 200, "missing": 50}
    goal = {"id": "twenty", "points": 400, "missing": 250}
    seen = Seen((1, 1), ("five",), "ten", 75)
    chosen = planned(change(version=2, next_reward=following, goal=goal), program=program, m1=seen)
    assert [one.kind for one in chosen.due] == ["progress"]
    assert chosen.last["m1"][2:] == ("twenty", 37)
    near = {"id": "ten", "points": 200, "missing": 41}
    still = planned(
        change(version=3, next_reward=near, goal=goal | {"missing": 241}), program=program,
        m1=chosen.last["m1"],
    ).due  # fmt: skip
    assert still == []
    reached = change(version=4, next_reward=None, goal=goal | {"missing": 0})
    assert planned(reached, program=program).last["m1"][2:] == ("twenty", 100)


@pytest.mark.parametrize(
    ("every", "last", "before", "now", "tells"),
    [
        (0, 0, 40, 41, True),
        (10, 0, 40, 49, False),
        (10, 0, 49, 50, True),
        (10, 0, 59, 51, False),
        (25, 20, 76, 79, False),
        (25, 20, 79, 80, True),
        (25, 20, 90, 91, True),
        (25, 20, 91, 91, False),
    ],
)
def test_progress_is_told_where_it_passes_a_threshold(
    every: int, last: int, before: int, now: int, tells: bool
) -> None:
    program = replace(PROGRAM, messages=Messages(every_percent=every, last_percent=last))
    following = {"id": "ten", "points": 200, "missing": 200 - 2 * now}
    seen = Seen((1, 1), ("five",), "ten", before)
    due = planned(change(version=2, next_reward=following), program=program, m1=seen).due
    assert bool(due) == tells


def test_each_notice_is_told_once_whatever_the_epoch() -> None:
    def told(kind: str, name: str, epoch: int = 1, **data: object) -> Due | None:
        body = {"member_id": "m:1", "version": 4, "at": NOON, **data}
        id_ = f"m:1:{epoch}:{name}"
        value, headers = encode(kind, source="headway/ledger", id=id_, time=NOON, data=body)
        return due_for(decode(b"m:1", value, headers), lambda moment: ALL)

    expiring = told("points.expiring", "points.expiring:A:B", points=50)
    assert expiring is not None
    assert expiring[:3] == ("m:1", "points_expiring", "points.expiring:A:B")
    assert expiring.version == 4
    assert told("points.expiring", "points.expiring:A:B", 2, points=50) == expiring
    at_risk = told("tier.at-risk", "x", tier="gold", missing=5)
    changed = told("tier.changed", "x", tier_from="gold", tier_to="club")
    assert at_risk is not None
    assert changed is not None
    assert {at_risk.kind, changed.kind} == {"tier_at_risk", "tier_changed"}
    assert told("tier.changed", "x", tier_from="", tier_to="club") is None
    assert told("membership.ended", "x", plan="gold", refund_minor=0) is None


def test_a_statement_says_what_came_and_went_in_its_period() -> None:
    march, april = NOON, NOON + timedelta(days=31)
    moved = planned(
        change(version=1, moved={"earn": 180}, account_time=march),
        change(version=2, moved={"redeem": -100, "expire": -10}, account_time=march, available=40),
        change(version=3, moved={"adjust": 5}, account_time=april, available=45),
    ).moved
    first = [one for one in moved if one.first == date(2026, 3, 1)]
    sums = tuple(map(sum, zip(*(one.changes for one in first), strict=True)))
    told = statement(first[0].first, first[0].last, first[-1].held, sums)
    assert (told.opening, told.earned, told.used, told.expired, told.closing) == (
        0,
        180,
        100,
        10,
        70,
    )
    assert dict(zip(COUNTED, sums, strict=True))["adjusted"] == 0
    assert [one.first for one in moved][-1] == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("months", "first", "last"),
    [
        (1, "2026-02-01", "2026-02-28"),
        (3, "2026-01-01", "2026-03-31"),
        (12, "2026-01-01", "2026-12-31"),
    ],
)
def test_periods_are_calendar_periods(months: int, first: str, last: str) -> None:
    found = period_of(date(2026, 2, 14), months)
    assert found == (date.fromisoformat(first), date.fromisoformat(last))


def test_a_simulation_keeps_the_cap_and_says_what_it_left_out() -> None:
    program = replace(PROGRAM, messages=Messages(cap=2, cap_days=7))
    days = [NOON + timedelta(days=number) for number in range(10)]
    events = [
        decode(b"m1", balance_event(version=number + 1, cause=cause(time=day)), [])
        for number, day in enumerate(days)
    ]
    simulation = Simulation(lambda event: program)
    for event in in_order(reversed(events)):
        simulation.hear(event)
    simulation.until(days[-1] + timedelta(days=1))
    [(kind, sent, skipped)] = summary(simulation.result)
    assert (kind, sent, skipped.total()) == ("progress", 4, 6)
    assert set(skipped) == {"2 messages in 7 days are the cap"}
    sends = [one.send_at for one in simulation.result if one.send_at is not None]
    for at in sends:
        assert sum(at - timedelta(days=7) < other <= at for other in sends) <= 2
