"""What a member is entitled to is a function of the set of their inputs, whatever the order of
delivery, the repeats and what else happens meanwhile."""

import random
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headway.domain.account import Input
from headway.program.program import Program, Programs
from tests.domain import strategies as some
from tests.domain.invariants import check, standing
from tests.domain.programme import SEVENTHS, fixed, program, reward, tiers, times
from tests.domain.world import START, World, effect_input, event

END = START + timedelta(days=900)
WEEK = {"points": 40, "times": 3, "per": "week"}
MEASURES: list[Any] = ["spend", "points", "orders", {"activity": "visit"}]
WINDOWS: list[dict[str, Any]] = [
    {"window": "calendar_year"},
    {"window": "calendar_year", "keep": "end_of_next_period", "downgrade": "one_step"},
    {"window": "membership_year", "entry": "next_period", "grace_days": 20},
    {"window": "rolling_12_months", "keep": {"months": 3}, "grace_days": 5},
    {"window": "lifetime"},
]


def rich(measure: Any, window: dict[str, Any], attribution: str, clawback: str) -> Program:
    """A programme in which nearly everything hangs on what came before."""
    by_count = {"orders": ("2", "4"), "points": ("30", "90"), "spend": ("30.00", "90.00")}
    gold, elite = ("2", "5") if isinstance(measure, dict) else by_count[measure]
    ladder = tiers(("gold", gold), ("elite", elite)) | {"measure": measure} | window
    return program(
        SEVENTHS,
        fixed("first", "order.paid", 11, when={"purchase": "first"}),
        fixed("third", "order.paid", 5, when={"purchase": {"every": 3}}),
        {**times("boots", "1.5", "category", category=["boots"]), "cap": WEEK},
        times("gold", "1.25", "tier", tier=["gold"]),
        times("elite", "2", "tier", tier=["elite"]),
        {"id": "pieces", "on": "order.paid", "award": {"per_item": 2}, "group": "extra",
         "cap": {"points": 9, "per": "month"}},
        {"id": "half", "on": "order.paid", "award": {"percent": "0.5"}, "group": "extra",
         "round": "nearest"},
        fixed("welcome", "member.joined", 5),
        fixed("review", "review.published", 10, cap={"times": 1, "per": "month"}),
        fixed("visit", "activity.recorded", 3, when={"activity": "visit"}, cap=WEEK),
        fixed("birthday", "birthday", 8, when={"tier": ["gold", "elite"]}),
        fixed("plus", "order.paid", 4, when={"membership": "plus"}),
        fixed("friend", "referral.completed", 7, to="friend", pending_days=2),
        fixed("referrer", "referral.completed", 9, to="referrer", cap={"times": 1, "per": "week"}),
        fixed("each", "referral.completed", 2, to="referrer", when={"referral": "every_purchase"}),
        fixed("signup", "referral.completed", 1, to="friend", when={"referral": "signup"}),
        points={
            "pending": {"until": "order.fulfilled", "days": 2}, "clawback": clawback,
            "expiry": {"months": 24}, "attribution": attribution, "before_joining_days": 1,
        },
        tiers=ladder,
        membership={"plans": [{"id": "plus", "name": "Plus", "months": 2, "price": "5.00 USD"}]},
        rewards=[reward("small", 4, "1.00 USD")],
    )  # fmt: skip


SIMPLE: list[tuple[str, dict[str, Any]]] = [
    ("activity.recorded", {"activity": "visit", "quantity": 2}),
    ("order.fulfilled", {"order_id": "o1"}),
    ("order.fulfilled", {"order_id": "o2"}),
    ("order.cancelled", {"order_id": "o1"}),
    ("order.cancelled", {"order_id": "m-1"}),
    ("order.refund_failed", {"refund_id": "r1"}),
    ("member.updated", {"attributes": {"birthday": "03-01"}}),
    ("member.left", {}),
    ("review.removed", {"review_id": "v1"}),
    ("membership.started", {"membership_id": "p", "plan": "plus"}),
    ("membership.renewed", {"membership_id": "p"}),
    ("membership.cancelled", {"membership_id": "p"}),
    ("referral.created", {"referral_id": "f", "referrer_id": "n"}),
    ("referral.created", {"referral_id": "f", "referrer_id": "n"}),
    ("referral.completed", {"referral_id": "f", "referrer_id": "n", "order_id": "o1"}),
]


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[str, Input]]:
    """Inputs of a member and of the one who referred them; keys are used once, save by orders."""
    told: list[tuple[str, Input]] = []
    used: set[tuple[str, str]] = set()
    versions: dict[str, int] = {}
    for number in range(draw(st.integers(3, 14))):
        member = draw(st.sampled_from(["m", "m", "m", "n"]))
        at = START + timedelta(
            days=draw(st.sampled_from([0, 1, 2, 3, 5, 8, 30, 60, 200, 370, 400])),
            hours=draw(st.integers(0, 5)),
        )
        kind, data = draw(_things())
        data = _of(member, data)
        if kind == "order.paid":
            versions[data["order_id"]] = versions.get(data["order_id"], 0) + 1
            data |= {"order_version": versions[data["order_id"]], "currency": "USD"}
        for key in ("refund_id", "review_id"):
            if kind in ("order.refunded", "review.published"):
                if (kind, data.get(key, "")) in used:
                    break
                used.add((kind, data.get(key, "")))
        else:
            told.append((member, event(kind, member, at, id_=f"{number:03}", data=data)))
    for member in ("m", "n"):
        joined = START + timedelta(days=draw(st.sampled_from([-2, 0, 2])))
        told.append((member, event("member.joined", member, joined, id_=f"join-{member}")))
    return told


def _of(member: str, data: dict[str, Any]) -> dict[str, Any]:
    """The other member's orders, refunds and reviews have other names."""
    if member == "m":
        return dict(data)
    named = {key: f"{member}-{data[key]}" for key in ("order_id", "refund_id", "review_id")
             if data.get(key)}  # fmt: skip
    other = {"referral_id": "g", "referrer_id": "m"} if "referral_id" in data else {}
    return {**data, **named, **other}


def _things() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    return st.one_of(
        st.tuples(st.just("order.paid"), some.orders()),
        st.tuples(st.just("order.paid"), some.orders()),
        st.tuples(st.just("order.refunded"), some.refunds()),
        st.tuples(st.just("review.published"), some.reviews()),
        st.sampled_from(SIMPLE),
    )


def live(programs: Programs, story: list[tuple[str, Input]], seed: int, busy: bool) -> World:
    """The story in that order, each member settled to the same end; with `busy`, jobs run and
    points are spent meanwhile. Effects arrive whenever they may."""
    dice = random.Random(seed)
    world = World(programs, at=END)
    for member, item in story:
        world.decide(member, item)
        if world.effects and dice.random() < 0.5:
            effect = world.effects.pop(dice.randrange(len(world.effects)))
            world.decide(effect.member_id, effect_input(effect))
        if busy and dice.random() < 0.4:
            _meanwhile(world, member, dice)
    while world.effects:
        effect = world.effects.pop(dice.randrange(len(world.effects)))
        world.decide(effect.member_id, effect_input(effect))
    for member in ("m", "n"):
        end = event("member.updated", member, END, id_="zzz", data={"attributes": {}})
        world.decide(member, end)
        check(world, member)
    return world


def _meanwhile(world: World, member: str, dice: random.Random) -> None:
    account = world.account(member)
    if account.time is None:
        return
    world.tick(member, at=account.time + timedelta(days=dice.choice([0, 1, 40])))
    name = f"r{world.told}-{len(world.redemptions)}"
    if world.reserve(name, "small", member).outcome.outcome == "applied" and dice.random() < 0.7:
        world.step("confirm", name)


def entitled(world: World, member: str) -> dict[str, Any]:
    """All that is promised."""
    account = world.account(member)
    found: dict[Any, int] = {}
    for (award, line_id, rule), exact in standing(account).items():
        key = (award.partition(":")[0] if award.startswith("activity") else award, line_id, rule)
        found[key] = found.get(key, 0) + exact
    return {
        "standing": found,
        "remainders": {rule: left for rule, left in account.remainders.items() if left},
        "tier": account.tier,
        "membership": account.membership,
        "joined": account.joined_at,
    }


def balances(world: World, member: str) -> tuple[int, ...]:
    """What there is to spend."""
    account = world.account(member)
    return account.pending, account.available, account.reserved, account.owed


@some.examples(120)
@given(
    story=stories(),
    orders=st.tuples(st.randoms(use_true_random=False), st.randoms(use_true_random=False)),
    measure=st.sampled_from(MEASURES),
    window=st.sampled_from(WINDOWS),
    attribution=st.sampled_from(["per_line", "by_money", "recompute"]),
    clawback=st.sampled_from(some.POLICIES),
    busy=st.booleans(),
)
def test_any_order_of_delivery_gives_the_same(
    story: list[tuple[str, Input]],
    orders: tuple[random.Random, random.Random],
    measure: Any,
    window: dict[str, Any],
    attribution: str,
    clawback: str,
    busy: bool,
) -> None:
    programs = Programs([rich(measure, window, attribution, clawback)])
    told = sorted(story, key=lambda entry: (entry[1].time, entry[1].source, entry[1].id))
    straight = live(programs, told, 0, busy=False)
    for number, order in enumerate(orders):
        shuffled = list(story)
        order.shuffle(shuffled)
        other = live(programs, shuffled, number, busy)
        for member in ("m", "n"):
            assert entitled(other, member) == entitled(straight, member)
            if not busy and clawback == "allow_negative" and _nothing_expired(other, straight):
                assert balances(other, member) == balances(straight, member)


def _nothing_expired(*worlds: World) -> bool:
    return not any(
        row.kind == "expire" for world in worlds for name in world.books
        for row in world.of(name).rows
    )  # fmt: skip
