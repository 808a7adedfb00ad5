"""Every pair of event types for one member, in both orders of arrival and of business time."""

from datetime import datetime
from itertools import combinations_with_replacement
from typing import Any

import pytest

from headway.domain.account import Input
from headway.program.program import Programs
from tests.domain.invariants import check
from tests.domain.programme import lively
from tests.domain.test_interleaving import END, entitlements, worth
from tests.domain.world import DAY, HOUR, START, World, event, line

ORDER: dict[str, Any] = {"order_id": "o", "currency": "USD", "lines": [line(1000, quantity=2)]}
REFERRAL: dict[str, Any] = {"referral_id": "f", "referrer_id": "other"}
EFFECT: dict[str, Any] = {
    "referral_id": "g", "rule": "referrer", "worth": 9_000_000, "program_version": 1,
    "order_id": "theirs", "revision": 1, "earned_at": START, "since": START,
}  # fmt: skip
TOLD: dict[str, dict[str, Any]] = {
    "order.paid": ORDER,
    "order.refunded": {
        "refund_id": "r", "order_id": "o", "lines": [{"line_id": "1", "quantity": 1}]
    },
    "order.refund_failed": {"refund_id": "r", "order_id": "o"},
    "order.cancelled": {"order_id": "o"},
    "order.fulfilled": {"order_id": "o"},
    "referral.created": REFERRAL,
    "referral.completed": {**REFERRAL, "order_id": "o"},
    "review.published": {"review_id": "v", "sku": "s", "rating": 4},
    "review.removed": {"review_id": "v"},
    "member.joined": {},
    "member.updated": {"attributes": {"birthday": "02-29"}},
    "member.left": {},
    "membership.started": {"membership_id": "p", "plan": "plus"},
    "membership.renewed": {"membership_id": "p"},
    "membership.cancelled": {"membership_id": "p"},
    "activity.recorded": {"activity": "visit"},
    "effect": EFFECT,
}  # fmt: skip
"""Every type that sources send, and effects."""

KINDS = list(TOLD)
BEFORE: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "joined": [],
    "with an order": [("order.paid", ORDER)],
    "with a review and a referral": [
        ("review.published", TOLD["review.published"]), ("referral.created", REFERRAL),
    ],
    "with an order and a referral": [("referral.created", REFERRAL), ("order.paid", ORDER)],
}  # fmt: skip


def happened(kind: str, at: datetime, id_: str) -> Input:
    """The event of that type."""
    source = "headway/earn" if kind == "effect" else "test"
    told = TOLD[kind] | ({"earned_at": at, "since": at} if kind == "effect" else {})
    return event(kind, "m", at, id_=id_, source=source, data=told)


def live(before: list[tuple[str, dict[str, Any]]], pair: list[Input]) -> World:
    """A member for whom that happened, then the pair as it arrives, settled to the same end."""
    world = World(Programs([lively()]), at=START, prove_pure=True)
    kinds = {item.kind for item in pair}
    if "member.joined" not in kinds:
        world.tell("member.joined", at=START - 9 * DAY)
    for number, (kind, told) in enumerate(before):
        world.tell(kind, at=START - (5 - number) * DAY, **told)
    for item in pair:
        world.decide("m", item)
        check(world, "m")
    world.decide("m", event("member.updated", "m", END, id_="end", data={"attributes": {}}))
    check(world, "m")
    return world


def outcome(world: World) -> dict[str, Any]:
    """What both arrivals must agree on."""
    account = world.account("m")
    return entitlements(account) | {
        "buckets": (account.pending, account.available, account.owed),
        "worth": worth(world),
        "joined": account.joined_at,
        "left": account.left_at,
        "reviews": {id_: review.removed for id_, review in account.reviews.items()},
        "refused": len(world.poison),
    }


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize(("one", "other"), list(combinations_with_replacement(KINDS, 2)))
def test_a_pair_in_both_orders(one: str, other: str, before: str) -> None:
    for first, second in {(one, other), (other, one)}:
        earlier = happened(first, START + HOUR, "1")
        later = happened(second, START + DAY, "2")
        in_order = outcome(live(BEFORE[before], [earlier, later]))
        overtaken = outcome(live(BEFORE[before], [later, earlier]))
        assert overtaken == in_order, f"{first}, then {second}, which arrived first"


def test_the_types_are_all_there_are() -> None:
    from headway.contracts.registry import CONTRACTS
    from headway.contracts.topics import EARN_INPUTS

    assert {name for name, told in CONTRACTS.items() if told.topic in EARN_INPUTS} == set(KINDS)
