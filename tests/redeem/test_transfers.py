"""Sending points to another member: lots travel with their expiry, and nobody else ever pays."""

import asyncio
import json
from datetime import timedelta

import pytest

from headway.cli.output import snapshot
from headway.ledger.report import read_month
from headway.ledger.story import story
from headway.ledger.verify import verify
from tests.ledger.tampering import tamper
from tests.redeem.kit import JOINED, LATER, SHARING, Json, Shop, open_shop

PATH = "/v1/transfers"


def sending(member: str, other: str, points: int) -> Json:
    return {"member_id": member, "to_member_id": other, "points": points}


async def lots_of(shop: Shop, member: str) -> list[tuple[object, ...]]:
    """Points with what they were earned by and when, and when they die."""
    rows = await shop.pool.fetch(
        "select l.pending + l.available, l.rule, l.earned_at, l.expires_at from lots l"
        " join accounts a using (account_id) where a.member_id = $1 and l.pending + l.available > 0"
        " order by lot",
        member,
    )
    return [tuple(row) for row in rows]


async def test_points_arrive_with_the_life_they_had(household: Shop) -> None:
    ann, bob = await household.member_with(150), await household.member_with(20, "bob")
    before = await lots_of(household, ann)
    answer = await household.post(PATH, sending(ann, bob, 50))
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["balances"]["available"] == 100
    assert await household.balances(bob) == (0, 70, 0, 0)
    arrived = (await lots_of(household, bob))[1:]
    assert [(row[0], *row[2:]) for row in arrived] == [
        (20, *before[0][2:]), (30, *before[1][2:]),
    ], "the oldest first, each with its own earning and expiry"  # fmt: skip
    rows = await household.pool.fetch(
        'select kind, points, "group", origin_account, origin_seq from points_events'
        " where kind like 'move%' order by account_id, seq"
    )
    assert [row["kind"] for row in rows] == ["move_out"] * 2 + ["move_in"] * 2
    assert {row["group"] for row in rows} == {told["transfer_id"]}
    published = [
        json.loads(row["value"])["data"]
        for row in await household.pool.fetch("select value from outbox order by id desc limit 2")
    ]
    assert {(data["member_id"], data["cause"]["kind"]) for data in published} == {
        (ann, "transfer"), (bob, "transfer"),
    }  # fmt: skip
    version = next(data["version"] for data in published if data["member_id"] == ann)
    assert version == told["version"]


async def test_what_comes_home_is_in_its_lots_again(household: Shop) -> None:
    """Through however many hands it went."""
    ann = await household.member_with(120)
    bob, cid = [await household.member_with(20, name) for name in ("bob", "cid")]
    before = await lots_of(household, ann)
    for giver, taker, points in ((ann, bob, 120), (bob, cid, 140), (cid, ann, 160)):
        assert (await household.post(PATH, sending(giver, taker, points))).status_code == 201
    assert await household.balances(ann) == (0, 160, 0, 0)
    after = await lots_of(household, ann)
    assert after[:2] == before, "her own points are in her own lots"
    assert [row[:2] for row in after[2:]] == [(20, "transfer"), (20, "transfer")]


async def test_a_return_takes_from_whoever_was_awarded_and_nobody_else(household: Shop) -> None:
    ann, bob = await household.member_with(120), await household.member_with(20, "bob")
    assert (await household.post(PATH, sending(ann, bob, 110))).status_code == 201
    await household.returns(ann, "ann-first", 100, LATER)
    assert await household.balances(ann) == (0, 0, 0, -90)
    assert await household.balances(bob) == (0, 130, 0, 0)
    assert (await household.post(PATH, sending(bob, ann, 100))).status_code == 201
    assert await household.balances(ann) == (0, 10, 0, 0), "what is owed is cleared first"


async def test_what_cannot_be_sent(household: Shop) -> None:
    ann, bob = await household.member_with(1500), await household.member_with(20, "bob")
    gone = await household.member_with(20, "gone")
    await household.tell("member.left", gone, LATER - timedelta(days=1))

    async def refused(member: str, other: str, points: int, key: str = "") -> tuple[int, str, Json]:
        answer = await household.post(PATH, sending(member, other, points), key)
        return answer.status_code, answer.json().get("type", "").rpartition("/")[2], answer.json()

    assert (await refused(ann, "nobody", 50))[:2] == (404, "unknown-member")
    assert (await refused("nobody", ann, 50))[:2] == (404, "unknown-member")
    assert (await refused(ann, ann, 50))[:2] == (409, "same-member")
    assert (await refused(ann, gone, 50))[:2] == (409, "receiver-left")
    assert (await refused(gone, ann, 50))[:2] == (409, "member-left")
    low = await refused(ann, bob, 9)
    assert (low[1], low[2]["minimum"]) == ("below-minimum", 10)
    few = await refused(bob, ann, 21)
    assert (few[1], few[2]["available"], few[2]["needed"]) == ("too-few-to-send", 20, 21)
    assert (await refused(ann, bob, 990))[0] == 201
    high = await refused(ann, bob, 11, "again")
    assert (high[1], high[2]["left"]) == ("above-maximum", 10)
    assert await refused(ann, bob, 11, "again") == high
    assert (await refused(ann, bob, 10))[0] == 201
    household.clock.move_to(JOINED + timedelta(days=366))
    assert (await refused(ann, bob, 10))[0] == 201, "another year, another maximum"


async def test_a_programme_without_transfers_has_none(shop: Shop) -> None:
    ann, bob = await shop.member_with(120), await shop.member_with(20, "bob")
    answer = await shop.post(PATH, sending(ann, bob, 50))
    assert answer.json()["type"] == "/problems/no-transfers"
    assert await shop.balances(ann) == (0, 120, 0, 0)


async def test_crossing_transfers_neither_deadlock_nor_lose_a_point(household: Shop) -> None:
    ann, bob = await household.member_with(400), await household.member_with(400, "bob")
    answers = await asyncio.gather(
        *(
            household.post(PATH, sending(*((ann, bob) if place % 2 else (bob, ann)), 20))
            for place in range(16)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert await household.balances(ann) == (0, 400, 0, 0)
    assert await household.balances(bob) == (0, 400, 0, 0)


async def test_people_are_told_in_words_and_finance_sees_it_net_to_zero(
    household: Shop, database: str
) -> None:
    ann, bob = await household.member_with(120), await household.member_with(20, "bob")
    transfer = (await household.post(PATH, sending(ann, bob, 50))).json()["transfer_id"]
    async with snapshot(database) as connection:
        month = await read_month(connection)
    words = [line.what for line in await story(database, bob)]
    assert f"Sent by another member: 50 points ({transfer})" in words, words
    assert any(word.startswith("arrived from another member") for word in words), words
    assert month.sums.problems == []
    assert month.sums.whole.movements["moved"] == 0
    history = (await household.client.get(f"/v1/members/{bob}/history?kind=move_in")).json()
    assert all("from another member" in row["what"] for row in history["entries"]), history
    explained = (await household.client.get(f"/v1/members/{bob}/explanation")).json()
    assert "from another member" in json.dumps(explained)
    assert transfer in json.dumps((await household.client.get(f"/v1/members/{bob}/export")).json())


DAMAGE: dict[str, tuple[tuple[str, ...], bool, set[str]]] = {
    "what left arrived nowhere": (
        ("delete from points_events where kind = 'move_in'",
         "delete from lots where rule = 'transfer'",
         "update accounts set seq = 1, available = 20 where member_id = 'bob'"),
        True, {"causes", "moves", "versions"}),
    "fewer points arrived than left": (
        ("update points_events set points = 29 where kind = 'move_in' and points = 30",
         "update lots set points = 29, available = 29 where rule = 'transfer' and points = 30",
         "update accounts set available = available - 1 where member_id = 'bob'"),
        True, {"causes", "moves"}),
    "another account is said to have sent it": (
        ("update points_events set origin_seq = 1 where kind = 'move_in' and lot = 2",),
        True, {"moves"}),
    "it lives longer than it did": (
        ("update points_events set expires_at = expires_at + interval '1 day'"
         " where kind = 'move_in'",
         "update lots set expires_at = expires_at + interval '1 day' where rule = 'transfer'"),
        True, {"moves"}),
    "it is older than it was": (
        ("update lots set earned_at = earned_at - interval '1 day' where rule = 'transfer'",),
        False, {"moves"}),
    "the origin is changed under the hash": (
        ("update points_events set origin_account = origin_account + 7 where kind = 'move_in'",),
        False, {"chain", "moves"}),
    "the transfer is gone": (("delete from transfers",), False, {"moves"}),
    "the transfer is said to be of more": (
        ("update transfers set points = points + 1",), False, {"moves"}),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
async def test_verify_finds_what_was_changed(database: str, damage: str) -> None:
    statements, rehash, expected = DAMAGE[damage]
    async with open_shop(database, programme=SHARING) as shop:
        ann, bob = await shop.member_with(120), await shop.member_with(20, "bob")
        assert (await shop.post(PATH, sending(ann, bob, 50))).status_code == 201
        await tamper(database, *statements, rehash=rehash)
        async with snapshot(database) as connection:
            report = await verify(connection)
    found = {check.name for check in report.checks.values() if not check.ok}
    assert found == expected, [check.findings for check in report.checks.values() if not check.ok]
