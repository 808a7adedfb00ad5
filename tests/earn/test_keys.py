"""Business keys: whose an order, a refund, a review or a referral is, and who comes second."""

from typing import Any

from tests.earn.kit import DAY, HOUR, START, Topics, earning


async def test_a_parked_referral_is_its_friends_whoever_joins_meanwhile(database: str) -> None:
    topics = Topics()
    async with earning(database) as earn:
        referred: dict[str, Any] = {"referral_id": "f", "referrer_id": "other"}
        await earn.apply(topics.tell("referral.created", "late", **referred))
        await earn.apply(topics.join("m"), topics.tell("referral.created", "m", **referred))
        await earn.apply(topics.join("late"))
        assert await earn.outcomes() == [
            ("referral.created", "applied", ""),
            ("member.joined", "applied", ""),
            ("member.joined", "applied", ""),
        ]
        assert await earn.letters() == [("conflict", "data.referral_id")]
        assert await earn.rows("select account_id, referral_id from referees") == [(1, "f")]
        assert await earn.rows("select * from parked") == []


async def test_an_amendment_in_the_batch_of_its_order_reaches_points_of_earlier_ones(
    database: str,
) -> None:
    topics = Topics()
    one_every_ten = """
name: Test
zone: UTC
from: 1990-01-01T00:00:00Z
currency: USD
rules: [{id: base, on: order.paid, award: {per_money: {points: 1, every: "10.00"}}}]
"""
    async with earning(database, program=one_every_ten) as earn:
        await earn.apply(topics.join())
        await earn.apply(topics.buy("a", 4000))
        # 0.5 + 0.5 make a point; it stands on the second order, and the first is taken back.
        await earn.apply(
            topics.buy("b", 500, at=START + HOUR),
            topics.buy("c", 500, at=START + 2 * HOUR),
            topics.buy("d", 500, at=START + 3 * HOUR),
            topics.buy("d", 0, at=START + DAY, order_version=2),
            topics.buy("b", 0, at=START + DAY, order_version=2),
        )
        account = await earn.account()
        assert (account["available"], account["owed"]) == (4, 0)
