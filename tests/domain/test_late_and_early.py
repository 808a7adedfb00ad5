"""What comes in an unlucky order: amendments, refunds and referrals before what they speak of."""

from datetime import timedelta
from typing import Any

import pytest

from headway.program.program import Programs
from tests.domain.invariants import check
from tests.domain.programme import DOLLAR, fixed, program, programs, tiers, times
from tests.domain.world import DAY, HOUR, START, World, line

FRIENDS = [
    fixed("friend", "referral.completed", 25, to="friend"),
    fixed("referrer", "referral.completed", 50, to="referrer"),
]


def opened(*rules: dict[str, Any], **settings: Any) -> World:
    """A member who joined a day ago."""
    world = World(programs(program(*rules, **settings)), prove_pure=True)
    world.tell("member.joined", at=START - DAY)
    return world


def buy(world: World, order_id: str, cents: int = 10000, **more: Any) -> None:
    at = more.pop("at", None)
    told: dict[str, Any] = {"order_id": order_id, "currency": "USD", "lines": [line(cents)]}
    world.tell("order.paid", at=at, **told | more)


def bring_back(world: World, order_id: str, quantity: int = 1, **more: Any) -> str:
    lines = [{"line_id": "1", "quantity": quantity}]
    refund_id = f"r{world.told}"
    decision = world.tell(
        "order.refunded", refund_id=refund_id, order_id=order_id, lines=lines, **more
    )
    return decision.outcome.reason


REFERRED: dict[str, Any] = {"referral_id": "f", "referrer_id": "other"}


@pytest.mark.parametrize("gone", ["refunded", "cancelled"])
@pytest.mark.parametrize("kind", ["created", "completed"])
def test_a_referral_heard_of_after_the_first_purchase_came_back_gives_nothing(
    kind: str, gone: str
) -> None:
    world = opened(DOLLAR, *FRIENDS)
    buy(world, "o")
    if gone == "refunded":
        bring_back(world, "o")
    else:
        world.tell("order.cancelled", order_id="o")
    if kind == "created":
        world.tell("referral.created", at=START - HOUR, **REFERRED)
    else:
        world.tell("referral.completed", **REFERRED, order_id="o")
    buy(world, "later")
    assert world.account().available == 100, "no later order takes the first one's place"
    assert all(effect.undone_at for effect in world.effects), "what is told is told as undone"
    check(world, "m")


def test_an_amended_gift_card_is_no_first_purchase_because_another_order_was_one() -> None:
    world = opened(DOLLAR, *FRIENDS)
    world.tell("referral.created", at=START - HOUR, **REFERRED)
    buy(world, "before enrolment", at=START - 2 * DAY)
    buy(world, "card", lines=[line(5000, gift_card=True)])
    buy(world, "card", lines=[line(6000, gift_card=True)], order_version=2)
    assert world.account().first is None
    assert not world.effects
    buy(world, "shoes")
    assert world.account().first is not None
    assert [effect.order_id for effect in world.effects] == ["shoes"]


def test_an_amendment_parked_with_its_order_wins_whatever_the_order_of_release() -> None:
    worlds = []
    for moved in (HOUR, -HOUR):
        world = World(programs(program()), prove_pure=True)
        buy(world, "o", 10000)
        buy(world, "o", 3000, order_version=2, at=START + moved)
        world.tell("member.joined", at=START - DAY)
        check(world, "m")
        worlds.append(world)
    for world in worlds:
        assert world.account().available == 30
        assert world.account().orders["o"].order_version == 2
        assert not world.account().parked
    outcomes = [decision.outcome.reason for decision in worlds[1].of("m").decisions[-2:]]
    assert outcomes == ["", "overtaken"]


def test_a_parked_return_is_decided_right_after_its_order_before_the_next_one() -> None:
    world = World(
        programs(program(DOLLAR, times("gold", "2", tier=["gold"]), tiers=tiers(("gold", "50.00"))))
    )
    bring_back(world, "o", at=START)
    buy(world, "o", at=START + HOUR)
    buy(world, "next", 1000, at=START + 2 * HOUR)
    world.tell("member.joined", at=START - DAY)
    kinds = [decision.input.kind for decision in world.of("m").decisions if decision.released]
    assert kinds == ["order.refunded", "order.paid", "order.refunded", "order.paid"]
    assert world.account().available == 10, "the tier was lost with the order that had brought it"
    check(world, "m")


def test_a_review_removed_before_it_was_published_and_both_before_joining_earns_nothing() -> None:
    world = World(programs(program(DOLLAR, fixed("review", "review.published", 10))))
    world.tell("review.published", at=START + DAY, review_id="v", sku="s", rating=5)
    world.tell("review.removed", at=START, review_id="v")
    world.tell("member.joined", at=START - DAY)
    assert world.account().available == 0
    assert world.account().reviews["v"].removed
    assert not world.account().parked
    check(world, "m")


@pytest.mark.parametrize("ticked", [False, True])
def test_what_became_of_an_input_does_not_depend_on_what_was_settled_with_it(ticked: bool) -> None:
    world = opened(points={"pending_days": 3}, rewards=[])
    buy(world, "o")
    world.now += 4 * DAY
    if ticked:
        world.tick()
    world.tell("review.published", review_id="v", sku="s", rating=5)
    euro = world.tell(
        "order.paid", order_id="e", currency="EUR", lines=[line(500)], at=world.now + DAY
    )
    assert euro.outcome == ("nothing", "no rule awards it", "", "order:e")
    activity = world.tell("activity.recorded", activity="x")
    assert activity.outcome.outcome == "nothing"
    removed = world.tell("review.removed", review_id="v")
    assert removed.outcome.outcome == "nothing"


def test_outcomes_when_settling_and_deciding_fall_together() -> None:
    reasons = []
    for kind, told in (
        ("activity.recorded", {"activity": "x"}),
        ("order.paid", {"order_id": "e", "currency": "EUR", "lines": [line(500)]}),
        ("review.removed", {"review_id": "v"}),
        (
            "order.paid",
            {"order_id": "o", "currency": "USD", "lines": [line(10000)], "order_version": 2},
        ),
    ):
        world = opened(points={"pending_days": 3})
        buy(world, "o")
        world.tell("review.published", review_id="v", sku="s", rating=5)
        world.now += 4 * DAY
        decision = world.tell(kind, **told)
        assert [row.kind for row in decision.points] == ["activate"]
        reasons.append((decision.outcome.outcome, decision.outcome.reason))
    assert reasons == [
        ("nothing", "no rule awards it"),
        ("nothing", "no rule awards it"),
        ("nothing", "it had earned nothing"),
        ("nothing", "amended, worth the same"),
    ]


@pytest.mark.parametrize("ticks", [(), (1,), (9,), (10, 11), (30,)])
def test_a_new_version_judges_tiers_from_its_own_start_whoever_wakes_the_account(
    ticks: tuple[int, ...],
) -> None:
    start = START + 10 * DAY
    world = World(
        Programs(
            [
                program(tiers=tiers(("gold", "200.00"))),
                program(tiers=tiers(("gold", "50.00")), version=2, **{"from": start.isoformat()}),
            ]
        )
    )
    world.tell("member.joined", at=START - DAY)
    buy(world, "o", at=START)
    assert world.account().tier == "club"
    for days in ticks:
        world.tick(at=START + timedelta(days=days))
    world.tell("member.updated", attributes={}, at=START + 40 * DAY)
    assert world.account().tier == "gold"
    last = world.of("m").tier_events[-1]
    assert (last.tier_from, last.tier_to, last.effective_at) == ("club", "gold", start)
    assert last.program_version == 2
    check(world, "m")


def test_a_version_with_a_longer_window_counts_what_the_shorter_one_had_let_go() -> None:
    start = START.replace(year=2025, month=3)
    world = World(
        Programs(
            [
                program(tiers=tiers(("gold", "50.00"))),
                program(
                    tiers=tiers(("gold", "50.00"), window="rolling_12_months"),
                    version=2,
                    **{"from": start.isoformat()},
                ),
            ]
        )
    )
    world.tell("member.joined", at=START)
    buy(world, "o", at=START.replace(month=12))
    buy(world, "small", 100, at=START.replace(year=2025))
    assert world.account().tier == "club"
    world.tell("member.updated", attributes={}, at=start + DAY)
    assert world.account().tier == "gold"
    check(world, "m")


def test_a_version_without_tiers_leaves_nobody_in_one() -> None:
    start = START + 10 * DAY
    none = program(version=2, **{"from": start.isoformat()})
    world = World(Programs([program(tiers=tiers(("gold", "50.00"))), none]))
    world.tell("member.joined", at=START - DAY)
    buy(world, "o")
    world.tick(at=start)
    assert world.account().tier == ""
    check(world, "m")


def test_a_purchase_that_never_counted_was_told_to_no_referrer() -> None:
    every = {"referral": "every_purchase"}
    each = fixed("each", "referral.completed", 2, to="referrer", when=every)
    world = World(programs(program(DOLLAR, each)))
    world.tell("member.joined", "n", at=START - DAY)
    world.tell("referral.created", at=START, referral_id="f", referrer_id="n")
    world.tell("order.paid", at=START + HOUR, order_id="o", currency="USD", lines=[line(1000)])
    world.tell("member.joined", at=START + 2 * DAY)
    world.tell("order.cancelled", at=START + 9 * DAY, order_id="o")
    assert not world.effects
