"""What operators see: redemptions page by page, stock and codes; and setting stock."""

import asyncio
import json
from datetime import timedelta

import pytest

from headway.contracts.api.admin import MemberExport
from headway.ledger import codes
from headway_redeem import exporting
from tests.cli.running import headway
from tests.redeem.kit import LATER, Shop


async def test_redemptions_come_newest_first_page_by_page(shop: Shop) -> None:
    ann, bob = await shop.member_with(1020), await shop.member_with(520, "bob")
    made: list[str] = []
    for place, member in enumerate([ann, bob, ann, ann, bob]):
        shop.clock.move_to(LATER + timedelta(hours=place // 2))  # some at one moment
        made.append(await shop.reserved(member, "five"))
    await shop.step(made[0], "confirm")
    path = "/v1/redemptions?limit=2"
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await shop.client.get(path + (f"&cursor={cursor}" if cursor else ""))).json()
        if cursor == "":
            await shop.reserved(ann, "five")  # rows added meanwhile move nothing
        seen += [one["redemption_id"] for one in page["redemptions"]]
        cursor = page["next_cursor"]
    assert len(seen) == 5
    assert set(seen) == set(made)
    assert seen[0] == made[4], "the newest first"
    assert set(seen[1:3]) == {made[2], made[3]}

    async def ids(query: str) -> set[str]:
        answer = await shop.client.get(f"/v1/redemptions?{query}")
        assert answer.status_code == 200, answer.text
        return {one["redemption_id"] for one in answer.json()["redemptions"]}

    assert await ids("member_id=bob") == {made[1], made[4]}
    assert await ids("state=confirmed") == {made[0]}
    assert await ids("member_id=nobody") == set()
    since = (LATER + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert made[4] in await ids(f"since={since}")
    assert made[3] not in await ids(f"since={since}")
    for bad in ("cursor=x", "state=lost", "since=yesterday", "limit=0"):
        assert (await shop.client.get(f"/v1/redemptions?{bad}")).status_code == 400


async def test_the_state_of_the_catalogue_is_shown_and_stock_is_set(catalogue: Shop) -> None:
    shop, ann = catalogue, await catalogue.member_with(500)
    await shop.reserved(ann, "mug")
    answer = await shop.client.get("/v1/admin/rewards")
    assert answer.status_code == 200, answer.text
    rewards = {one["reward_id"]: one for one in answer.json()["rewards"]}
    assert rewards["mug"]["stock"] == {"reward_id": "mug", "total": 20, "taken": 1, "left": 19}
    assert rewards["coffee"]["stock"] is None

    path = "/v1/admin/rewards/{}/stock"
    more = await shop.post(path.format("mug"), {"total": 50, "by": "sue"})
    assert (more.status_code, more.json()["left"]) == (200, 49)
    few = await shop.post(path.format("mug"), {"total": 0, "by": "sue"})
    assert (few.status_code, few.json()["type"]) == (409, "/problems/stock-taken")
    free = await shop.post(path.format("coffee"), {"total": 5, "by": "sue"})
    assert (free.status_code, free.json()["type"]) == (409, "/problems/reward-not-counted")
    none = await shop.post(path.format("nothing"), {"total": 5, "by": "sue"})
    assert (none.status_code, none.json()["type"]) == (409, "/problems/unknown-reward")
    rows = await shop.pool.fetch(
        "select target, outcome, detail ->> 'total' as total from audit_log"
        " where act = 'stock.set' order by entry"
    )
    assert [tuple(row) for row in rows] == [
        ("mug", "done", "50"), ("mug", "refused", "0"), ("coffee", "refused", "5"),
        ("nothing", "refused", "5"),
    ]  # fmt: skip


async def test_pools_of_codes_are_counted_and_no_code_is_shown(shop: Shop) -> None:
    async with shop.pool.acquire() as connection:
        await codes.generate(connection, "cinema", 3)
        await codes.add(connection, "spring", [(1, "SPRING-24")], shared=True)
    answer = await shop.client.get("/v1/admin/codes")
    pools = {one.pop("pool"): one for one in answer.json()["pools"]}
    nothing = dict.fromkeys(("free", "taken", "given", "used", "void", "shared"), 0)
    assert pools == {"cinema": nothing | {"free": 3}, "spring": nothing | {"shared": 1}}
    assert "SPRING-24" not in answer.text


async def test_everything_held_of_a_member_is_in_the_export(shop: Shop, database: str) -> None:
    """Every table that has rows of the account is in it, and nothing of anybody else."""
    ann, bob = await shop.member_with(250, "ann"), await shop.member_with(80, "bob")
    await shop.tell("referral.created", ann, LATER - timedelta(days=61), referral_id="r",
                    referrer_id=bob)  # fmt: skip
    await shop.step(await shop.reserved(ann, "five"), "confirm")
    await shop.post("/v1/adjustments", {"member_id": ann, "points": 9, "reason": "late",
                                        "by": "sue-the-operator"})  # fmt: skip
    answer = await shop.client.get("/v1/members/ann/export")
    assert answer.status_code == 200, answer.text
    told = MemberExport.model_validate_json(answer.content)
    held = {
        "inputs": told.inputs, "points_events": told.points_events, "lots": told.lots,
        "tier_events": told.tier_events, "orders": told.orders, "redemptions": told.redemptions,
        "adjustments": told.adjustments,
    }  # fmt: skip
    mine = "where account_id = (select account_id from accounts where member_id = 'ann')"
    for table, rows in held.items():
        assert len(rows) == await shop.pool.fetchval(f"select count(*) from {table} {mine}"), table
        assert rows or table == "tier_events", table
    assert told.referrals.referred == "r"
    assert told.account["available"] == (await shop.balances(ann))[1]
    assert told.points_events[-1]["hash"] == told.account["head_hash"]
    assert "bob-first" not in answer.text
    assert "sue-the-operator" not in answer.text, "who decided is somebody else's data"
    assert (await shop.client.get("/v1/members/nobody/export")).status_code == 404
    target = await shop.pool.fetchval("select target from audit_log where act = 'member.export'")
    assert (
        target == f"account:{await shop.pool.fetchval(f'select account_id from accounts {mine}')}"
    )

    await shop.pool.execute(
        "insert into notify.contacts values ('ann', 'a@example.org', 'A', 'en')"
    )
    both = json.loads(await asyncio.to_thread(headway, "export", "ann", postgres_dsn=database))
    assert both["contact"] == {"email": "a@example.org", "name": "A", "locale": "en"}
    assert both["points_events"] == json.loads(answer.content)["points_events"]
    none = await asyncio.to_thread(headway, "export", "nobody", code=2, postgres_dsn=database)
    assert "nothing is held" in none


async def test_what_is_too_much_for_one_answer_is_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.member_with(250, "ann")
    monkeypatch.setattr(exporting, "MOST_ROWS", 2)
    answer = await shop.client.get("/v1/members/ann/export")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/export-too-large")
