"""Reservations that nobody confirmed: their points come back by themselves, once."""

import asyncio
from datetime import timedelta

import orjson

from tests.redeem.kit import JOINED, Shop

LATE = "update redemptions set held_until = clock_timestamp() - interval '1 second'"


async def test_a_late_reservation_is_released(shop: Shop) -> None:
    ann = await shop.member_with(250)
    id_ = await shop.reserved(ann, "ten")
    kept = await shop.reserved(await shop.member_with(250, "bob"), "five")
    await shop.pool.execute(f"{LATE} where redemption_id = $1", id_)
    await shop.pool.execute("delete from outbox")

    assert await shop.sweeper().run_once() == 1
    assert await shop.sweeper().run_once() == 0

    assert await shop.balances(ann) == (0, 250, 0, 0)
    assert (await shop.client.get(f"/v1/redemptions/{id_}")).json()["state"] == "timed_out"
    assert (await shop.client.get(f"/v1/redemptions/{kept}")).json()["state"] == "reserved"
    rows = await shop.pool.fetch("select value from outbox")
    cause = orjson.loads(rows[0]["value"])["data"]["cause"]
    assert (cause["source"], cause["id"]) == ("headway/jobs", f"timeout:{id_}")
    assert (cause["kind"], cause["time"]) == ("timeout", "2025-03-02T12:00:00Z")
    refused = await shop.step(id_, "confirm")
    assert (refused.status_code, refused.json()["state"]) == (409, "timed_out")


async def test_held_until_is_the_hold_after_now_by_the_servers_clock(shop: Shop) -> None:
    ann = await shop.member_with(250)
    id_ = await shop.reserved(ann, "ten")
    left = await shop.pool.fetchval(
        "select held_until - clock_timestamp() from redemptions where redemption_id = $1", id_
    )
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    assert await shop.sweeper().run_once() == 0


async def test_points_that_expired_while_held_expire_when_released(shop: Shop) -> None:
    ann = await shop.member_with(120)
    await shop.reserved(ann, "five")
    await shop.pool.execute(LATE)
    shop.clock.move_to(JOINED + timedelta(days=900))
    assert await shop.sweeper().run_once() == 1
    assert await shop.balances(ann) == (0, 0, 0, 0)


async def test_sweepers_share_the_work_and_do_it_once(shop: Shop) -> None:
    members = [await shop.member_with(450, f"m{i}") for i in range(6)]
    for member in members:
        await shop.reserved(member, "five")
        await shop.reserved(member, "ten")
    await shop.pool.execute(LATE)

    sweepers = [shop.sweeper() for _ in range(4)]
    async with asyncio.timeout(30):
        while await shop.pool.fetchval("select count(*) from redemptions where state = 'reserved'"):
            await asyncio.gather(*(sweeper.run_once() for sweeper in sweepers))

    assert [await shop.balances(member) for member in members] == [(0, 450, 0, 0)] * 6
    inputs = "select count(*) from inputs where kind = 'redemption.timeout' and outcome = 'applied'"
    assert await shop.pool.fetchval(inputs) == 12


async def test_an_account_in_use_is_left_for_the_next_turn(shop: Shop) -> None:
    ann = await shop.member_with(250)
    await shop.reserved(ann, "ten")
    await shop.pool.execute(LATE)
    async with shop.pool.acquire() as other, other.transaction():
        await other.execute("select 1 from accounts for update")
        assert await shop.sweeper().run_once() == 0
    assert await shop.sweeper().run_once() == 1


async def test_a_broken_account_is_held_and_the_others_go_on(breakable: Shop) -> None:
    ann, bob = await breakable.member_with(250), await breakable.member_with(250, "bob")
    for member in (ann, bob):
        await breakable.reserved(member, "ten")
    await breakable.pool.execute(LATE)
    await breakable.pool.execute(
        "update lots set reserved = 0 from accounts a"
        " where a.account_id = lots.account_id and a.member_id = 'ann'"
    )

    assert await breakable.sweeper().run_once() == 2
    assert await breakable.sweeper().run_once() == 0

    assert await breakable.balances(bob) == (0, 250, 0, 0)
    held = await breakable.pool.fetchval("select held from accounts where member_id = 'ann'")
    assert held.startswith("InvariantViolated: lot ")
    assert (
        await breakable.pool.fetchval("select held from accounts where member_id = 'bob'") is None
    )
