"""One line for each request: what was asked and what came of it, and nothing of anybody's."""

import json
import logging
from collections.abc import AsyncIterator

import pytest

from headway.runtime.logging import JsonLines
from headway.runtime.requests import key_digest
from tests.notify.conftest import desk, pool
from tests.notify.desk import FORM, Desk
from tests.redeem.kit import SECRET, Json, Shop, open_shop

__all__ = ["desk", "pool"]

NAME, ADDRESS = "Maria Gonzalez", "maria.gonzalez@example.com"


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Shop]:
    async with open_shop(database, redeem_token_secrets=SECRET) as shop:
        yield shop


def lines(caplog: pytest.LogCaptureFixture) -> list[Json]:
    """Everything that was logged, as it is written."""
    return [json.loads(JsonLines("test").format(record)) for record in caplog.records]


def requests(caplog: pytest.LogCaptureFixture) -> list[Json]:
    return [line for line in lines(caplog) if line.get("event") == "request"]


async def test_a_command_is_told_with_its_route_key_and_outcome(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    await shop.member_with(250)
    caplog.set_level(logging.INFO)
    id_ = await shop.reserved("ann", "ten")
    answer = await shop.step(id_, "confirm", key="order 17 of ann")
    assert answer.status_code == 200
    line = requests(caplog)[-1]
    told = {
        name: line[name]
        for name in ("method", "route", "status", "command", "outcome", "key_digest", "by")
    }
    assert told == {
        "method": "POST", "route": "/v1/redemptions/{redemption_id}/confirm", "status": 200,
        "command": "redemption.confirm", "outcome": "applied",
        "key_digest": key_digest("order 17 of ann"), "by": "key",
    }  # fmt: skip
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert line["duration_s"] > 0
    assert len(line["key_id"]) == 12
    again = await shop.step(id_, "confirm", key="order 17 of ann")
    assert (again.status_code, requests(caplog)[-1]["outcome"]) == (200, "repeated")


async def test_a_refusal_says_why_in_the_words_of_its_type(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    await shop.member_with(50)
    caplog.set_level(logging.INFO)
    assert (await shop.reserve("ann", "ten")).status_code == 409
    assert (await shop.client.get("/v1/members/nobody")).status_code == 404
    assert (await shop.client.get("/v1/no-such-thing")).status_code == 404
    async with shop.caller("hw_bad") as stranger:
        assert (await stranger.get("/v1/rewards")).status_code == 401
    told = [(line["route"], line["outcome"], line.get("reason")) for line in requests(caplog)]
    assert told == [
        ("/v1/redemptions", "refused", "insufficient-points"),
        ("/v1/members/{member_id}", "refused", "unknown-member"),
        ("none", "refused", "other"),
        ("/v1/rewards", "refused", "unauthenticated"),
    ]


async def test_what_is_somebodys_is_in_no_line(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """Callers put anything anywhere: names in paths, addresses in keys, tokens in the query."""
    await shop.member_with(250)
    caplog.set_level(logging.DEBUG)
    token = (
        await shop.client.post("/v1/member-tokens", json={"member_id": "ann", "minutes": 5})
    ).json()["token"]
    headers = {"Idempotency-Key": ADDRESS, "X-Request-Id": "r-17"}
    body = {"member_id": "ann", "reward_id": "ten", "order_id": NAME}
    await shop.client.post("/v1/redemptions", json=body, headers=headers)
    await shop.client.post("/v1/redemptions", json={**body, "note": NAME}, headers=headers)
    await shop.client.get(f"/v1/members/{ADDRESS}", params={"name": NAME})
    await shop.client.post(f"/v1/codes/{NAME[:5]}-SECRET-CODE/use", headers=headers, json={})
    async with shop.caller(token) as member:
        await member.get("/v1/members/ann", params={"token": token})
    await shop.client.request("GONZALEZ", f"/v1/{NAME}")
    assert len(requests(caplog)) == 7
    # The client of this test has a logger of its own, which tells the addresses it asks.
    text = json.dumps([one for one in lines(caplog) if one["logger"].startswith("headway")])
    for secret in (NAME, "Gonzalez", "GONZALEZ", ADDRESS, token, shop.key, "SECRET-CODE"):
        assert secret not in text


async def test_of_the_unsubscribe_page_no_token_is_told(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.contact(email=ADDRESS, name=NAME)
    link = await desk.link()
    token = link.rpartition("/")[2]
    caplog.set_level(logging.INFO, logger="headway")
    await desk.client.get(link)
    await desk.client.post(link, content="List-Unsubscribe=One-Click", headers=FORM)
    await desk.client.get("/u/" + token[::-1])
    await desk.client.post("/feedback/generic", content=json.dumps({"recipient": ADDRESS}))
    await desk.client.get(f"/{token}/{ADDRESS}")
    told = [(one["route"], one["status"], one.get("outcome")) for one in requests(caplog)]
    assert told == [
        ("/u/{token}", 200, "ok"),
        ("/u/{token}", 200, "one_click"),
        ("/u/{token}", 404, "no such link"),
        ("/feedback/generic", 403, "refused"),
        ("none", 404, "refused"),
    ]
    ours = [line for line in lines(caplog) if line["logger"].startswith("headway")]
    text = json.dumps(ours)
    for secret in (token, token[::-1], ADDRESS, NAME):
        assert secret not in text
