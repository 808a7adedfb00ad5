"""What a member is entitled to does not depend on how the topics' events came between each other.

Each topic keeps its own order of business time. Told apart here, because the re-decision of late
inputs comes later: everything lies in one calendar year, so that no tier falls between an order
and a review that overtook it; nobody leaves.
"""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headway.domain.account import Account, Input
from headway.program.program import Programs
from tests.domain import strategies as some
from tests.domain.invariants import check
from tests.domain.programme import lively
from tests.domain.world import DAY, START, World, event

END = START.replace(month=12)
Topic = list[Input]


@st.composite
def topics(draw: st.DrawFn) -> list[Topic]:
    """What each topic holds, in order of business time: members, orders, reviews, referrals."""
    told: list[Topic] = [[], [], [], [], []]
    for number in range(draw(st.integers(2, 10))):
        at = START + timedelta(days=draw(st.integers(0, 250)), hours=number)
        which, kind, data = draw(_events(number))
        told[which].append(event(kind, "m", at, id_=f"{number:03}", data=data))
    joined = START + timedelta(days=draw(st.sampled_from([-1, -1, -1, 60])))
    told[0].append(event("member.joined", "m", joined, id_="join"))
    for topic in told:
        topic.sort(key=lambda item: item.time)
    return told


def _events(number: int) -> st.SearchStrategy[tuple[int, str, dict[str, Any]]]:
    def one(which: int, kind: str, data: st.SearchStrategy[dict[str, Any]]) -> Any:
        return st.tuples(st.just(which), st.just(kind), data)

    referral = some.referrals()
    return st.one_of(
        one(1, "order.paid", some.orders().map(lambda o: o | {"order_version": number + 1})),
        one(1, "order.paid", some.orders().map(lambda o: o | {"order_id": f"{o['order_id']}x"})),
        one(1, "order.refunded", some.refunds().map(lambda r: r | {"refund_id": f"r{number}"})),
        one(1, "order.cancelled", some.order_ids.map(lambda id_: {"order_id": id_})),
        one(2, "review.published", some.reviews()),
        one(2, "review.removed", some.review_ids.map(lambda id_: {"review_id": id_})),
        one(3, "referral.created", referral),
        one(3, "referral.completed", st.builds(
            lambda told, order_id: told | {"order_id": order_id}, referral, some.order_ids)),
        one(4, "activity.recorded", st.just({"activity": "visit"})),
    )  # fmt: skip


def merged(told: list[Topic], turns: list[int]) -> Topic:
    """The topics one into another: each turn takes the next event of some topic."""
    waiting = [list(topic) for topic in told if topic]
    merged_: Topic = []
    for turn in turns:
        if waiting:
            topic = waiting[turn % len(waiting)]
            merged_.append(topic.pop(0))
            waiting = [topic for topic in waiting if topic]
    return merged_ + [item for topic in waiting for item in topic]


def live(programs: Programs, story: Topic) -> World:
    """The whole story, settled to the same end."""
    world = World(programs, at=END)
    for item in story:
        world.decide("m", item)
    world.decide("m", event("member.updated", "m", END, id_="end", data={"attributes": {}}))
    check(world, "m")
    return world


def entitlements(account: Account) -> dict[str, Any]:
    """All that is promised: points, by award what still stands of it, tier and remainders."""
    standing: dict[tuple[str, str, str], int] = {}
    for lot in account.lots.values():
        award = lot.award.partition(":")[0] if lot.award.startswith("activity") else lot.award
        key = (award, lot.line_id, lot.rule)
        standing[key] = standing.get(key, 0) + lot.exact - lot.exact_returned
    return {
        "points": account.pending + account.available + account.reserved + account.owed,
        "standing": {key: exact for key, exact in standing.items() if exact},
        "tier": account.tier,
        "remainders": {rule: exact for rule, exact in account.remainders.items() if exact},
        "spend": {d: spent for d, spent in account.measures.get("spend", {}).items() if spent},
        "lines": account.lines,
        "waiting": sorted(waiting.waits_for for waiting in account.parked),
    }


def worth(world: World) -> dict[tuple[str, str], int]:
    """What the member's referral is worth to the referrer in the end."""
    told = {}
    for effect in sorted(world.effects, key=lambda effect: effect.revision):
        told[effect.referral_id, effect.rule] = 0 if effect.undone_at else effect.worth
    return {key: worth for key, worth in told.items() if worth}


@some.examples(80)
@given(
    told=topics(),
    turns=st.tuples(
        st.lists(st.integers(0, 4), max_size=11), st.lists(st.integers(0, 4), max_size=11)
    ),
    pending=st.sampled_from([0, 3, 100]),
)
def test_any_interleaving_of_the_topics_gives_the_same(
    told: list[Topic], turns: tuple[list[int], list[int]], pending: int
) -> None:
    programs = Programs([lively(pending_days=pending)])
    first, second = (live(programs, merged(told, some_turns)) for some_turns in turns)
    assert entitlements(first.account("m")) == entitlements(second.account("m"))
    assert worth(first) == worth(second)
    conflicts = [sorted(item.id for item, _ in world.poison) for world in (first, second)]
    assert conflicts[0] == conflicts[1]


def test_the_stories_told_are_worth_telling() -> None:
    """Not everything drawn ends in nothing: orders earn, are returned and complete a referral."""
    joined = event("member.joined", "m", START - DAY, id_="join")
    line = {"line_id": "1", "sku": "s", "quantity": 1, "amount": 4000}
    order = {"order_id": "o", "currency": "USD", "lines": [line]}
    bought = event("order.paid", "m", START, id_="1", data=order)
    referred = event(
        "referral.created", "m", START - DAY, id_="2",
        data={"referral_id": "f", "referrer_id": "other"},
    )  # fmt: skip
    world = live(Programs([lively()]), [joined, bought, referred])
    told = entitlements(world.account("m"))
    assert told["points"] == 5 + 40 * 3 // 7 + 7
    assert worth(world) == {("f", "referrer"): 9_000_000}
