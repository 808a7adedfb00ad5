"""What a year of late, returned and repeated events brought to light."""

from headway.domain.membership import refund_due
from tests.domain.programme import DOLLAR, fixed, program, programs, tiers
from tests.domain.world import DAY, HOUR, START, World, line


def test_a_tier_by_points_rises_with_a_birthday_gift() -> None:
    by_points = tiers(("gold", "50")) | {"measure": "points"}
    world = World(programs(program(fixed("gift", "birthday", 50), tiers=by_points)))
    world.tell("member.joined")
    world.tell("member.updated", attributes={"birthday": "02-01"}, at=START + HOUR)
    world.tick(at=START + 60 * DAY)
    assert world.account().tier == "gold"


def test_the_return_of_a_purchase_that_no_invitation_goes_by_tells_nobody() -> None:
    every = fixed("every", "referral.completed", 2, to="referrer")
    every["when"] = {"referral": "every_purchase"}
    world = World(programs(program(DOLLAR, every, referrals={"minimum_order": "25.00"})))
    world.tell("member.joined")
    world.tell("referral.created", referral_id="r", referrer_id="other", at=START + HOUR)
    told = START + DAY
    world.tell("order.paid", at=told, order_id="a", currency="USD", lines=[line(1000)])
    world.tell("order.cancelled", at=START + 2 * DAY, order_id="a")
    assert world.effects == []


def test_an_early_renewal_keeps_what_was_paid_and_used() -> None:
    plan = {"id": "p", "name": "P", "months": 12, "price": "100.00 USD"}
    one = program(membership={"plans": [plan], "refund": {"unused": "full", "used": "none"}})
    world = World(programs(one))
    world.tell("member.joined")
    world.tell("membership.started", membership_id="m", plan="p", at=START + HOUR)
    world.tell("membership.renewed", membership_id="m", at=START + 30 * DAY)
    membership = world.account().membership
    assert membership is not None
    assert refund_due(one, membership, START + 31 * DAY) == 20_000
    assert membership.from_at == START + HOUR
