"""A member is erased: the name is nowhere, and nothing else has changed."""

import asyncio
import base64
import json
import re
from datetime import timedelta
from urllib.parse import quote

import httpx
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headway.access.audit import ERASE, entries
from headway.ledger.erasing import NAMELESS
from headway.ledger.erasing_pattern import naming_pattern
from headway.ledger.replay import replay
from headway.stream.dead_letters.kept import Filter, Page, listed, shown
from tests.redeem.kit import JOINED, LATER, Json, Shop

NAME = 'ann "the/first" ö'
SUBJECT = json.dumps([["ce_subject", base64.b64encode(NAME.encode()).decode()]])
BODIES = [
    json.dumps({"subject": NAME}, indent=1).encode(),
    json.dumps({"data": {"member_id": NAME}}, ensure_ascii=False).encode(),
    b'{"referrer_id":"ann \\u0022the\\/first\\u0022 \\u00F6"',
    b'\xff\x00 "member_id" : ' + orjson.dumps(NAME),
]
"""Of letters under no key, or a wrong one: also spelt as other libraries do, cut off, no UTF-8."""
OTHERS = [
    b"\xff\x00", b"{", orjson.dumps({"subject": NAME + "a"}), orjson.dumps({"member_id": "ann"}),
    orjson.dumps({"name": NAME}),
]  # fmt: skip
WHY: Json = {"reason": "asked us to", "by": "staff-3"}
DAY = timedelta(days=1)


async def holding(shop: Shop, name: str = NAME) -> set[str]:
    """The tables that hold the name, as text, as JSON or as bytes; but for the outbox, which holds
    what is on its way."""
    tables = await shop.pool.fetch(
        "select format('%I.%I', schemaname, tablename) as name from pg_tables "
        "where schemaname in ('public', 'notify') and tablename <> 'outbox'"
    )
    texts = [name, orjson.dumps(name).decode()[1:-1], name.encode().hex()]
    there = "select exists (select from {} as x, unnest($1::text[]) as t(text) where strpos(x::text, t.text) > 0 or strpos(to_jsonb(x)::text, t.text) > 0)"  # noqa: E501
    return {
        table["name"]
        for table in tables
        if await shop.pool.fetchval(there.format(table["name"]), texts)
    }


async def standing(shop: Shop) -> list[object]:
    """Points, hashes, lots and balances of everybody."""
    return [
        *await shop.pool.fetch("select * from points_events order by account_id, seq"),
        *await shop.pool.fetch("select * from lots order by account_id, lot"),
        *await shop.pool.fetch(
            "select account_id, pending, available, reserved, owed, seq, head_hash, tier"
            " from accounts order by account_id"
        ),
    ]


async def erase(shop: Shop, name: str = NAME, key: str = "") -> httpx.Response:
    return await shop.post(f"/v1/members/{quote(name, safe='')}/erase", WHY, key)


async def nameless(shop: Shop) -> tuple[int, str]:
    row = await shop.pool.fetchrow(
        "select account_id, member_id from accounts where starts_with(member_id, $1)", NAMELESS
    )
    assert row is not None
    return row["account_id"], row["member_id"]


@pytest.fixture
async def ann(shop: Shop) -> str:
    """A member with orders, a parked return, redemptions, adjustments and a dead letter."""
    await shop.tell("member.joined", NAME, JOINED)
    await shop.buys(NAME, "o-1", 880)
    await shop.returns(NAME, "o-2", 1, LATER)
    await shop.step(await shop.reserved(NAME, "five"), "confirm")
    await shop.reserved(NAME, "five")
    adjusted = {"member_id": NAME, "points": 5, "reason": "late", "by": "sue"}
    assert (await shop.post("/v1/adjustments", adjusted)).status_code == 201
    await shop.pool.execute(
        'insert into dead_letters (consumer_group, topic, partition, "offset", key, value,'
        " headers, stage, reason, message, release, failed_at)"
        " values ('g', 't', 0, 0, $1, $1, $2, 'decode', 'not-json', 'm', 'r', now()),"
        " ('g', 't', 0, 1, 'no name', $1, $2, 'decode', 'not-json', 'm', 'r', now())",
        NAME.encode(), SUBJECT,
    )  # fmt: skip
    for offset, body in enumerate(BODIES):
        await refuse(shop, 10 + offset, body, f"DETAIL: Failing row contains ({NAME}).")
    return NAME


async def refuse(shop: Shop, offset: int, body: bytes, message: str) -> None:
    """A dead letter with this body, under no key or under a wrong one."""
    await shop.pool.execute(
        'insert into dead_letters (consumer_group, topic, partition, "offset", key, value,'
        " headers, stage, reason, message, release, failed_at)"
        " values ('g', 't', 0, $1, $2, $3, '[]', 'write', 'refused', $4, 'r', now())",
        offset, b"wrong" if offset % 2 else None, body, message,
    )  # fmt: skip


async def friend_of(shop: Shop, name: str, friend: str = "bob") -> None:
    """A friend whom the member referred, with a first order that counts."""
    await shop.tell("member.joined", friend, JOINED)
    await shop.tell("referral.created", friend, JOINED, referral_id=f"r-{friend}", referrer_id=name)
    await shop.buys(friend, f"{friend}-1", 60)


async def replayed(shop: Shop) -> list[object]:
    async with (
        shop.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return list((await replay(connection)).differences)


async def test_the_name_is_nowhere_and_every_point_is_where_it_was(shop: Shop, ann: str) -> None:
    await friend_of(shop, ann)
    before = await standing(shop)
    assert await holding(shop) >= {
        "public.accounts", "public.dead_letters", "public.idempotency_keys", "public.inputs",
    }  # fmt: skip
    answer = await erase(shop, key="once")
    assert answer.status_code == 200, answer.text
    assert await holding(shop) == set()
    kept = "select from dead_letters where headers::text <> '[]' or value is not null"
    assert await shop.pool.fetch(kept) == []
    async with shop.pool.acquire() as connection:
        letters = await listed(connection, Filter(), Page())
        assert len(letters) == 2 + len(BODIES)
        assert {letter.message for letter in letters} == {""}
        assert all([(await shown(connection, letter.id)).erased for letter in letters])
    assert await standing(shop) == before
    assert await replayed(shop) == []
    assert (await shop.client.get(f"/v1/members/{quote(ann, safe='')}")).status_code == 404
    assert (await erase(shop, key="once")).json() == answer.json()
    assert (await erase(shop)).status_code == 404


async def test_letters_of_others_stay_as_they_are(shop: Shop, ann: str) -> None:
    for offset, body in enumerate(OTHERS):
        await refuse(shop, 20 + offset, body, "why")
    others = 'select * from dead_letters where "offset" >= 20 order by id'
    before = await shop.pool.fetch(others)
    await erase(shop)
    assert await shop.pool.fetch(others) == before


@pytest.mark.parametrize("ensure_ascii", [True, False])
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
@example('a\\"/\n\x7fö€😀.*[')
def test_the_pattern_finds_every_name_as_json_spells_it(ensure_ascii: bool, name: str) -> None:
    """Postgres' and Python's expressions agree on all that the pattern makes use of."""
    body = json.dumps({"member_id": name}, ensure_ascii=ensure_ascii).encode()
    shown_as = "".join(
        "\\\\" if byte == 92 else chr(byte) if 0 < byte < 128 else f"\\{byte:03o}" for byte in body
    )
    assert re.search(naming_pattern(name), shown_as)
    assert not re.search(naming_pattern(name + "x"), shown_as)


async def test_it_is_told_to_notify_and_under_the_new_name_alone(shop: Shop, ann: str) -> None:
    await shop.pool.execute("truncate outbox")
    await erase(shop)
    account_id, name = await nameless(shop)
    told = await shop.pool.fetch("select topic, key, value from outbox order by id")
    assert {(row["topic"], bytes(row["key"])): row["value"] is None for row in told} == {
        ("t.balance-changed", name.encode()): False,
        ("t.member-contacts", ann.encode()): True,
    }
    async with shop.pool.acquire() as connection:
        [last] = await entries(connection, limit=1)
    assert (last.act, last.target) == (ERASE, f"account:{account_id}")
    assert last.detail == {"reason": "asked us to", "by": "staff-3", "friends": 0}


async def test_what_was_asked_for_goes_on_without_the_name(shop: Shop, ann: str) -> None:
    """A reservation can still be cancelled by its id; nothing is earned any more."""
    held = await shop.pool.fetchval(
        "select redemption_id from redemptions where state = 'reserved'"
    )
    await erase(shop)
    _, name = await nameless(shop)
    assert (await shop.step(held, "cancel")).json()["member_id"] == name
    before = await shop.balances(name)
    await shop.buys(name, "o-9", 100, LATER + DAY)
    assert await shop.balances(name) == before
    assert (await shop.reserve(name, "five")).json()["type"] == "/problems/member-left"


async def test_what_a_friend_does_reaches_the_account(shop: Shop, ann: str) -> None:
    await friend_of(shop, ann)
    await erase(shop)
    _, name = await nameless(shop)
    await shop.pool.execute("truncate outbox")
    await shop.returns("bob", "bob-1", 60, LATER + DAY)
    effects = await shop.pool.fetch("select key from outbox where topic = 't.effects'")
    assert [bytes(row["key"]).decode() for row in effects] == [name]
    assert await replayed(shop) == []


async def test_two_who_referred_each_other_s_friends_can_both_go(shop: Shop) -> None:
    """Locks are taken in one order, so erasing both at once ends with both."""
    for name, friend in (("ann", "bob"), ("bob", "cid"), ("cid", "dan")):
        await shop.tell("member.joined", name, JOINED)
        await friend_of(shop, name, friend)
    answers = await asyncio.gather(*(erase(shop, name) for name in ("ann", "bob", "cid")))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert await shop.pool.fetchval(
        "select count(*) from accounts where starts_with(member_id, $1)", NAMELESS
    ) == 3  # fmt: skip
    assert [name for name in ("ann", "bob", "cid") if await holding(shop, f'"{name}"')] == []
    assert await replayed(shop) == []


async def test_who_comes_back_is_new(shop: Shop, ann: str) -> None:
    await erase(shop)
    await shop.tell("member.joined", ann, LATER + DAY)
    assert await shop.balances(ann) == (0, 20, 0, 0)


async def test_pools_are_left_and_with_their_owner_end(household: Shop) -> None:
    for name in ("ann", "bob", "cid"):
        await household.tell("member.joined", name, JOINED)
    made = (await household.post("/v1/pools", {"member_id": "ann"})).json()["pool_id"]
    for name in ("bob", "cid"):
        invited = {"member_id": "ann", "invited_id": name, "may_spend": True}
        assert (await household.post(f"/v1/pools/{made}/invite", invited)).status_code == 200
    accepted = await household.post(f"/v1/pools/{made}/accept", {"member_id": "bob"})
    assert accepted.status_code == 200, accepted.text
    assert (await erase(household, "bob")).status_code == 200
    left = (await household.client.get(f"/v1/pools/{made}")).json()
    assert [(one["member_id"], one["state"]) for one in left["members"]] == [
        ("ann", "joined"), ("cid", "invited"),
    ]  # fmt: skip
    assert (await erase(household, "ann")).status_code == 200
    assert (await household.client.get(f"/v1/pools/{made}")).json()["state"] == "dissolved"
    assert [name for name in ("ann", "bob") if await holding(household, f'"{name}"')] == []
