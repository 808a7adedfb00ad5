"""The gate itself: keys that end, tokens, limits, headers, and an API that cannot be built open."""

import asyncio
from datetime import timedelta

import pytest
from fastapi import APIRouter, FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.responses import Response

from headway.access.audit import operator
from headway.access.scopes import Scope
from headway.access.store import revoke, rotate
from headway_redeem.app import document
from headway_redeem.gate import Gate, put_before, refuse_ungated
from headway_redeem.rates import Bucket, Limit, Rates, take
from headway_redeem.settings import RedeemSettings
from tests.redeem.kit import SECRET, Shop, bearer, open_shop
from tests.redeem.test_access import token_for


async def status(shop: Shop, credential: str, path: str = "/v1/rewards") -> int:
    async with shop.caller(credential) as client:
        return (await client.get(path)).status_code


async def test_a_new_key_works_at_once_and_a_revoked_one_stops(database: str) -> None:
    async with open_shop(database, redeem_key_seconds=0.3) as shop:
        for _ in range(3):
            key = await shop.new_key(Scope.CATALOGUE_READ)
            assert await status(shop, key.text) == 200
        async with shop.pool.acquire() as connection:
            await revoke(connection, key.key.key_id, operator())
        async with asyncio.timeout(2):
            while await status(shop, key.text) != 401:
                await asyncio.sleep(0.05)
        assert await status(shop, shop.key) == 200


async def test_a_rotated_key_goes_on_for_its_grace(database: str) -> None:
    async with open_shop(database, redeem_key_seconds=0.1) as shop:
        old = await shop.new_key(Scope.CATALOGUE_READ)
        async with shop.pool.acquire() as connection:
            new = await rotate(connection, old.key.key_id, operator(), grace=timedelta(seconds=1))
        await asyncio.sleep(0.15)
        assert (await status(shop, old.text), await status(shop, new.text)) == (200, 200)
        await asyncio.sleep(1)
        assert (await status(shop, old.text), await status(shop, new.text)) == (401, 200)


async def test_a_known_key_costs_a_request_no_round_trip(shop: Shop) -> None:
    await status(shop, shop.key)
    await shop.pool.execute("alter table api_keys rename to api_keys_away")
    try:
        assert [await status(shop, shop.key) for _ in range(5)] == [200] * 5
    finally:
        await shop.pool.execute("alter table api_keys_away rename to api_keys")


async def test_without_a_secret_there_are_no_tokens(shop: Shop) -> None:
    answer = await shop.client.post("/v1/member-tokens", json={"member_id": "ann"})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/member-tokens-off")


async def test_secrets_are_replaced_without_a_break(database: str) -> None:
    new = "a newer secret of the tests which is long enough too"
    async with open_shop(database, redeem_token_secrets=SECRET) as shop:
        token = await token_for(shop, "ann")
    async with open_shop(database, redeem_token_secrets=f"{new}, {SECRET}") as shop:
        assert await status(shop, token) == 200
        fresh = await token_for(shop, "ann")
    async with open_shop(database, redeem_token_secrets=new) as shop:
        assert (await status(shop, token), await status(shop, fresh)) == (401, 200)


async def test_a_token_ends_with_the_key_that_issued_it(database: str) -> None:
    async with open_shop(database, redeem_token_secrets=SECRET, redeem_key_seconds=0.1) as shop:
        key = await shop.new_key(Scope.MEMBERS_TOKENS)
        async with shop.caller(key.text) as client:
            answer = await client.post("/v1/member-tokens", json={"member_id": "ann", "minutes": 1})
        token = answer.json()["token"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert await status(shop, token) == 200
        async with shop.pool.acquire() as connection:
            await revoke(connection, key.key.key_id, operator())
        await asyncio.sleep(0.15)
        assert await status(shop, token) == 401


async def test_limits_are_told_and_kept_for_each_key_and_member(database: str) -> None:
    async with open_shop(
        database, redeem_token_secrets=SECRET,
        redeem_rate_key=3, redeem_rate_member=2, redeem_rate_seconds=3600,
    ) as shop:  # fmt: skip
        tokens = [await token_for(shop, "ann"), await token_for(shop, "ann")]
        answer = await shop.client.get("/v1/rewards")
        assert answer.headers["RateLimit-Policy"] == '"key";q=3;w=3600'
        assert answer.headers["RateLimit"] == '"key";r=0;t=3600'
        answer = await shop.client.get("/v1/members/nobody")
        assert (answer.status_code, answer.json()["type"]) == (429, "/problems/too-many-requests")
        assert 1 < int(answer.headers["Retry-After"]) <= 1200
        other = await shop.new_key(Scope.CATALOGUE_READ)
        assert await status(shop, other.text) == 200
        # A second token of the same member brings no second allowance.
        assert [await status(shop, token) for token in (*tokens, tokens[0])] == [200, 200, 429]
        assert (await shop.caller(None).get("/problems/too-many-requests")).status_code == 200


@given(
    st.integers(1, 50), st.integers(1, 100),
    st.lists(st.floats(0, 30, allow_subnormal=False), min_size=1, max_size=60),
)  # fmt: skip
def test_a_bucket_never_gives_more_than_its_limit(
    requests: int, window: int, pauses: list[float]
) -> None:
    limit, now = Limit("x", requests, window), 0.0
    bucket: Bucket | None = None
    granted: list[float] = []
    for pause in pauses:
        now += pause
        bucket, standing = take(limit, bucket, now)
        assert 0 <= standing.left < requests or not standing.granted
        if standing.granted:
            granted.append(now)
        else:
            later = now + standing.retry_after
            assert take(limit, bucket, later)[1].granted, "Retry-After is long enough"
    for began in granted:
        within = [at for at in granted if began <= at < began + window]
        assert len(within) <= 2 * requests, "a full bucket, and what came back meanwhile"


def test_buckets_do_not_pile_up() -> None:
    now = [0.0]
    rates, limit = Rates(lambda: now[0]), Limit("x", 1, 10)
    assert rates.take(limit, "busy").granted
    for number in range(25_000):
        now[0] += 0.0001
        rates.take(limit, str(number))
    assert len(rates._buckets) <= 10_000
    now[0] += 11
    assert rates.take(limit, "busy").granted


async def test_every_answer_carries_what_browsers_should_know(shop: Shop) -> None:
    for path, sent in (
        ("/v1/rewards", "abc-1"),
        ("/elsewhere", "x" * 65),
        ("/v1/openapi.json", ""),
    ):
        answer = await shop.client.get(path, headers={"X-Request-Id": sent})
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert (answer.headers["X-Request-Id"] == sent) == (sent == "abc-1")
    refused = await shop.client.delete("/v1/redemptions")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")


async def test_other_origins_are_let_in_by_name_alone(shop: Shop, database: str) -> None:
    ask = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "Authorization, Idempotency-Key",
    }
    assert (await shop.client.options("/v1/redemptions", headers=ask)).status_code == 405
    async with open_shop(database, redeem_cors_origins="https://shop.example") as opened:
        answer = await opened.caller(None).options("/v1/redemptions", headers=ask)
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        other = ask | {"Origin": "https://elsewhere.example"}
        answer = await opened.caller(None).options("/v1/redemptions", headers=other)
        assert "Access-Control-Allow-Origin" not in answer.headers
        answer = await opened.caller(None).get("/v1/rewards", headers=ask)
        assert answer.status_code == 401, "another origin is no credential"


@pytest.mark.parametrize(
    "wrong",
    [
        {"redeem_cors_origins": "*"},
        {"redeem_cors_origins": "https://*.shop.example"},
        {"redeem_cors_origins": "https://shop.example/page"},
        {"redeem_cors_origins": "shop.example"},
        {"redeem_token_secrets": "too short a secret"},
        {"redeem_token_secrets": f"{SECRET},too short a secret"},
    ],
)
def test_settings_that_would_open_a_door_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        RedeemSettings.model_validate(wrong)
    assert "too short a secret" not in str(refused.value)


def test_an_api_with_an_open_door_cannot_be_built() -> None:
    gate: Gate = object()  # type: ignore[assignment]
    api = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    put_before(api, gate)
    with pytest.raises(LookupError, match=r"'left_open'.*access\.RULES"):

        @api.get("/left-open")
        async def left_open() -> None: ...

    router = APIRouter()

    @router.get("/beside")
    async def rewards() -> None: ...

    def add_router(api: FastAPI) -> None:
        api.include_router(router)

    def mount(api: FastAPI) -> None:
        api.mount("/under", FastAPI())

    def add_plain(api: FastAPI) -> None:
        api.add_route("/plain", lambda request: Response(), name="rewards")

    for add in (add_router, mount, add_plain):
        api = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        put_before(api, gate)
        refuse_ungated(api)
        add(api)
        with pytest.raises(LookupError, match="does not pass the gate"):
            refuse_ungated(api)


def test_the_document_says_who_may() -> None:
    told = document()
    assert set(told["components"]["securitySchemes"]) == {"apiKey", "memberToken"}
    for operations in told["paths"].values():
        for operation in operations.values():
            assert operation["security"], operation["operationId"]
            assert {"401", "403", "429"} <= set(operation["responses"])


async def test_keys_are_in_no_log(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    ann = await shop.member_with(250)
    await shop.reserve(ann, "five")
    await shop.pool.execute("alter table redemptions rename to mislaid")
    assert (await shop.reserve(ann, "five")).status_code == 500
    await shop.pool.execute("alter table mislaid rename to redemptions")
    async with shop.caller(None) as client:
        await client.get("/v1/rewards", headers=bearer(shop.key[:-1]))
    assert caplog.records
    secret = shop.key[16:]
    assert not [one for one in caplog.records if secret[:-1] in repr(one.__dict__)]


async def test_a_misspelt_filter_is_refused(shop: Shop) -> None:
    answer = await shop.client.get("/v1/redemptions?sate=reserved")
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["field"] == "query"
    assert "known: cursor, limit, member_id, since, state" in answer.json()["detail"]
