"""Opening balances: lots, expiries, tiers and enrolment as they were elsewhere, whatever the order
in which the ledger hears of them."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from headway.contracts import codec
from headway.contracts.opening import IMPORTED, OPENING, Measured, OpeningBalance, OpeningLot
from headway.domain.account import Input
from headway.domain.decide import from_source
from headway.program.program import Programs
from headway.program.rules import MICRO
from tests.domain import strategies as some
from tests.domain.invariants import check
from tests.domain.programme import fixed, program, programs, reward, tiers, times
from tests.domain.test_any_order import (
    MEASURES,
    WINDOWS,
    balances,
    entitled,
    live,
    rich,
    stories,
)
from tests.domain.world import DAY, START, World, event, line

YEAR = 365 * DAY


def lot(points: int, earned_at: datetime, expires_at: datetime | None = None,
        *, by_programme: bool = False) -> OpeningLot:  # fmt: skip
    return OpeningLot(
        points=points, earned_at=earned_at, rule="opening", expires_at=expires_at,
        by_programme=by_programme,
    )  # fmt: skip


def opening(
    *lots: OpeningLot, member: str = "m", joined_at: datetime | None = None,
    as_of: datetime = START, measure: str = "spend",
    measured: Sequence[tuple[str, int]] = (), purchases: int = 0, batch: str = "b",
) -> Input:  # fmt: skip
    """The input that the import writes for that balance."""
    data = OpeningBalance(
        member_id=member, batch=batch, lots=lots, measure=measure, purchases=purchases,
        joined_at=joined_at or min(one.earned_at for one in lots),
        as_of=max([as_of, *(one.earned_at for one in lots)]),
        measured=tuple(Measured(on=on, amount=amount) for on, amount in measured),
    )  # fmt: skip
    body = codec.canonical(data)
    digest = codec.digest(OPENING, member, body)
    return Input(IMPORTED, data.id, OPENING, data.joined_at, data, digest, body)


SHOP = programs(
    program(
        fixed("welcome", "member.joined", 5),
        fixed("first", "order.paid", 7, when={"purchase": "first"}),
        {"id": "base", "on": "order.paid", "award": {"per_money": {"points": 1, "every": "1.00"}}},
        times("gold", "2", "tier", tier=["gold"]),
        points={"expiry": {"months": 12}},
        tiers=tiers(("gold", "100.00")),
        rewards=[reward("small", 40, "1.00 USD")],
    )
)  # fmt: skip


def order(world: World, order_id: str, at: datetime, amount: int = 1000) -> None:
    world.tell("order.paid", at=at, order_id=order_id, currency="USD", lines=[line(amount)])


def test_it_enrols_opens_a_lot_for_each_and_starts_the_tier() -> None:
    world = World(SHOP)
    told = opening(
        lot(30, START - 200 * DAY, START + 100 * DAY), lot(50, START - 10 * DAY),
        lot(9, START - 20 * DAY, by_programme=True),
        joined_at=START - 3 * YEAR, measured=[("2024-01-05", 12000)],
    )  # fmt: skip
    (decision,) = world.decide("m", told)
    account = decision.account
    by_programme = SHOP.all[0].expires_at(START - 20 * DAY)
    assert (account.joined_at, account.time, account.tier) == (START - 3 * YEAR, START, "gold")
    assert (account.available, account.pending, account.purchases) == (89, 0, 0)
    assert [(row.kind, row.rule, row.from_bucket, row.points, row.effective_at, row.expires_at)
            for row in decision.points] == [
        ("earn", "opening", "issued", 30, START - 200 * DAY, START + 100 * DAY),
        ("earn", "opening", "issued", 50, START - 10 * DAY, None),
        ("earn", "opening", "issued", 9, START - 20 * DAY, by_programme),
    ]  # fmt: skip
    assert decision.outcome.outcome == "applied"
    assert from_source(told)
    check(world, "m")


def test_what_expires_first_is_spent_first_and_the_rest_expires_in_its_time() -> None:
    world = World(SHOP)
    world.decide("m", opening(lot(50, START - 10 * DAY), lot(30, START - 200 * DAY, START + DAY)))
    world.reserve("r", "small")
    held = world.redemptions["r"].held
    assert [points for _, points in held] == [30, 10]
    world.decide("m", opening(lot(20, START, START + 2 * DAY), batch="c"))
    world.tick(at=START + 3 * DAY)
    assert world.account().available == 40
    check(world, "m")


def test_an_expired_lot_expires_where_it_was_due() -> None:
    world = World(SHOP)
    late = START - 5 * DAY
    world.decide("m", opening(lot(30, START - 50 * DAY, late), lot(10, START)))
    assert world.account().available == 10
    (row,) = [row for row in world.of("m").rows if row.kind == "expire"]
    assert (row.points, row.effective_at) == (30, late)


def test_orders_after_it_go_by_its_tier_and_are_not_the_first() -> None:
    world = World(SHOP)
    world.decide("m", opening(lot(1, START), measured=[("2024-01-05", 12000)], purchases=3))
    order(world, "o", START + DAY)
    assert world.account().available == 1 + 20
    check(world, "m")


def test_an_order_that_waited_for_its_member_and_one_that_comes_late() -> None:
    told = opening(lot(30, START - 9 * DAY), joined_at=START - YEAR,
                   measured=[("2024-01-05", 12000)])  # fmt: skip
    waited = World(SHOP)
    order(waited, "o", START - 5 * DAY)
    assert waited.account().parked
    waited.decide("m", told)
    late = World(SHOP)
    late.decide("m", told)
    order(late, "n", START + DAY)
    order(late, "o", START - 5 * DAY)
    for world, points in ((waited, 30 + 20 + 7), (late, 30 + 40 + 7)):
        assert world.account().available == points
        assert not world.account().parked
        check(world, "m")


def test_one_that_comes_after_its_member_joined_and_bought() -> None:
    world = World(SHOP)
    world.tell("member.joined", at=START)
    order(world, "o", START + DAY)
    assert world.account().available == 5 + 7 + 10
    told = opening(lot(30, START - 9 * DAY), measured=[("2024-01-05", 12000)], purchases=1)
    world.decide("m", told)
    # Joined long before, and has bought before: neither a welcome nor a first purchase.
    assert world.account().available == 30 + 20
    assert world.account().joined_at == START - 9 * DAY
    check(world, "m")


def test_a_member_who_has_left_gets_nothing() -> None:
    world = World(SHOP)
    world.tell("member.joined", at=START - 2 * DAY)
    world.tell("member.left", at=START - DAY)
    (decision,) = world.decide("m", opening(lot(30, START)))
    assert (decision.outcome.outcome, decision.outcome.reason) == ("nothing", "member left")
    assert world.account().available == 5


def test_the_same_rule_day_and_points_twice_stay_two_lots_when_decided_again() -> None:
    world = World(SHOP)
    world.tell("member.joined", at=START + DAY)
    world.decide("m", opening(lot(5, START, START + 90 * DAY), lot(5, START)))
    lots = [one for one in world.account().lots.values() if one.rule == "opening"]
    assert sorted((one.exact, one.expires_at is None) for one in lots) == [
        (5 * MICRO, False), (5 * MICRO, True),
    ]  # fmt: skip


@st.composite
def openings(draw: st.DrawFn, member: str, batch: str) -> Input:
    days = st.sampled_from([-3, 0, 1, 3, 40, 201])
    joined = START + timedelta(days=draw(days), hours=draw(st.integers(0, 5)))
    lots = tuple(
        lot(draw(st.integers(1, 9)), joined + draw(days.map(lambda n: timedelta(days=abs(n)))),
            by_programme=draw(st.booleans()))
        for _ in range(draw(st.integers(0, 3)))
    )  # fmt: skip
    some_days = st.sampled_from(["2024-01-02", "2024-01-20", "2024-03-01"])
    counted = draw(st.lists(some_days, unique=True))
    measure = draw(st.sampled_from(["spend", "points", "orders", "activity:visit"]))
    amount = {"spend": 4000, "points": 40 * MICRO}.get(measure, 3)
    return opening(
        *lots, member=member, batch=batch, joined_at=joined, as_of=max(joined, START + 60 * DAY),
        measure=measure, measured=[(day, amount) for day in counted],
        purchases=draw(st.integers(0, 2)),
    )  # fmt: skip


@settings(some.examples(60), derandomize=True)
@given(
    story=stories(),
    brought=st.lists(st.sampled_from(["m", "n"]), min_size=1, max_size=2).flatmap(
        lambda members: st.tuples(*(openings(m, f"b{i}") for i, m in enumerate(members)))
    ),
    events=st.sampled_from(["all", "no joins"]),
    order=st.randoms(use_true_random=False),
    measure=st.sampled_from(MEASURES),
    window=st.sampled_from(WINDOWS),
    attribution=st.sampled_from(["per_line", "by_money", "recompute"]),
    busy=st.booleans(),
)
def test_any_order_of_delivery_gives_the_same(
    story: list[tuple[str, Input]],
    brought: tuple[Input, ...],
    events: str,
    order: random.Random,
    measure: Any,
    window: dict[str, Any],
    attribution: str,
    busy: bool,
) -> None:
    rules = Programs([rich(measure, window, attribution, "allow_negative")])
    told = [*story, *((item.data.member_id, item) for item in brought)]
    if events == "no joins":
        enrolled = {item.data.member_id for item in brought}
        told = [
            (member, item) for member, item in told
            if item.kind != "member.joined" or member not in enrolled
        ]  # fmt: skip
    told.sort(key=lambda entry: (entry[1].time, entry[1].source, entry[1].id))
    straight = live(rules, told, 0, busy=False)
    shuffled = list(told)
    order.shuffle(shuffled)
    other = live(rules, shuffled, 1, busy)
    for member in ("m", "n"):
        assert entitled(other, member) == entitled(straight, member)
        if not busy and not _expired(other, straight):
            # A fraction taken back before its lot can be spent may be owed until then.
            assert sum(balances(other, member)) == sum(balances(straight, member))


def _expired(*worlds: World) -> bool:
    return any(
        row.kind == "expire"
        for world in worlds for name in world.books for row in world.of(name).rows
    )  # fmt: skip


def test_the_event_of_joining_after_it_says_nothing_new() -> None:
    world = World(SHOP)
    world.decide("m", opening(lot(30, START - 9 * DAY)))
    world.decide("m", event("member.joined", "m", START - DAY, id_="j"))
    assert world.account().available == 30
    assert world.account().joined_at == START - 9 * DAY
