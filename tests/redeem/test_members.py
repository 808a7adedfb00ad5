"""What a member can see: schedules, tier, history, and a balance down to lots."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from headway.ledger import history
from tests.redeem.kit import LATER, Json, Shop
from tests.redeem.seeing import busy, get, pages


async def test_the_view_tells_when_points_come_and_go_and_what_the_tier_needs(shop: Shop) -> None:
    ann = await shop.member_with(170)
    await shop.buys(ann, "second", 30, LATER - timedelta(days=3))
    await shop.buys(ann, "third", 5, LATER - timedelta(days=2))
    shop.clock.move_to(LATER)

    seen = await shop.sees(ann)

    assert seen["balances"] == {"pending": 35, "available": 170, "reserved": 0, "owed": 0}
    assert seen["becoming_available"] == {
        "total": 35,
        "next": [
            {"at": "2025-03-13T12:00:00Z", "points": 30},
            {"at": "2025-03-14T12:00:00Z", "points": 5},
        ],
        "later": 0,
    }
    # A year after they could be spent, to the end of that month in New York.
    assert seen["expiring"]["total"] == 170
    assert seen["expiring"]["next"] == [{"at": "2026-02-01T05:00:00Z", "points": 170}]
    assert seen["tier_progress"] == {
        "tier": "club", "name": "Club", "measure": "spend", "currency": "USD", "activity": None,
        "to_rise": {
            "tier": "gold", "name": "Gold", "missing": 1500, "until": "2026-01-01T05:00:00Z",
        },
        "to_stay": None,
    }  # fmt: skip
    assert seen["membership"] is None


async def test_what_has_fallen_due_since_is_in_the_schedules(shop: Shop) -> None:
    ann = await shop.member_with(170)
    await shop.buys(ann, "second", 60, LATER - timedelta(days=3))
    shop.clock.move_to(LATER + timedelta(days=20))

    seen = await shop.sees(ann)

    assert seen["balances"]["available"] == 230
    assert seen["becoming_available"] == {"total": 0, "next": [], "later": 0}
    assert [one["points"] for one in seen["expiring"]["next"]] == [170, 60]
    assert seen["tier_progress"]["tier"] == "gold"
    assert seen["tier_progress"]["to_rise"]["missing"] == 29000
    keep = seen["tier_progress"]["to_stay"]
    assert keep == {"missing": 0, "until": "2026-01-01T05:00:00Z"}
    await shop.tell("member.left", ann, LATER + timedelta(days=20))
    gone = (await shop.sees(ann))["tier_progress"]
    assert (gone["to_rise"], gone["to_stay"]) == (None, None)


async def test_many_moments_are_told_by_the_nearest_and_a_total(shop: Shop) -> None:
    ann = await shop.member_with(20)
    for day in range(20):
        at = LATER - timedelta(days=13) + timedelta(minutes=day)
        await shop.buys(ann, f"o{day}", 10, at)
    coming = (await shop.sees(ann))["becoming_available"]
    assert (coming["total"], len(coming["next"]), coming["later"]) == (200, 12, 80)
    assert coming["next"] == sorted(coming["next"], key=lambda one: str(one["at"]))


async def test_history_says_what_happened_by_which_rule_and_what_was_there_then(shop: Shop) -> None:
    ann = await busy(shop)
    told = [one async for one in pages(shop, f"{ann}/history", "entries", limit=3)]

    rows = await shop.pool.fetch("select seq, recorded_at from points_events order by seq desc")
    assert [one["seq"] for one in told] == [row["seq"] for row in rows]
    assert [datetime.fromisoformat(one["recorded_at"]) for one in told] == [
        row["recorded_at"] for row in rows
    ]
    has = dict.fromkeys(("pending", "available", "reserved", "owed"), 0)
    for one in reversed(told):
        if one["from_bucket"] in has:
            has[one["from_bucket"]] -= one["points"]
        if one["to_bucket"] in has:
            has[one["to_bucket"]] += one["points"]
        assert one["after"] == has, one["what"]

    welcome, bought = told[-1], told[-2]
    assert welcome["what"] == "welcome: 20 points for joining; expires on 2026-02-01"
    assert (welcome["cause"]["what"], welcome["cause"]["kind"]) == ("Joined", "member.joined")
    assert bought["cause"]["what"] == "Order ann-first: 230 x sk (sandals) 230.00 USD"
    assert (bought["rule"], bought["order_id"], bought["line_id"]) == ("base", "ann-first", "1")
    spent = next(one for one in told if one["kind"] == "redeem")
    assert spent["what"].startswith("spent on $5 off: earned for ")
    assert spent["redemption_id"].startswith("rdm_")
    assert spent["cause"]["what"] == "Took $5 off"
    back = next(one for one in told if one["kind"] == "reverse")
    assert back["cause"]["what"] == "Return ann-first-200 of order ann-first: 200 of line 1"
    assert (back["order_id"], back["rule"]) == ("ann-first", "base")


async def test_history_by_kind_and_time(shop: Shop) -> None:
    ann = await busy(shop)
    everything = [one async for one in pages(shop, f"{ann}/history", "entries")]
    some = [
        one
        async for one in pages(shop, f"{ann}/history", "entries", kind=["earn", "reverse"], limit=1)
    ]
    assert some == [one for one in everything if one["kind"] in ("earn", "reverse")]
    since, until = "2025-03-02T12:00:00Z", "2025-03-03T12:00:00Z"
    within = await get(shop, f"{ann}/history", since=since, until=until)
    assert within["entries"] == [one for one in everything if since <= one["effective_at"] < until]
    assert 0 < len(within["entries"]) < len(everything)
    nothing = await get(shop, f"{ann}/history", kind="extend")
    assert (nothing["entries"], nothing["next_cursor"]) == ([], None)


async def test_a_page_of_few_rows_among_many_ends_early_and_goes_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await busy(shop)
    everything = [one async for one in pages(shop, f"{ann}/history", "entries")]
    monkeypatch.setattr(history, "LOOKED_AT", 3)
    first = await get(shop, f"{ann}/history", kind="earn")
    assert len(first["entries"]) <= 3
    assert first["next_cursor"] is not None
    earned = [one async for one in pages(shop, f"{ann}/history", "entries", kind="earn")]
    assert earned == [one for one in everything if one["kind"] == "earn"]


async def test_fractions_are_told_alike_on_every_page_and_in_the_explanation(shop: Shop) -> None:
    ann = await shop.member_with(20)
    for number in range(4):
        line = {"line_id": "1", "sku": "sk", "category": "x", "quantity": 1, "amount": 130}
        await shop.tell(
            "order.paid", ann, LATER - timedelta(days=20 - number),
            order_id=f"o{number}", currency="USD", lines=[line],
        )  # fmt: skip
    told = [one["what"] async for one in pages(shop, f"{ann}/history", "entries", kind="earn")]
    assert [what.split("; ")[1] for what in reversed(told[:4])] == [
        "1.3 + 0 carried, 0.3 left", "1.3 + 0.3 carried, 0.6 left",
        "1.3 + 0.6 carried, 0.9 left", "1.3 + 0.9 carried, 0.2 left",
    ]  # fmt: skip
    single = [
        one["what"] async for one in pages(shop, f"{ann}/history", "entries", kind="earn", limit=1)
    ]
    assert single == told
    lots = [one async for one in pages(shop, f"{ann}/explanation", "lots", limit=2)]
    assert [lot["entries"][0]["what"] for lot in lots] == told


async def test_a_balance_down_to_lots_rules_and_source_events(shop: Shop) -> None:
    ann = await busy(shop)
    every = [one async for one in pages(shop, f"{ann}/explanation", "lots", lots="all", limit=1)]
    page = await get(shop, f"{ann}/explanation", lots="all")
    assert page["lots"] == every
    assert [lot["lot"] for lot in every] == sorted((lot["lot"] for lot in every), reverse=True)
    for bucket, amount in page["balances"].items():
        assert sum(lot[bucket] for lot in every) == amount, bucket
    assert page["balances"] != {"pending": 0, "available": 0, "reserved": 0, "owed": 0}

    bought = next(lot for lot in every if lot["order_id"] == "ann-first")
    assert (bought["points"], bought["rule"], bought["line_id"]) == (230, "base", "1")
    assert bought["rule_in_words"] == "1 point for every 1.00 USD"
    source, id_ = bought["cause"]["source"], bought["cause"]["id"]
    data = await shop.pool.fetchval(
        "select data::text from inputs where source = $1 and id = $2", source, id_
    )
    assert orjson.loads(data)["order_id"] == "ann-first"
    kinds = [one["kind"] for one in bought["entries"]]
    assert kinds[:2] == ["earn", "activate"]
    assert {"reserve", "release", "redeem", "reverse"} <= set(kinds)
    short = [one for one in bought["entries"] if one["from_bucket"] == "owed"]
    assert [(one["lot"], one["points"], bought["owed"]) for one in short] == [(None, 50, -50)]
    assert bought["entries_left_out"] == 0

    open_ = await get(shop, f"{ann}/explanation")
    assert open_["lots"] == [
        lot for lot in every if lot["pending"] or lot["available"] or lot["reserved"]
    ]


async def test_a_lot_that_was_held_very_often_shows_its_newest_rows(shop: Shop) -> None:
    ann = await shop.member_with(120)
    for _ in range(30):
        await shop.step(await shop.reserved(ann, "five"), "cancel")
    lot = next(
        lot for lot in (await get(shop, f"{ann}/explanation"))["lots"] if lot["points"] == 100
    )
    rows = await shop.pool.fetch(
        "select seq from points_events where lot = $1 order by seq", lot["lot"]
    )
    seqs = [row["seq"] for row in rows]
    assert [one["seq"] for one in lot["entries"]] == [lot["lot"], *seqs[-50:]]
    assert lot["entries_left_out"] == len(seqs) - 51
    assert lot["cause"]["kind"] == "order.paid"


@pytest.mark.parametrize(
    ("path", "field", "fix"),
    [
        ("ann/history?cursor=nonsense", "query.cursor", "leave it out"),
        ("ann/history?cursor=%C3%A9", "query.cursor", "leave it out"),
        ("ann/history?cursor=bG90czo1", "query.cursor", "leave it out"),
        ("ann/explanation?cursor=aGlzdG9yeTo1", "query.cursor", "leave it out"),
        ("ann/history?limit=0", "query.limit", "greater than or equal to 1"),
        ("ann/history?limit=201", "query.limit", "less than or equal to 200"),
        ("ann/history?kind=gift", "query.kind.0", "'earn'"),
        ("ann/history?since=yesterday", "query.since", "RFC 3339 with an offset, like 2026"),
        ("ann/balance", "query.at", "required"),
        ("ann/balance?at=2025-01-01", "query.at", "RFC 3339 with an offset, like 2026"),
        ("ann/balance?at=2025-01-01T00:00:00+00:00", "query.at", "RFC 3339 with an offset"),
        ("ann/balance?at=2999-01-01T00:00:00Z", "query.at", "send a past moment"),
        ("ann/explanation?lots=some", "query.lots", "'open' or 'all'"),
    ],
)
async def test_what_cannot_be_used_names_the_field_and_the_fix(
    shop: Shop, path: str, field: str, fix: str
) -> None:
    await shop.member_with(20)
    response = await shop.client.get(f"/v1/members/{path}")
    assert (response.status_code, response.json()["type"]) == (400, "/problems/invalid-request")
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert fix in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("word", ["history", "balance", "explanation"])
async def test_a_member_id_may_hold_slashes_and_the_words_of_routes(shop: Shop, word: str) -> None:
    await shop.member_with(50, "shop/7")
    await shop.member_with(60, f"shop/{word}")
    query = "?at=2000-01-01T00:00:00Z" if word == "balance" else ""

    async def seen(path: str) -> Json:
        response = await shop.client.get(f"/v1/members/{path}")
        assert response.status_code == 200, response.text
        return dict(response.json())

    assert (await seen(f"shop%2F7/{word}{query}"))["member_id"] == "shop/7"
    assert (await seen(f"shop/7/{word}{query}"))["member_id"] == "shop/7"
    assert "rewards_ready" in await seen(f"shop%2F{word}")
    below = await seen(f"shop%2F{word}/{word}{query}")
    assert below["member_id"] == f"shop/{word}"
    assert "rewards_ready" not in below
    unknown = await shop.client.get(f"/v1/members/nobody/{word}{query}")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-member")


async def contents(shop: Shop) -> list[str]:
    """A fingerprint of everything that a read could have changed."""
    tables = ("accounts", "points_events", "lots", "inputs", "outbox")
    digest = "select md5(string_agg(t::text, '' order by t::text)) from"
    return [await shop.pool.fetchval(f"{digest} {table} t") for table in tables]


async def test_reading_writes_nothing_and_waits_for_nobody(shop: Shop) -> None:
    ann = await busy(shop)
    before = await contents(shop)
    async with shop.pool.acquire() as other, other.transaction():
        await other.execute("select 1 from accounts for update")
        await shop.sees(ann)
        for word in ("history", "explanation"):
            await get(shop, f"{ann}/{word}")
        await get(shop, f"{ann}/balance", at=datetime.now(UTC).isoformat())
    assert await contents(shop) == before
