"""Requests that cannot be used, servers that are busy or broken: a problem document for each."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from headway_redeem.problems import KINDS
from headway_redeem.refusal import MEDIA_TYPE
from tests.redeem.kit import Json, Shop, open_shop

GOOD = {"member_id": "ann", "reward_id": "five"}


@pytest.mark.parametrize("key", [None, "", "x" * 129, "caf\xe9", "tab\there"])
async def test_a_command_needs_a_usable_key(shop: Shop, key: str | None) -> None:
    headers = {} if key is None else {b"Idempotency-Key": key.encode("latin-1")}
    response = await shop.client.post("/v1/redemptions", json=GOOD, headers=headers)
    assert response.status_code == 400
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.json()["type"] == "/problems/invalid-idempotency-key"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"member_id": "ann"}, "body.reward_id"),
        ({**GOOD, "member_id": ""}, "body.member_id"),
        ({**GOOD, "member_id": "a\0b"}, "body.member_id"),
        ({**GOOD, "reward_id": "x" * 129}, "body.reward_id"),
        ({**GOOD, "reward_id": 5}, "body.reward_id"),
        ({**GOOD, "points": 1}, "body.points"),
    ],
)
async def test_what_is_wrong_is_named(shop: Shop, body: Json, field: str) -> None:
    response = await shop.post("/v1/redemptions", body)
    assert response.status_code == 400
    assert response.json()["type"] == "/problems/invalid-request"
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert set(response.json()["errors"][0]) == {"field", "message"}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
async def test_what_is_no_json_object_is_refused(shop: Shop, content: bytes) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    response = await shop.client.post("/v1/redemptions", content=content, headers=headers)
    assert response.status_code == 400
    assert response.json()["type"] == "/problems/invalid-request"


async def test_a_large_body_is_not_read_to_its_end(shop: Shop) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 1000:
            sent += 1
            yield b" " * 1024

    response = await shop.client.post(
        "/v1/redemptions", content=endless(), headers={"Idempotency-Key": "k"}
    )
    assert (response.status_code, response.json()["type"]) == (413, "/problems/too-large")
    assert sent == 17


@pytest.mark.parametrize(
    ("method", "path", "status", "type_"),
    [
        ("GET", "/v1/members/nobody", 404, "/problems/unknown-member"),
        ("GET", "/v1/members/a%2Fb", 404, "/problems/unknown-member"),
        ("GET", "/v1/members/a%00b", 400, "/problems/invalid-request"),
        ("GET", "/v1/redemptions/rdm_none", 404, "/problems/unknown-redemption"),
        ("GET", "/v1/redemptions/a%00b", 400, "/problems/invalid-request"),
        ("POST", "/v1/redemptions/rdm_none/confirm", 404, "/problems/unknown-redemption"),
        ("DELETE", "/v1/redemptions", 405, "about:blank"),
        ("GET", "/elsewhere", 404, "about:blank"),
    ],
)
async def test_what_is_not_there(
    shop: Shop, method: str, path: str, status: int, type_: str
) -> None:
    response = await shop.client.request(method, path, headers={"Idempotency-Key": "k"})
    assert response.headers["content-type"] == MEDIA_TYPE
    assert (response.status_code, response.json()["type"]) == (status, type_)
    assert response.json()["status"] == status


async def test_every_type_of_problem_is_explained_where_it_points(shop: Shop) -> None:
    for kind in KINDS.values():
        found = (await shop.client.get(kind.type)).json()
        assert (found["type"], found["status"]) == (kind.type, int(kind.status))
        assert found["what_to_do"]
    assert (await shop.client.get("/problems/no-such")).status_code == 404


async def test_a_member_id_may_hold_a_slash(shop: Shop) -> None:
    await shop.member_with(50, "shop/7")
    assert (await shop.client.get("/v1/members/shop%2F7")).json()["member_id"] == "shop/7"


async def test_a_lock_that_does_not_come_is_told_in_time(database: str) -> None:
    async with open_shop(database, redeem_lock_seconds=0.2) as shop:
        ann = await shop.member_with(250)
        async with shop.pool.acquire() as other, other.transaction():
            await other.execute("select 1 from accounts for update")
            response = await shop.reserve(ann, "five", key="k")
            assert (await shop.sees(ann))["balances"]["available"] == 250, "reads wait for nobody"
        assert (response.status_code, response.json()["type"]) == (503, "/problems/try-again")
        assert response.headers["Retry-After"] == "1"
        assert (await shop.reserve(ann, "five", key="k")).status_code == 201


async def test_a_request_that_takes_too_long_is_ended(database: str) -> None:
    async with open_shop(database, redeem_request_seconds=0.2) as shop:
        ann = await shop.member_with(250)
        async with shop.pool.acquire() as other, other.transaction():
            await other.execute("select 1 from accounts for update")
            response = await shop.reserve(ann, "five", key="k")
        assert (response.status_code, response.json()["type"]) == (503, "/problems/try-again")
        assert await shop.balances(ann) == (0, 250, 0, 0)
        async with asyncio.timeout(5):
            while (await shop.reserve(ann, "five", key="k")).status_code != 201:
                await asyncio.sleep(0.05)
        assert await shop.balances(ann) == (0, 150, 100, 0)


async def test_an_error_of_ours_tells_nothing_of_itself(breakable: Shop) -> None:
    ann = await breakable.member_with(250)
    await breakable.pool.execute("alter table redemptions rename to mislaid")
    response = await breakable.reserve(ann, "five")
    assert (response.status_code, response.json()["type"]) == (500, "/problems/internal")
    assert "redemptions" not in response.text.replace("/v1/redemptions", "")
    assert await breakable.balances(ann) == (0, 250, 0, 0)
    assert await breakable.pool.fetchval("select count(*) from idempotency_keys") == 0


async def test_without_a_programme_there_is_nothing_to_show(breakable: Shop) -> None:
    await breakable.pool.execute("alter table program_versions disable trigger all")
    await breakable.pool.execute("delete from program_versions")
    response = await breakable.client.get("/v1/rewards")
    assert (response.status_code, response.json()["type"]) == (503, "/problems/no-programme")


async def test_connections_that_are_cut_are_made_anew(shop: Shop, database: str) -> None:
    ann = await shop.member_with(250)
    other = await asyncpg.connect(database)
    try:
        async with other.transaction():
            await other.execute("select 1 from accounts for update")
            waiting = asyncio.create_task(shop.reserve(ann, "five", key="k"))
            await asyncio.sleep(0.3)
            await other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            response = await waiting
        assert (response.status_code, response.json()["type"]) == (503, "/problems/try-again")
        assert (await shop.reserve(ann, "five", key="k")).status_code == 201
        assert await shop.balances(ann) == (0, 150, 100, 0)
    finally:
        await other.close()
