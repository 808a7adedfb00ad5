"""Complaints about points that came twice because the same thing was told twice."""

from datetime import datetime
from itertools import permutations
from typing import Any

import pytest

from tests.domain.programme import DOLLAR, fixed, program, programs
from tests.domain.shop import Shop
from tests.domain.world import DAY, START, World, event, line

FIRST = fixed("first", "order.paid", 100, when={"purchase": "first"})


def test_compressor_1476_a_replay_of_order_created_awards_nothing_again() -> None:
    """Points were awarded again on every replay; the mend was a unique key per order."""
    shop = Shop()
    shop.buy("o", ("shoes", 5000))
    for _ in range(3):
        assert shop.buy("o", ("shoes", 5000)) == "nothing: already paid"
    assert shop.points == 50
    assert len(shop.world.of("m").rows) == 1


def test_compressor_1476_a_replay_from_the_start_decides_the_same_once_more() -> None:
    told: list[tuple[str, datetime, dict[str, Any]]] = [
        ("member.joined", START, {}),
        ("order.paid", START + DAY, {"order_id": "o", "currency": "USD", "lines": [line(5000)]}),
        ("review.published", START + 2 * DAY, {"review_id": "v", "sku": "s", "rating": 5}),
    ]
    world = World(programs(program(DOLLAR, FIRST, fixed("review", "review.published", 10))))
    for attempt in range(2):
        for number, (kind, at, data) in enumerate(told):
            world.decide("m", event(kind, "m", at, id_=f"{attempt}-{number}", data=data))
    assert world.account().available == 160


def test_compressor_1476_a_replay_that_comes_out_of_order_too() -> None:
    orders = [("a", START + DAY, 3000), ("b", START + 2 * DAY, 2000), ("a", START + DAY, 3000)]
    for turn in permutations(orders):
        world = World(programs(program(DOLLAR, FIRST)), prove_pure=True)
        world.tell("member.joined", at=START)
        for order_id, at, cents in turn:
            world.tell("order.paid", at=at, order_id=order_id, currency="USD", lines=[line(cents)])
        assert world.account().available == 150, turn


@pytest.mark.parametrize(
    ("kind", "told", "said"),
    [
        ("member.joined", {}, "nothing: already joined"),
        (
            "review.published",
            {"review_id": "v", "sku": "s", "rating": 5},
            "nothing: already published",
        ),
        (
            "membership.started",
            {"membership_id": "p", "plan": "plan"},
            "nothing: already started",
        ),
    ],
)
def test_nothing_else_earns_twice_either(kind: str, told: dict[str, object], said: str) -> None:
    plan = {"id": "plan", "name": "Plan", "months": 1, "price": "5.00 USD"}
    rules = fixed("welcome", "member.joined", 5), fixed("review", "review.published", 10)
    shop = Shop(program(DOLLAR, *rules, membership={"plans": [plan]}))
    if kind != "member.joined":
        assert shop.tell(kind, **told) == "applied"
    points = shop.points
    assert shop.tell(kind, **told) == said
    assert shop.points == points
