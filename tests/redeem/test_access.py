"""Who may use which route: for every route of the API, what each kind of caller gets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import httpx
import jwt
import pytest

from headway.access.audit import operator
from headway.access.scopes import Scope
from headway.access.store import revoke, rotate
from headway.ledger import codes
from headway.runtime.clock import SystemClock
from headway_redeem.access import OPEN
from headway_redeem.refusal import MEDIA_TYPE
from headway_redeem.tokens import Claims, Tokens
from tests.redeem.kit import SECRET, SHARED, SHOES, Json, Shop, bearer, open_shop

OWN, FOREIGN, OTHER = "ann", "bob", "cid"


class Request(NamedTuple):
    """What a route is asked, about OWN, so that it works for whoever may."""

    method: str
    path: str
    body: Json | None = None


async def member(shop: Shop) -> Request:
    return Request("GET", f"/v1/members/{OWN}")


async def history(shop: Shop) -> Request:
    return Request("GET", f"/v1/members/{OWN}/history")


async def balance(shop: Shop) -> Request:
    return Request("GET", f"/v1/members/{OWN}/balance?at=2025-06-01T00:00:00Z")


async def explanation(shop: Shop) -> Request:
    return Request("GET", f"/v1/members/{OWN}/explanation")


async def set_goal(shop: Shop) -> Request:
    return Request("PUT", f"/v1/members/{OWN}/goal", {"reward_id": "five"})


async def clear_goal(shop: Shop) -> Request:
    return Request("DELETE", f"/v1/members/{OWN}/goal")


async def rewards(shop: Shop) -> Request:
    return Request("GET", "/v1/rewards")


async def reserve(shop: Shop) -> Request:
    return Request("POST", "/v1/redemptions", {"member_id": OWN, "reward_id": "five"})


async def redemption(shop: Shop) -> Request:
    return Request("GET", f"/v1/redemptions/{await shop.reserved(OWN, 'five')}")


async def confirm(shop: Shop) -> Request:
    return Request("POST", f"{(await redemption(shop)).path}/confirm")


async def cancel(shop: Shop) -> Request:
    return Request("POST", f"{(await redemption(shop)).path}/cancel")


async def reverse(shop: Shop) -> Request:
    id_ = await shop.reserved(OWN, "five")
    await shop.step(id_, "confirm")
    return Request("POST", f"/v1/redemptions/{id_}/reverse")


async def fulfil(shop: Shop) -> Request:
    id_ = await shop.reserved(OWN, "five")
    await shop.step(id_, "confirm")
    return Request("POST", f"/v1/redemptions/{id_}/fulfil")


async def quote(shop: Shop) -> Request:
    return Request("POST", "/v1/quotes", {"member_id": OWN, "reward_id": "five"})


async def priced(shop: Shop) -> Request:
    return Request("GET", f"/v1/rewards?member_id={OWN}")


async def code(shop: Shop) -> Request:
    return Request("GET", f"/v1/codes/{await given(shop)}")


async def use_code(shop: Shop) -> Request:
    return Request("POST", f"/v1/codes/{await given(shop)}/use", {"order_id": "o"})


async def given(shop: Shop) -> str:
    """A code that a member has."""
    async with shop.pool.acquire() as connection:
        await codes.generate(connection, "coffee", 1)
    confirmed = await shop.step(await shop.reserved(OWN, "coffee"), "confirm")
    return str(confirmed.json()["code"])


async def member_token(shop: Shop) -> Request:
    return Request("POST", "/v1/member-tokens", {"member_id": OWN})


async def explain(shop: Shop) -> Request:
    return Request("GET", "/problems/forbidden")


async def openapi(shop: Shop) -> Request:
    return Request("GET", "/v1/openapi.json")


async def redemptions(shop: Shop) -> Request:
    return Request("GET", f"/v1/redemptions?member_id={OWN}")


async def adjust(shop: Shop) -> Request:
    body: Json = {"member_id": OWN, "points": 5, "reason": "late parcel", "by": "sue"}
    return Request("POST", "/v1/adjustments", body)


async def proposed(shop: Shop) -> str:
    """An adjustment that waits for a second person."""
    body: Json = {"member_id": OWN, "points": 5000, "reason": "lost parcel", "by": "sue"}
    return str((await shop.post("/v1/adjustments", body)).json()["adjustment_id"])


async def approve_adjustment(shop: Shop) -> Request:
    return Request("POST", f"/v1/adjustments/{await proposed(shop)}/approve", {"by": "tom"})


async def reject_adjustment(shop: Shop) -> Request:
    return Request("POST", f"/v1/adjustments/{await proposed(shop)}/reject", {"by": "tom"})


async def adjustments(shop: Shop) -> Request:
    return Request("GET", "/v1/adjustments?state=proposed")


async def erase(shop: Shop) -> Request:
    # Of somebody new each time: who was erased cannot be again.
    who = await shop.member_with(50, f"gone-{datetime.now(UTC).timestamp()}")
    return Request("POST", f"/v1/members/{who}/erase", {"reason": "asked to", "by": "sue"})


async def catalogue_state(shop: Shop) -> Request:
    return Request("GET", "/v1/admin/rewards")


async def code_pools(shop: Shop) -> Request:
    return Request("GET", "/v1/admin/codes")


async def export(shop: Shop) -> Request:
    return Request("GET", f"/v1/members/{OWN}/export")


async def set_stock(shop: Shop) -> Request:
    return Request("POST", "/v1/admin/rewards/tote/stock", {"total": 7, "by": "sue"})


async def transfer(shop: Shop) -> Request:
    return Request(
        "POST", "/v1/transfers", {"member_id": OWN, "to_member_id": FOREIGN, "points": 10}
    )


async def create_pool(shop: Shop) -> Request:
    await shop.pool.execute("update pool_members set state = 'left'")
    return Request("POST", "/v1/pools", {"member_id": OWN})


async def opened_pool(shop: Shop, owner: str = OWN) -> str:
    """A pool of its own; whoever was in another has left it."""
    await create_pool(shop)
    answer = await shop.post("/v1/pools", {"member_id": owner})
    assert answer.status_code == 201, answer.text
    return f"/v1/pools/{answer.json()['pool_id']}"


async def invited(shop: Shop) -> str:
    """A pool of another member's, which OWN is invited to."""
    path = await opened_pool(shop, OTHER)
    await shop.post(f"{path}/invite", {"member_id": OTHER, "invited_id": OWN})
    return path


async def joined(shop: Shop) -> str:
    path = await invited(shop)
    await shop.post(f"{path}/accept", {"member_id": OWN})
    return path


async def pool(shop: Shop) -> Request:
    return Request("GET", await opened_pool(shop))


async def member_pool(shop: Shop) -> Request:
    return Request("GET", f"/v1/members/{OWN}/pool")


async def invite(shop: Shop) -> Request:
    path = await opened_pool(shop)
    return Request("POST", f"{path}/invite", {"member_id": OWN, "invited_id": OTHER})


async def accept(shop: Shop) -> Request:
    return Request("POST", f"{await invited(shop)}/accept", {"member_id": OWN})


async def decline(shop: Shop) -> Request:
    return Request("POST", f"{await invited(shop)}/decline", {"member_id": OWN})


async def leave(shop: Shop) -> Request:
    return Request("POST", f"{await joined(shop)}/leave", {"member_id": OWN})


async def spending(shop: Shop) -> Request:
    asked = await invite(shop)
    await shop.post(asked.path, asked.body)
    body: Json = {"member_id": OWN, "of_member_id": OTHER, "may_spend": True}
    return Request("POST", asked.path.replace("/invite", "/spending"), body)


async def dissolve(shop: Shop) -> Request:
    return Request("POST", f"{await opened_pool(shop)}/dissolve", {"member_id": OWN})


SHOP = (
    SHOES
    + """\
  - {id: coffee, name: Coffee, kind: voucher, points: 100, value: "3.00 USD", codes: {pool: coffee}}
  - {id: tote, name: Tote, kind: free_product, sku: tote, points: 100, value: "3.00 USD", stock: 5}
"""
    + SHARED
)


class Row(NamedTuple):
    """Who may use a route: keys with one of these scopes, and what members' tokens get."""

    ask: Callable[[Shop], Awaitable[Request]]
    scopes: frozenset[str]
    own: int
    foreign: int


def row(ask: Callable[[Shop], Awaitable[Request]], scopes: str, own: int, foreign: int) -> Row:
    return Row(ask, frozenset(scopes.split()), own, foreign)


TABLE: Mapping[str, Row] = {
    "member": row(member, "members:read", 200, 404),
    "history": row(history, "members:read", 200, 404),
    "balance": row(balance, "members:read", 200, 404),
    "explanation": row(explanation, "members:read", 200, 404),
    "set_goal": row(set_goal, "redemptions:write", 200, 404),
    "clear_goal": row(clear_goal, "redemptions:write", 200, 404),
    "rewards": row(rewards, "catalogue:read", 200, 200),
    "quote": row(quote, "redemptions:write", 200, 404),
    "reserve": row(reserve, "redemptions:write", 201, 404),
    "redemption": row(redemption, "members:read redemptions:write", 200, 404),
    "confirm": row(confirm, "redemptions:write", 200, 404),
    "fulfil": row(fulfil, "redemptions:write", 403, 403),
    "cancel": row(cancel, "redemptions:write", 200, 404),
    "reverse": row(reverse, "redemptions:reverse", 403, 403),
    "transfer": row(transfer, "pools:write", 201, 404),
    "pool": row(pool, "members:read pools:write", 200, 404),
    "member_pool": row(member_pool, "members:read", 200, 404),
    "create_pool": row(create_pool, "pools:write", 201, 404),
    "invite": row(invite, "pools:write", 200, 404),
    "accept": row(accept, "pools:write", 200, 404),
    "decline": row(decline, "pools:write", 200, 404),
    "leave": row(leave, "pools:write", 200, 404),
    "spending": row(spending, "pools:write", 200, 404),
    "dissolve": row(dissolve, "pools:write", 200, 404),
    "code": row(code, "codes:use", 403, 403),
    "use_code": row(use_code, "codes:use", 403, 403),
    "redemptions": row(redemptions, "members:read admin:read", 403, 403),
    "adjust": row(adjust, "admin:write", 403, 403),
    "approve_adjustment": row(approve_adjustment, "admin:write", 403, 403),
    "reject_adjustment": row(reject_adjustment, "admin:write", 403, 403),
    "adjustments": row(adjustments, "admin:read", 403, 403),
    "catalogue_state": row(catalogue_state, "admin:read", 403, 403),
    "code_pools": row(code_pools, "admin:read", 403, 403),
    "export": row(export, "admin:read", 403, 403),
    "erase": row(erase, "members:erase", 403, 403),
    "set_stock": row(set_stock, "admin:write", 403, 403),
    "member_token": row(member_token, "members:tokens", 403, 403),
    "explain": row(explain, "*", 200, 200),
    "openapi": row(openapi, "*", 200, 200),
}


CREATING = ("reserve", "member_token", "adjust", "transfer", "create_pool")


def names(shop: Shop) -> set[str]:
    """Every route that the API serves."""
    return {getattr(route, "name", repr(route)) for route in shop.api.routes}


async def send(shop: Shop, asked: Request, credential: str | None, key: str = "") -> httpx.Response:
    headers = {"Idempotency-Key": key or f"k-{datetime.now(UTC).timestamp()}"}
    async with shop.caller(credential) as client:
        return await client.request(asked.method, asked.path, json=asked.body, headers=headers)


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Shop]:
    """A shop that issues tokens, whose members ann and bob have points."""
    async with open_shop(database, programme=SHOP, redeem_token_secrets=SECRET) as shop:
        await shop.member_with(9000, OWN)
        await shop.member_with(9000, FOREIGN)
        await shop.member_with(20, OTHER)
        yield shop


async def token_for(shop: Shop, member_id: str) -> str:
    answer = await shop.client.post("/v1/member-tokens", json={"member_id": member_id})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


async def test_prices_are_shown_to_the_member_whose_they_are(desk: Shop) -> None:
    for member_id, status in ((OWN, 200), (FOREIGN, 404)):
        answer = await send(desk, await priced(desk), await token_for(desk, member_id))
        assert answer.status_code == status, answer.text


async def test_every_route_says_who_may(desk: Shop) -> None:
    """A new route fails here until it has a row."""
    assert names(desk) == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
async def test_who_gets_what(desk: Shop, name: str) -> None:
    wanted = TABLE[name]
    everybody = "*" in wanted.scopes
    works = 201 if name in CREATING else 200
    keys = {scope: (await desk.new_key(scope)).text for scope in Scope}
    for scope, key in keys.items():
        answer = await send(desk, await wanted.ask(desk), key)
        may = everybody or scope.value in wanted.scopes
        assert answer.status_code == (works if may else 403), (scope, answer.text)
    for member_id, status in ((OWN, wanted.own), (FOREIGN, wanted.foreign)):
        answer = await send(desk, await wanted.ask(desk), await token_for(desk, member_id))
        assert answer.status_code == status, (member_id, answer.text)
    asked = await wanted.ask(desk)
    credentials = await no_good(desk)
    answers = await asyncio.gather(*(send(desk, asked, one) for one in credentials))
    for credential, answer in zip(credentials, answers, strict=True):
        assert answer.status_code == (works if everybody else 401), (credential, answer.text)
        if not everybody:
            assert answer.headers["content-type"] == MEDIA_TYPE
            assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="headway"')
            assert answer.json()["type"] == "/problems/unauthenticated"


async def no_good(shop: Shop) -> list[str | None]:
    """No key, wrong keys and tokens, and those that were good once."""
    revoked, expired = (
        await shop.new_key(*Scope),
        await shop.new_key(*Scope, lasts=timedelta(milliseconds=1)),
    )
    rotated = await shop.new_key(*Scope)
    async with shop.pool.acquire() as connection:
        await revoke(connection, revoked.key.key_id, operator())
        await rotate(connection, rotated.key.key_id, operator(), grace=timedelta(0))
    good = shop.key
    orphan, _ = Tokens([SECRET], SystemClock().now).issue(
        Claims(OWN, revoked.key.key_id), timedelta(minutes=5)
    )
    return [
        None, "", "x", "hk_", good[:-1], good + "x", good.upper(),
        good[:-2] + ("AA" if not good.endswith("AA") else "BB"), "hk_" + "0" * 12 + good[15:],
        revoked.text, expired.text, rotated.text, orphan, "x" * 5000,
        *forged(shop),
    ]  # fmt: skip


def forged(shop: Shop) -> list[str]:
    """Tokens that are not ours, or not good any more."""
    now = datetime.now(UTC)
    good = {
        "iss": "headway", "aud": "headway/redeem", "sub": OWN, "key": shop.key[3:15],
        "iat": now, "exp": now + timedelta(minutes=5),
    }  # fmt: skip

    def signed(secret: str = SECRET, algorithm: str = "HS256", **other: object) -> str:
        claims = {name: value for name, value in (good | other).items() if value is not None}
        return jwt.encode(claims, secret, algorithm=algorithm)

    long_ago = now - timedelta(minutes=30)
    return [
        signed("another secret, which is long enough as well"),
        jwt.encode(good, "", algorithm="none"),
        signed("x" * 64, algorithm="HS384"),
        signed(SECRET * 2, algorithm="HS512"),
        signed(iat=long_ago, exp=now - timedelta(seconds=10)),
        signed(exp=now + timedelta(minutes=16)),
        signed(iat=long_ago, exp=now + timedelta(minutes=5)),
        signed(iat=now + timedelta(minutes=5), exp=now + timedelta(minutes=10)),
        signed(exp=None),
        signed(iat=None),
        signed(sub=None),
        signed(key=None),
        signed(key="0" * 12),
        signed(aud="elsewhere"),
        signed(iss="elsewhere"),
        signed(sub=7),
        signed()[:-2],
    ]


async def test_a_foreign_member_learns_nothing(desk: Shop) -> None:
    """What is another's is answered in the very words for what is nobody's."""
    token = await token_for(desk, FOREIGN)
    there = await desk.reserved(OWN, "five")
    nowhere = "rdm_" + "x" * 24
    for asked, other in (
        (Request("GET", f"/v1/members/{OWN}"), Request("GET", "/v1/members/nob")),
        (
            Request("POST", "/v1/redemptions", {"member_id": OWN, "reward_id": "five"}),
            Request("POST", "/v1/redemptions", {"member_id": "nob", "reward_id": "five"}),
        ),
        (Request("GET", f"/v1/redemptions/{there}"), Request("GET", f"/v1/redemptions/{nowhere}")),
        (
            Request("POST", f"/v1/redemptions/{there}/cancel"),
            Request("POST", f"/v1/redemptions/{nowhere}/cancel"),
        ),
    ):
        one, two = await send(desk, asked, token), await send(desk, other, token)
        assert (one.status_code, two.status_code) == (404, 404)
        told = two.text.replace(nowhere, there).replace("nob", OWN)
        assert one.text == told
        assert set(one.headers) == set(two.headers)
    assert (await desk.client.get(f"/v1/redemptions/{there}")).json()["state"] == "reserved"
    to_a_key = await desk.client.get("/v1/members/nob")
    assert to_a_key.text == (await send(desk, Request("GET", "/v1/members/nob"), token)).text


async def test_a_body_cannot_name_two_members(desk: Shop) -> None:
    """The gate and the route read one and the same body."""
    token = await token_for(desk, FOREIGN)
    twice = b'{"member_id": "%s", "reward_id": "five", "member_id": "%s"}'
    for first, last, status in ((OWN, FOREIGN, 201), (FOREIGN, OWN, 404)):
        answer = await desk.client.post(
            "/v1/redemptions",
            content=twice % (first.encode(), last.encode()),
            headers={**bearer(token), "Idempotency-Key": f"k-{last}",
                     "Content-Type": "application/json"},
        )  # fmt: skip
        assert answer.status_code == status
    assert (await desk.balances(OWN))[2] == 0, "nothing of hers is held"
    for content in (b"", b"{", b"[]", b"\xff", b'{"member_id": 7}', b"[" * 5000):
        answer = await desk.client.post(
            "/v1/redemptions", content=content,
            headers={**bearer(token), "Idempotency-Key": "k"},
        )  # fmt: skip
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-request")


async def test_nobody_elses_command_is_met_by_guessing_its_key(desk: Shop) -> None:
    asked = Request("POST", "/v1/redemptions", {"member_id": OWN, "reward_id": "five"})
    theirs = asked._replace(body={"member_id": FOREIGN, "reward_id": "five"})
    bobs = await send(desk, theirs, await token_for(desk, FOREIGN), key="order-7")
    anns = await send(desk, asked, await token_for(desk, OWN), key="order-7")
    shops = await send(desk, asked, desk.key, key="order-7")
    assert [bobs.status_code, anns.status_code, shops.status_code] == [201, 201, 201]
    assert len({one.json()["redemption_id"] for one in (bobs, anns, shops)}) == 3
    again = await send(desk, asked, await token_for(desk, OWN), key="order-7")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == anns.json()


async def test_open_routes_are_few(desk: Shop) -> None:
    assert {"explain", "openapi"} == OPEN


async def test_which_order_points_pay_is_for_the_checkout_to_say(desk: Shop) -> None:
    """A member could name an order to return, and pay another."""
    asked = Request(
        "POST", "/v1/redemptions", {"member_id": OWN, "reward_id": "five", "order_id": "o"}
    )
    refused = await send(desk, asked, await token_for(desk, OWN))
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")
    assert "insufficient_scope" in refused.headers["WWW-Authenticate"]
    assert (await send(desk, asked, desk.key)).status_code == 201
