"""A year of a shoe shop whose every month can be added up by hand, recorded as it happened."""

from headway.ledger.programs import publish
from tests.ledger.factory import SHOES, Shop, open_shop, redemption_of
from tests.ledger.tampering import tamper

FORGIVING = (
    SHOES.replace("1990-01-01T00:00:00Z", "2024-06-01T00:00:00Z")
    .replace("allow_negative", "within_balance")
)  # fmt: skip

AS_IT_HAPPENED = (
    "update points_events e set recorded_at = i.business_time from inputs i"
    " where i.account_id = e.account_id and i.n = e.cause"
)
"""Moves the time of recording of every row to that of the event, command or job behind it."""


async def tell_a_year(dsn: str) -> None:
    """Day 0 is the 1st of March 2024; times are New York's.

    March: ann and bob join (20 each); ann buys for $150. April: ann redeems 100 (20 of the
    welcome, 80 of the order) and cancels the order: 70 are there, 80 are owed. May: ann's review
    gives 10, which go towards what is owed. June, under a policy that forgives: bob buys for $90,
    redeems 100 (20 + 80) and cancels: 10 are there, 80 are waived. July: bob's redemption is
    reversed: 20 come back, and 80 that had been waived go. bob's 20 expire with April 2025, which
    a job notices in July.
    """
    await publish(dsn, SHOES)
    async with open_shop(dsn, FORGIVING) as shop:
        await shop.happens("member.joined", "ann", 0)
        await shop.happens("member.joined", "bob", 0)
        await _buys(shop, "ann", "a1", 1, 15000)
        await shop.settles(40)
        taken = redemption_of(await shop.reserves("ann", "five", "k1", 41))
        await shop.steps("confirm", taken, "k2", 41)
        await shop.happens("order.cancelled", "ann", 45, order_id="a1")
        await shop.happens("review.published", "ann", 65, review_id="v1", sku="s", rating=5)
        await _buys(shop, "bob", "b1", 95, 9000)
        await shop.settles(115)
        taken = redemption_of(await shop.reserves("bob", "five", "k3", 116))
        await shop.steps("confirm", taken, "k4", 116)
        await shop.happens("order.cancelled", "bob", 117, order_id="b1")
        await shop.steps("reverse", taken, "k5", 125)
        await shop.settles(500)
    await tamper(dsn, AS_IT_HAPPENED, rehash=True)


async def _buys(shop: Shop, member_id: str, order_id: str, day: float, amount: int) -> None:
    line = {"line_id": "1", "sku": "s", "category": "sneakers", "quantity": 1, "amount": amount}
    await shop.happens(
        "order.paid", member_id, day, order_id=order_id, currency="USD", lines=[line]
    )
