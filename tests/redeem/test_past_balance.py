"""The balance as of a past recorded moment."""

from datetime import timedelta

from tests.redeem.kit import JOINED, Shop
from tests.redeem.seeing import busy, compare, get, published


async def test_a_past_balance_is_what_was_published_then(shop: Shop) -> None:
    ann = await busy(shop)
    await shop.buys("bob", "too-early", 40, JOINED + timedelta(days=2))
    await shop.tell("member.joined", "bob", JOINED)
    for member in (ann, "bob"):
        mine = [one for one in await published(shop) if one[1]["member_id"] == member]
        assert [data["version"] for _, data in mine] == list(range(1, len(mine) + 1))
        for place, (recorded, data) in enumerate(mine):
            if place + 1 == len(mine) or mine[place + 1][0] > recorded:
                await compare(shop, member, recorded, data)
        await compare(shop, member, mine[0][0] - timedelta(microseconds=1), None)


async def test_a_moment_before_this_life_of_the_ledger_names_no_epoch(shop: Shop) -> None:
    ann = await shop.member_with(50)
    async with shop.pool.acquire() as connection:
        at = await connection.fetchval("select clock_timestamp()")
        await connection.execute(
            "update ledger_epoch set epoch = 7, since = $1", at + timedelta(microseconds=1)
        )
    then = await get(shop, f"{ann}/balance", at=at.isoformat())
    assert (then["epoch"], then["balances"]["pending"]) == (None, 30)
    now = await shop.pool.fetchval("select clock_timestamp()")
    assert (await get(shop, f"{ann}/balance", at=now.isoformat()))["epoch"] == 7
