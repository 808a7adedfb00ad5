"""What operators see: redemptions page by page, stock and codes; and setting stock."""

from datetime import timedelta

from headway.ledger import codes
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
