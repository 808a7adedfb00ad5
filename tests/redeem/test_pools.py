"""Household pools: who is in one, who may spend, and what becomes of everybody's points."""

import asyncio
from datetime import timedelta

import asyncpg
import httpx
import pytest

from headway.access.scopes import Scope
from headway.cli.output import snapshot
from headway.ledger.verify import verify
from tests.ledger.tampering import tamper
from tests.redeem.kit import LATER, SHARING, Json, Shop, open_shop

ANN, BOB, CID = "ann", "bob", "cid"


async def act(shop: Shop, pool: str, how: str, member: str, **more: object) -> httpx.Response:
    return await shop.post(f"/v1/pools/{pool}/{how}", {"member_id": member, **more})


async def created(shop: Shop, owner: str = ANN) -> str:
    answer = await shop.post("/v1/pools", {"member_id": owner})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["pool_id"])


async def joins(shop: Shop, pool: str, member: str, *, may_spend: bool = False) -> None:
    asked = await act(shop, pool, "invite", ANN, invited_id=member, may_spend=may_spend)
    assert asked.status_code == 200, asked.text
    joined = await act(shop, pool, "accept", member)
    assert joined.status_code == 200, joined.text


async def household_of(shop: Shop, *points: int) -> str:
    """ann, bob and cid with so many points each, all of whom may spend."""
    for name, each in zip((ANN, BOB, CID), points, strict=False):
        await shop.member_with(each, name)
    pool = await created(shop)
    for name in (BOB, CID)[: len(points) - 1]:
        await joins(shop, pool, name, may_spend=True)
    return pool


def problem(answer: httpx.Response) -> str:
    return str(answer.json().get("type", answer.status_code)).removeprefix("/problems/")


async def available(shop: Shop) -> list[int]:
    return [(await shop.balances(name))[1] for name in (ANN, BOB, CID)]


async def test_a_household_comes_together(household: Shop) -> None:
    for name, points in ((ANN, 120), (BOB, 60), (CID, 20)):
        await household.member_with(points, name)
    pool = await created(household)
    await act(household, pool, "invite", ANN, invited_id=BOB)
    waiting: Json = (await household.client.get(f"/v1/members/{BOB}/pool")).json()
    assert waiting["pool"] is None
    assert [(one["pool_id"], one["owner_id"]) for one in waiting["invitations"]] == [(pool, ANN)]
    shown = (await act(household, pool, "accept", BOB)).json()
    assert (shown["available"], shown["state"]) == (180, "open")
    members = [list(member.values())[:5] for member in shown["members"]]
    assert members == [[ANN, "owner", "joined", True, 120], [BOB, "member", "joined", False, 60]]
    assert (await household.client.get(f"/v1/pools/{pool}")).json() == shown
    assert (await household.client.get(f"/v1/members/{BOB}/pool")).json()["pool"] == shown
    await act(household, pool, "spending", ANN, of_member_id=BOB, may_spend=True)
    assert (await act(household, pool, "leave", BOB)).json()["available"] == 120
    assert (await household.client.get(f"/v1/members/{BOB}/pool")).json()["pool"] is None
    await joins(household, pool, BOB)
    assert (await act(household, pool, "dissolve", ANN)).json() == {
        "pool_id": pool, "state": "dissolved", "available": 0, "members": [],
    }  # fmt: skip
    assert await available(household) == [120, 60, 20], "everybody keeps what is their own"
    log = await household.pool.fetch("select act, by_member from pool_events order by entry")
    assert [row["act"] for row in log] == [
        "create", "invite", "accept", "allow_spending", "leave", "invite", "accept", "dissolve",
    ]  # fmt: skip
    await created(household, BOB)


async def test_what_a_household_may_not(household: Shop) -> None:
    for name in (ANN, BOB, CID, "dan"):
        await household.member_with(20, name)
    pool, other = await created(household), await created(household, "dan")
    assert problem(await household.post("/v1/pools", {"member_id": ANN})) == "already-in-pool"
    assert problem(await household.post("/v1/pools", {"member_id": "eve"})) == "unknown-member"
    assert problem(await act(household, pool, "accept", BOB)) == "unknown-pool"
    assert problem(await act(household, pool, "leave", ANN)) == "owner-stays"
    assert problem(await act(household, pool, "invite", ANN, invited_id="eve")) == "unknown-member"
    await act(household, pool, "invite", ANN, invited_id=BOB)
    assert problem(await act(household, pool, "invite", BOB, invited_id=CID)) == "not-the-owner"
    assert problem(await act(household, pool, "leave", BOB)) == "not-a-pool-member"
    assert (await act(household, pool, "decline", BOB)).status_code == 200
    await joins(household, pool, BOB)
    assert problem(await act(household, pool, "accept", BOB)) == "not-invited"
    assert problem(await act(household, pool, "decline", BOB)) == "not-invited"
    for how in ("spending", "dissolve"):
        more: Json = {"of_member_id": BOB, "may_spend": True} if how == "spending" else {}
        assert problem(await act(household, pool, how, BOB, **more)) == "not-the-owner"
    stays = await act(household, pool, "spending", ANN, of_member_id=ANN, may_spend=False)
    assert problem(stays) == "owner-stays"
    await joins(household, pool, CID)
    assert problem(await act(household, pool, "invite", ANN, invited_id="dan")) == "pool-full"
    await act(household, other, "invite", "dan", invited_id=BOB)
    assert problem(await act(household, other, "accept", BOB)) == "already-in-pool"
    assert (await household.client.get("/v1/pools/pool_x")).status_code == 404


async def test_a_programme_without_pools_has_none(shop: Shop) -> None:
    ann = await shop.member_with(120)
    assert problem(await shop.post("/v1/pools", {"member_id": ann})) == "no-pools"
    assert problem(await shop.reserve(ann, "five", from_pool=True)) == "not-in-pool"


async def test_points_are_drawn_over_all_in_one_spend_order(household: Shop) -> None:
    """All die together. The oldest are the three welcomes, then what was bought: of equals the
    spender's own first."""
    pool = await household_of(household, 120, 60, 20)
    rdm = await household.reserved(BOB, "five", from_pool=True)
    rows = await household.pool.fetch(
        "select a.member_id, e.points, l.rule from points_events e"
        " join lots l using (account_id, lot) join accounts a using (account_id)"
        " where e.kind = 'move_out' order by account_id, e.seq"
    )
    assert [tuple(row) for row in rows] == [(ANN, 20, "welcome"), (CID, 20, "welcome")]
    assert await household.balances(BOB) == (0, 0, 100, 0), "the spender holds all of it"
    assert await available(household) == [100, 0, 0]
    view = (await household.step(rdm, "confirm")).json()
    assert (view["pool_id"], view["points"]) == (pool, 100)
    assert (await household.sees(BOB))["saved"] == {"USD": 500}
    assert await available(household) == [100, 0, 0]


@pytest.mark.parametrize("how", ["cancel", "reverse", "timeout"])
async def test_what_comes_to_nothing_goes_home(household: Shop, how: str) -> None:
    """Into the lots it came from, also when its owner has left the pool meanwhile."""
    pool = await household_of(household, 120, 60, 20)
    before = await household.pool.fetch("select * from lots order by account_id, lot")
    await household.balances(ANN)
    rdm = await household.reserved(CID, "five", from_pool=True)
    await act(household, pool, "leave", BOB)
    if how == "timeout":
        await household.pool.execute("update redemptions set held_until = clock_timestamp()")
        assert await household.sweeper().run_once() == 1
        assert await household.sweeper().run_once() == 0
    else:
        if how == "reverse":
            await household.step(rdm, "confirm")
        assert (await household.step(rdm, how)).status_code == 200
    assert await available(household) == [120, 60, 20]
    assert await household.balances(CID) == (0, 20, 0, 0)
    after = await household.pool.fetch(
        "select * from lots where rule not in ('pool') order by account_id, lot"
    )
    assert [_points(row) for row in after] == [_points(row) for row in before]
    state = await household.pool.fetchval("select state from redemptions")
    assert state == {"cancel": "cancelled", "reverse": "reversed", "timeout": "timed_out"}[how]


def _points(row: object) -> tuple[object, ...]:
    kept = dict(row)  # type: ignore[call-overload]
    return (kept["account_id"], kept["lot"], kept["pending"] + kept["available"], kept["expired"])


async def test_nobody_pays_anothers_debt(household: Shop) -> None:
    """The spender owes; what others gave goes home before anything could clear it."""
    await household_of(household, 120, 120)
    await household.step(await household.reserved(BOB, "five"), "confirm")
    await household.returns(BOB, "bob-first", 100, LATER)
    assert await household.balances(BOB) == (0, 0, 0, -80)
    rdm = await household.reserved(BOB, "five", from_pool=True)
    assert await household.balances(BOB) == (0, 0, 100, -80)
    assert (await household.step(rdm, "cancel")).status_code == 200
    assert await household.balances(BOB) == (0, 0, 0, -80)
    assert await household.balances(ANN) == (0, 120, 0, 0)


async def test_a_return_at_the_origin_while_its_points_are_held(household: Shop) -> None:
    """It takes from its own member alone; what comes home then clears what that one owes."""
    await household_of(household, 120, 20)
    rdm = await household.reserved(BOB, "five", from_pool=True)
    await household.returns(ANN, "ann-first", 100, LATER)
    assert await household.balances(ANN) == (0, 0, 0, -60), "40 of 100 are left to be taken"
    assert await household.balances(BOB) == (0, 0, 100, 0)
    await household.step(rdm, "cancel")
    assert await household.balances(ANN) == (0, 20, 0, 0)
    assert await household.balances(BOB) == (0, 20, 0, 0)


async def test_what_expired_while_it_was_held_expires_at_home(household: Shop) -> None:
    await household_of(household, 120, 20)
    rdm = await household.reserved(BOB, "five", from_pool=True)
    household.clock.move_to(LATER + timedelta(days=400))
    await household.step(rdm, "cancel")
    assert await available_of(household, ANN, BOB) == [0, 0]
    expired = await household.pool.fetch(
        "select account_id, sum(points) as points from points_events where kind = 'expire'"
        " group by 1 order by 1"
    )
    assert [int(row["points"]) for row in expired] == [120, 20]


async def available_of(shop: Shop, *names: str) -> list[int]:
    return [(await shop.balances(name))[1] for name in names]


async def test_who_may_spend_and_how_much_there_is(household: Shop) -> None:
    pool = await household_of(household, 50, 20, 20)
    no = await household.reserve(ANN, "five", from_pool=True)
    assert (problem(no), no.json()["available"]) == ("insufficient-points", 90)
    await household.tell("member.left", CID, LATER - timedelta(days=1))
    await household.buys(ANN, "more", 40, LATER - timedelta(days=30))
    await act(household, pool, "spending", ANN, of_member_id=BOB, may_spend=False)
    assert problem(await household.reserve(BOB, "five", from_pool=True)) == "may-not-spend"
    assert problem(await household.reserve(CID, "five", from_pool=True)) == "member-left"
    await household.reserved(ANN, "five", from_pool=True)
    assert await available(household) == [10, 0, 20], "who has left gives nothing any more"
    await act(household, pool, "leave", BOB)
    assert problem(await household.reserve(BOB, "five", from_pool=True)) == "not-in-pool"


async def test_many_spenders_never_overdraw_one_pool(household: Shop) -> None:
    await household_of(household, 400, 220, 120)
    names = (ANN, BOB, CID)
    answers = await asyncio.gather(
        *(household.reserve(names[place % 3], "five", from_pool=True) for place in range(16))
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 7 + [409] * 9
    assert sum(await available(household)) == 40
    held = [str(a.json()["redemption_id"]) for a in answers if a.status_code == 201]
    steps = await asyncio.gather(
        *(
            household.step(id_, "confirm" if place % 2 else "cancel")
            for place, id_ in enumerate(held)
        )
    )
    assert {answer.status_code for answer in steps} == {200}
    assert sum(await available(household)) == 740 - 300


async def test_a_member_acts_for_itself_alone(household: Shop) -> None:
    for name in (ANN, BOB):
        await household.member_with(120, name)
    pool = await created(household)
    await act(household, pool, "invite", ANN, invited_id=BOB, may_spend=True)
    tokens = {
        name: (await household.client.post("/v1/member-tokens", json={"member_id": name})).json()
        for name in (ANN, BOB)
    }
    key = await household.new_key(Scope.POOLS_WRITE)
    async with household.caller(tokens[BOB]["token"]) as bob:
        headers = {"Idempotency-Key": "bob-1"}
        assert (await bob.get(f"/v1/pools/{pool}")).status_code == 404, "not joined yet"
        path = f"/v1/pools/{pool}/accept"
        joined = await bob.post(path, json={"member_id": BOB}, headers=headers)
        assert joined.status_code == 200, joined.text
        assert (await bob.get(f"/v1/pools/{pool}")).json() == joined.json()
        foreign = await bob.post(
            "/v1/transfers", json={"member_id": ANN, "to_member_id": BOB, "points": 50},
            headers={"Idempotency-Key": "bob-2"},
        )  # fmt: skip
        assert problem(foreign) == "unknown-member"
        spent = await bob.post(
            "/v1/redemptions", json={"member_id": BOB, "reward_id": "ten", "from_pool": True},
            headers={"Idempotency-Key": "bob-3"},
        )  # fmt: skip
        assert spent.status_code == 201, spent.text
    async with household.caller(key.text) as client:
        assert (await client.get(f"/v1/pools/{pool}")).status_code == 200
        assert (await client.get(f"/v1/members/{ANN}")).status_code == 403
    log = await household.pool.fetch("select act, by_member from pool_events order by entry")
    assert [row["by_member"] for row in log] == [False, False, True]


async def test_the_database_itself_keeps_who_did_what(breakable: Shop) -> None:
    ann = await breakable.member_with(20)
    account = await breakable.pool.fetchval("select account_id from accounts")
    await breakable.pool.execute("insert into pools (pool_id) values ('a'), ('b')")
    member = "insert into pool_members (pool_id, account_id, role, state, may_spend) values "
    await breakable.pool.execute(f"{member} ('a', $1, 'owner', 'joined', true)", account)
    with pytest.raises(asyncpg.UniqueViolationError, match="joined_once"):
        await breakable.pool.execute(f"{member} ('b', $1, 'member', 'joined', true)", account)
    with pytest.raises(asyncpg.UniqueViolationError, match="one_owner"):
        await breakable.pool.execute(f"{member} ('a', 77, 'owner', 'joined', true)")
    await breakable.pool.execute(
        "insert into pool_events (pool_id, act, by_account, about_account, by_key, by_member)"
        " values ('a', 'create', $1, $1, 'k', false)", account,
    )  # fmt: skip
    await breakable.pool.execute(
        "insert into transfers (transfer_id, from_account, to_account, points, sent_at, n)"
        " values ('t', $1, 77, 5, now(), 1)", account,
    )  # fmt: skip
    for change in ("update pool_events set by_key = 'x'", "delete from pool_events",
                   "update transfers set points = 6", "delete from transfers",
                   "truncate transfers"):  # fmt: skip
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await breakable.pool.execute(change)
    row = (
        "insert into points_events (account_id, seq, kind, points, from_bucket, to_bucket, cause,"
        " program_version, effective_at, recorded_at, prev_hash, hash) select account_id, 99,"
        " '{}', 5, '{}', '{}', 1, 1, now(), now(), '', '' from accounts"
    )
    for broken in (("move_in", "moved", "available"), ("move_out", "available", "moved"),
                   ("adjust", "available", "moved")):  # fmt: skip
        with pytest.raises(asyncpg.CheckViolationError, match="points_events_"):
            await breakable.pool.execute(row.format(*broken))
    assert await breakable.balances(ann) == (0, 20, 0, 0)


async def test_a_quote_says_what_the_household_could_have(household: Shop) -> None:
    await household_of(household, 60, 20, 40)
    asked: Json = {"member_id": BOB, "reward_id": "five"}
    alone = (await household.client.post("/v1/quotes", json=asked)).json()
    assert (alone["can_have"], alone["available"], alone["missing"]) == (False, 20, 80)
    together = (await household.client.post("/v1/quotes", json={**asked, "from_pool": True})).json()
    assert (together["can_have"], together["available"], together["points"]) == (True, 120, 100)
    export = (await household.client.get(f"/v1/members/{BOB}/export")).json()
    assert [one["state"] for one in export["pools"]] == ["joined"]


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ("update redemptions set pool_id = null", {"redemptions"}),
        ("update redemptions set state = 'confirmed'", {"redemptions"}),
        ("update points_events set \"group\" = 'other' where kind = 'move_in' and lot <> seq",
         {"chain", "moves"}),
        ("update inputs set kind = 'pool.give' where kind = 'pool.home'", {"causes", "inputs"}),
    ],
)  # fmt: skip
async def test_verify_finds_what_was_changed(
    database: str, damage: str, expected: set[str]
) -> None:
    async with open_shop(database, programme=SHARING) as shop:
        await household_of(shop, 120, 20)
        await shop.step(await shop.reserved(BOB, "five", from_pool=True), "cancel")
        await tamper(database, damage)
        async with snapshot(database) as connection:
            report = await verify(connection)
    found = {check.name for check in report.checks.values() if not check.ok}
    assert found == expected, [check.findings for check in report.checks.values() if not check.ok]


async def test_a_household_pays_no_order(household: Shop) -> None:
    """What came back with the order's goods would be the spender's, not theirs who gave it."""
    await household_of(household, 60, 60)
    asked = {"member_id": ANN, "reward_id": "five", "from_pool": True, "order_id": "o-1"}
    for path in ("/v1/redemptions", "/v1/quotes"):
        answer = await household.post(path, asked)
        assert (answer.status_code, problem(answer)) == (409, "pays-no-order")
