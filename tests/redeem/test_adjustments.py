"""Adjusting balances by hand: who may, a second pair of eyes, and books that still add up."""

import asyncio
import json
from datetime import timedelta

import asyncpg
import httpx
import pytest

from headway.access.scopes import Scope
from headway.cli.output import snapshot
from headway.ledger.report import read_month
from headway.ledger.story import story
from headway.ledger.verify import verify
from tests.ledger.tampering import tamper
from tests.redeem.kit import LATER, Json, Shop

PATH = "/v1/adjustments"


def asked(member: str, points: int, by: str = "sue", reason: str = "lost parcel") -> Json:
    return {"member_id": member, "points": points, "reason": reason, "by": by}


async def second(shop: Shop, adjustment_id: str, how: str, by: str) -> httpx.Response:
    """Somebody else's word, with a key of their own."""
    key = await shop.new_key(Scope.ADMIN_WRITE)
    async with shop.caller(key.text) as client:
        return await client.post(
            f"{PATH}/{adjustment_id}/{how}", json={"by": by},
            headers={"Idempotency-Key": f"{how}-{key.key.key_id}"},
        )  # fmt: skip


async def audited(shop: Shop) -> list[tuple[str, str, str]]:
    rows = await shop.pool.fetch(
        "select act, outcome, detail ->> 'by' as by from audit_log where act like 'admin.%'"
        " order by entry"
    )
    return [tuple(row) for row in rows]


async def test_points_given_by_hand_are_there_at_once_and_live_as_others_do(shop: Shop) -> None:
    ann = await shop.member_with(20)
    answer = await shop.post(PATH, asked(ann, 80))
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["state"], told["points"], told["decided_by"]) == ("applied", 80, None)
    assert told["account"]["balances"]["available"] == 100
    row = await shop.pool.fetchrow("select * from points_events where kind = 'adjust'")
    assert row is not None
    assert (row["from_bucket"], row["to_bucket"], row["points"]) == ("issued", "available", 80)
    lots = await shop.pool.fetch("select * from lots order by lot")
    assert (lots[1]["award"], lots[1]["exact"]) == (f"adjustment:{told['adjustment_id']}", 0)
    assert lots[1]["expires_at"] > lots[0]["expires_at"]
    assert await audited(shop) == [("admin.adjust", "done", "sue")]
    value = await shop.pool.fetchval("select value from outbox order by id desc limit 1")
    published = json.loads(value)["data"]
    assert (published["cause"]["kind"], published["available"]) == ("admin", 100)
    assert published["version"] == told["account"]["version"]
    await shop.step(await shop.reserved(ann, "five"), "confirm")
    assert await shop.balances(ann) == (0, 0, 0, 0)


async def test_points_are_taken_from_lots_in_spend_order_and_never_below_zero(shop: Shop) -> None:
    ann = await shop.member_with(150)
    taken = await shop.post(PATH, asked(ann, -50))
    assert taken.status_code == 201
    rows = await shop.pool.fetch("select lot, points from points_events where kind = 'adjust'")
    assert [tuple(row) for row in rows] == [(1, 20), (2, 30)]
    await shop.reserved(ann, "five")
    refused = await shop.post(PATH, asked(ann, -1), key="again")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/too-few-points")
    assert (refused.json()["available"], refused.json()["needed"]) == (0, 1)
    assert (await shop.post(PATH, asked(ann, -1), key="again")).headers["Idempotency-Replayed"]
    assert await audited(shop) == [
        ("admin.adjust", "done", "sue"), ("admin.adjust", "refused", "sue"),
    ]  # fmt: skip
    listed = (await shop.client.get(PATH)).json()["adjustments"]
    assert [one["points"] for one in listed] == [-50], "what was refused is no adjustment"


async def test_what_is_owed_is_cleared_by_what_is_given(shop: Shop) -> None:
    ann = await shop.member_with(120)
    await shop.step(await shop.reserved(ann, "five"), "confirm")
    await shop.returns(ann, "ann-first", 100, LATER)
    assert await shop.balances(ann) == (0, 0, 0, -80)
    answer = await shop.post(PATH, asked(ann, 100))
    assert answer.json()["account"]["balances"] == {
        "pending": 0, "available": 20, "reserved": 0, "owed": 0,
    }  # fmt: skip


async def test_above_the_limit_nothing_happens_until_somebody_else_approves(shop: Shop) -> None:
    ann = await shop.member_with(20)
    answer = await shop.post(PATH, asked(ann, 1001))
    assert answer.status_code == 202
    assert (answer.json()["state"], answer.json()["account"]) == ("proposed", None)
    id_ = answer.json()["adjustment_id"]
    assert await shop.balances(ann) == (0, 20, 0, 0)

    own = await shop.post(f"{PATH}/{id_}/approve", {"by": "tom"})
    assert (own.status_code, own.json()["type"]) == (409, "/problems/second-person-needed")
    herself = await second(shop, id_, "approve", "sue")
    assert herself.json()["type"] == "/problems/second-person-needed"
    assert await shop.balances(ann) == (0, 20, 0, 0)

    approved = await second(shop, id_, "approve", "tom")
    assert approved.status_code == 200, approved.text
    assert approved.json()["decided_by"]["person"] == "tom"
    assert await shop.balances(ann) == (0, 1021, 0, 0)
    for how in ("approve", "reject"):
        late = await second(shop, id_, how, "tim")
        assert late.json()["type"] == "/problems/adjustment-decided"
    assert await shop.balances(ann) == (0, 1021, 0, 0)
    assert [(act, outcome) for act, outcome, _ in await audited(shop)] == [
        ("admin.propose", "done"), ("admin.approve", "refused"), ("admin.approve", "refused"),
        ("admin.approve", "done"), ("admin.approve", "refused"), ("admin.reject", "refused"),
    ]  # fmt: skip
    data = await shop.pool.fetchval("select data::text from inputs where kind = 'admin.adjust'")
    assert (json.loads(data)["by"], json.loads(data)["approved_by"]) == ("sue", "tom")


async def test_a_proposal_can_be_turned_down_and_pages_show_what_waits(shop: Shop) -> None:
    ann = await shop.member_with(20)
    ids = [
        (await shop.post(PATH, asked(ann, 2000 + place))).json()["adjustment_id"]
        for place in range(3)
    ]
    assert (await second(shop, ids[1], "reject", "tom")).json()["state"] == "rejected"
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = "?state=proposed&limit=1" + (f"&cursor={cursor}" if cursor else "")
        page = (await shop.client.get(PATH + query)).json()
        seen += [one["adjustment_id"] for one in page["adjustments"]]
        cursor = page["next_cursor"]
    assert seen == [ids[2], ids[0]]
    assert (await shop.client.get(f"{PATH}?member_id=bob")).json()["adjustments"] == []
    assert (await shop.client.get(f"{PATH}?cursor=eA")).status_code == 400
    assert (await second(shop, "adj_nothing", "approve", "tom")).status_code == 404


async def test_of_two_who_decide_at_once_one_does(shop: Shop) -> None:
    ann = await shop.member_with(20)
    id_ = (await shop.post(PATH, asked(ann, 5000))).json()["adjustment_id"]
    words = ["approve"] * 4 + ["reject"] * 2
    answers = await asyncio.gather(
        *(second(shop, id_, how, f"p{place}") for place, how in enumerate(words))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    applied = answers[[a.status_code for a in answers].index(200)].json()["state"] == "applied"
    assert await shop.balances(ann) == (0, 5020 if applied else 20, 0, 0)


async def test_the_database_itself_refuses_one_person_alone(breakable: Shop) -> None:
    ann = await breakable.member_with(20)
    id_ = (await breakable.post(PATH, asked(ann, 5000))).json()["adjustment_id"]
    decide = (
        "update adjustments set state = 'applied', n = 1, decided_at = now(), second_person = $2,"
        " second_key = $3 where adjustment_id = $1"
    )
    key = await breakable.pool.fetchval("select by_key from adjustments")
    for person, other in ((None, None), ("sue", "k2"), ("tom", key)):
        with pytest.raises(asyncpg.CheckViolationError, match="second_pair_of_eyes"):
            await breakable.pool.execute(decide, id_, person, other)
    await breakable.pool.execute(decide, id_, "tom", "k2")
    for change in ("state = 'proposed'", "points = 1", "reason = 'x'"):
        with pytest.raises(asyncpg.PostgresError, match="decided once"):
            await breakable.pool.execute(f"update adjustments set {change}")
    with pytest.raises(asyncpg.PostgresError, match="decided once"):
        await breakable.pool.execute("delete from adjustments")


DAMAGE: dict[str, tuple[str, set[str]]] = {
    "somebody else is said to have asked": (
        "update adjustments set by_person = 'eve' where points = 7", {"adjustments"}),
    "an adjustment is gone": ("delete from adjustments where points = 7", {"adjustments"}),
    "the input says other than the rows": (
        "update inputs set data = replace(data::text, '\"points\":7', '\"points\":70')::json"
        " where kind = 'admin.adjust'", {"inputs", "causes", "adjustments"}),
    "points given by hand come from another input": (
        "update points_events set cause = 1 where kind = 'adjust'",
        {"chain", "causes", "versions"}),
    "a lot given by hand is gone": (
        "delete from lots where rule = 'adjustment'", {"lots"}),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
async def test_verify_finds_what_was_changed(breakable: Shop, database: str, damage: str) -> None:
    ann = await breakable.member_with(20)
    assert (await breakable.post(PATH, asked(ann, 7))).status_code == 201
    statement, expected = DAMAGE[damage]
    await tamper(database, statement)
    async with snapshot(database) as connection:
        report = await verify(connection)
    found = {check.name for check in report.checks.values() if not check.ok}
    assert found == expected, [check.findings for check in report.checks.values() if not check.ok]


async def test_one_key_adjusts_once_however_often_it_is_sent(shop: Shop) -> None:
    ann = await shop.member_with(20)
    answers = await asyncio.gather(*(shop.post(PATH, asked(ann, 7), key="k") for _ in range(8)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert await shop.balances(ann) == (0, 27, 0, 0)
    other = await shop.new_key(Scope.ADMIN_WRITE)
    async with shop.caller(other.text) as client:
        reused = await client.post(PATH, json=asked(ann, 7), headers={"Idempotency-Key": "k"})
    assert reused.status_code == 422, "who acts is part of the act"


@pytest.mark.parametrize(
    ("field", "value"),
    [("points", 0), ("points", 10**9 + 1), ("reason", "  "), ("reason", "a\nb"), ("by", "Sue B")],
)
async def test_what_cannot_be_used_is_named(shop: Shop, field: str, value: object) -> None:
    ann = await shop.member_with(20)
    answer = await shop.post(PATH, {**asked(ann, 5), field: value})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == f"body.{field}"


async def test_nobody_is_made_a_member_by_an_adjustment(shop: Shop) -> None:
    answer = await shop.post(PATH, asked("nobody", 5))
    assert answer.status_code == 404
    assert await shop.pool.fetchval("select count(*) from accounts") == 0


async def test_everything_that_reads_the_ledger_knows_of_it(catalogue: Shop, database: str) -> None:
    """Story, history, explanation, the month's report; the fixture verifies and replays."""
    shop, ann = catalogue, await catalogue.member_with(60)
    await shop.post(PATH, asked(ann, 40, reason="a late parcel"))
    await shop.post(PATH, asked(ann, -10, reason="typed twice"))
    id_ = (await shop.post(PATH, asked(ann, 4000))).json()["adjustment_id"]
    await second(shop, id_, "approve", "tom")
    await shop.post(PATH, asked(ann, -900000))
    # What comes late has the account decided again; what was given by hand stands.
    shop.clock.move_to(LATER + timedelta(days=1))
    await shop.tell("review.published", ann, LATER - timedelta(days=59), review_id="r", sku="s",
                    rating=5)  # fmt: skip
    await shop.returns(ann, "ann-first", 40, LATER + timedelta(days=1))
    assert (await shop.balances(ann))[1] >= 4000
    history = (await shop.client.get(f"/v1/members/{ann}/history?kind=adjust")).json()
    assert [entry["cause"]["what"] for entry in history["entries"]] == [
        "Adjusted by hand, +4,000 points: lost parcel",
        "Adjusted by hand, -10 points: typed twice",
        "Adjusted by hand, +40 points: a late parcel",
    ]
    assert '"sue"' not in json.dumps(history), "members do not see who it was"
    words = [line.what for line in await story(database, ann)]
    assert any(word.startswith("given by hand") for word in words), words
    assert any(word.startswith("taken by hand: earned for") for word in words), words
    explained = await shop.client.get(f"/v1/members/{ann}/explanation?lots=all")
    assert explained.status_code == 200, explained.text
    async with (
        shop.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        month = f"{await connection.fetchval('select now()'):%Y-%m}"
        report = await read_month(connection, month)
    assert report.sums.problems == []
    assert report.sums.rules["adjustment"].movements["issued"] == 4040
