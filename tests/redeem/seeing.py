"""What the API shows of members, asked for and compared with what was published."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import orjson

from tests.redeem.kit import LATER, Json, Shop
from tests.redeem.test_openapi import validator

MEMBER = "/v1/members/{member_id}"


async def get(shop: Shop, path: str, **query: Any) -> Json:
    """What a route below /v1/members answers; it must, and as the document says."""
    response = await shop.client.get(f"/v1/members/{path}", params=query)
    assert response.status_code == 200, response.text
    told: Json = response.json()
    word = path.rpartition("/")[2]
    validator(f"{MEMBER}/{word}", "get", 200, "application/json").validate(told)
    return told


async def pages(shop: Shop, path: str, of: str, **query: Any) -> AsyncIterator[Json]:
    """Every element of a list, page by page."""
    cursor: dict[str, str] = {}
    while True:
        page = await get(shop, path, **query, **cursor)
        for one in page[of]:
            yield one
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


async def busy(shop: Shop) -> str:
    """A member who has bought, returned, reviewed, redeemed and owes something at the end."""
    ann = await shop.member_with(250)
    taken = await shop.reserved(ann, "five")
    await shop.step(taken, "confirm")
    undone = await shop.reserved(ann, "five")
    await shop.step(undone, "cancel")
    await shop.buys(ann, "second", 33, LATER)
    await shop.returns(ann, "ann-first", 200, LATER + timedelta(days=1))
    await shop.tell(
        "review.published", ann, LATER + timedelta(days=2), review_id="v", sku="s", rating=5
    )
    return ann


async def published(shop: Shop) -> list[tuple[datetime, Json]]:
    """Every balance.changed that waits in the outbox, with when the ledger recorded its cause."""
    found = []
    # What was parked is recorded when it came, and published when it was released.
    last: dict[str, datetime] = {}
    for row in await shop.pool.fetch("select value from outbox where topic = $1 order by id",
                                     "t.balance-changed"):  # fmt: skip
        data = orjson.loads(row["value"])["data"]
        recorded = await shop.pool.fetchval(
            "select coalesce((select p.recorded_at from points_events p join accounts using"
            " (account_id) where member_id = $1 and p.seq = $2), (select recorded_at from inputs"
            " where source = $3 and id = $4))",
            data["member_id"], data["seq_to"], data["cause"]["source"], data["cause"]["id"],
        )  # fmt: skip
        member = data["member_id"]
        last[member] = max(recorded, last.get(member, recorded))
        found.append((last[member], data))
    return found


async def compare(shop: Shop, member: str, at: datetime, told: Json | None) -> None:
    """The balance as of a moment is what was published then."""
    then = await get(shop, f"{member}/balance", at=at.isoformat())
    names = ("pending", "available", "reserved", "owed")
    if told is None:
        assert (then["version"], then["seq"], then["tier"]) == (0, 0, "")
        assert then["balances"] == dict.fromkeys(names, 0)
        return
    assert then["balances"] == {name: told[name] for name in names}
    assert {name: then[name] for name in ("version", "epoch", "tier", "head_hash")} == {
        name: told[name] for name in ("version", "epoch", "tier", "head_hash")
    }
