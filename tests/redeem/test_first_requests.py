"""The first requests that a process gets: all at once, before it knows the programme."""

import asyncio

from tests.redeem.kit import open_shop


async def test_all_of_them_are_served(database: str) -> None:
    members = [f"member-{number}" for number in range(8)]
    async with open_shop(database) as shop:
        for member in members:
            await shop.member_with(500, member)
    async with open_shop(database) as shop:  # a process that has just started
        await asyncio.gather(*(shop.pool.execute("select pg_sleep(0.1)") for _ in members))
        answers = await asyncio.gather(*(shop.reserve(member, "five") for member in members))
    assert [answer.status_code for answer in answers] == [201] * len(members)
