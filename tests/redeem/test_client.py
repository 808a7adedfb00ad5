"""The Python client on the real API: typed answers, and answers that get lost on the way."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from inspect import signature
from random import Random

import httpx
import pytest

from headway.client import AsyncClient, Client, NoAnswer, Problem, Unexpected
from headway.client.trying import Patience
from headway.runtime.health import Health
from headway.runtime.web import WebServer
from headway_redeem.app import document
from tests.redeem.kit import LATER, Shop, open_shop

QUICK = Patience(timeout=5, give_up_after=20, first_wait=0.001, longest_wait=0.01)
HURRIED = Patience(timeout=5, give_up_after=0.05, first_wait=0.001, longest_wait=0.01)

Lost = Callable[[httpx.Request], bool]


class Wire(httpx.AsyncBaseTransport):
    """Carries every request to the API; the answers for which `lost` says so never come back."""

    def __init__(self, shop: Shop, lost: Lost = lambda request: False) -> None:
        self._api = httpx.ASGITransport(shop.api)
        self.key = shop.key
        self.lost = lost
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        response = await self._api.handle_async_request(request)
        if self.lost(request):
            raise httpx.ReadError("the connection was closed", request=request)
        return response


class Saying(httpx.AsyncBaseTransport):
    """Says one thing after the other, whatever it is asked; the last one for ever."""

    def __init__(self, *answers: httpx.Response) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@asynccontextmanager
async def calling(
    wire: httpx.AsyncBaseTransport, patience: Patience = QUICK
) -> AsyncIterator[AsyncClient]:
    key = wire.key if isinstance(wire, Wire) else ""
    async with AsyncClient("http://shop", key, patience=patience, transport=wire) as client:
        yield client


async def test_a_reward_from_the_menu_to_its_return(shop: Shop) -> None:
    ann = await shop.member_with(250)
    async with calling(Wire(shop)) as client:
        menu = await client.rewards()
        assert [one.reward_id for one in menu.rewards] == ["five", "ten", "twenty"]
        held = await client.reserve(ann, "ten")
        assert (held.state, held.points, held.balances.reserved) == ("reserved", 200, 200)
        assert (await client.confirm(held.redemption_id)).state == "confirmed"
        assert (await client.member(ann)).saved == {"USD": 1000}
        assert (await client.reverse(held.redemption_id)).balances.available == 250
        assert (await client.redemption(held.redemption_id)).state == "reversed"
        other = await client.reserve(ann, "five")
        assert (await client.cancel(other.redemption_id)).state == "cancelled"


async def test_lost_answers_are_asked_for_again_and_nothing_is_done_twice(shop: Shop) -> None:
    ann = await shop.member_with(1020)
    dice = Random(7)
    wire = Wire(shop, lambda request: request.method == "POST" and dice.random() < 0.5)
    async with calling(wire) as client:
        held = [await client.reserve(ann, "five") for _ in range(10)]
        for one in held:
            await client.confirm(one.redemption_id)
    assert len(wire.asked) > 20, "no answer was lost, so nothing was shown"
    assert await shop.balances(ann) == (0, 20, 0, 0)
    assert len({one.redemption_id for one in held}) == 10
    assert await shop.pool.fetchval("select count(*) from redemptions") == 10
    keys = [request.headers["Idempotency-Key"] for request in wire.asked]
    assert len(set(keys)) == 20


async def test_a_refusal_is_told_at_once(shop: Shop) -> None:
    ann = await shop.member_with(50)
    wire = Wire(shop)
    async with calling(wire) as client:
        with pytest.raises(Problem, match="100 points; 50 are available") as refused:
            await client.reserve(ann, "five")
        assert (refused.value.name, refused.value.status) == ("insufficient-points", 409)
        assert refused.value.document.available == 50
        with pytest.raises(Problem) as unknown:
            await client.member("nobody")
    assert unknown.value.name == "unknown-member"
    assert len(wire.asked) == 2


async def test_after_no_answer_the_key_finds_out_what_was_done(shop: Shop) -> None:
    ann = await shop.member_with(120)
    wire = Wire(shop, lambda request: True)
    async with calling(wire, HURRIED) as client:
        with pytest.raises(NoAnswer, match="ask again with key=") as silence:
            await client.reserve(ann, "five")
        wire.lost = lambda request: False
        held = await client.reserve(ann, "five", key=silence.value.key)
    assert held.state == "reserved"
    assert await shop.pool.fetchval("select count(*) from redemptions") == 1


async def test_a_busy_api_is_given_the_time_it_asks_for(database: str) -> None:
    async with open_shop(database, redeem_lock_seconds=0.1) as shop:
        ann, wire = await shop.member_with(120), Wire(shop)
        asking = asyncio.get_running_loop()
        async with calling(wire) as client, shop.pool.acquire() as other:
            async with other.transaction():
                await other.execute("select 1 from accounts for update")
                held = asyncio.create_task(client.reserve(ann, "five"))
                await asyncio.sleep(0.5)
                began = asking.time()
            assert (await held).state == "reserved"
        assert asking.time() - began > 0.5, "it did not wait for the second that was asked for"
    assert len(wire.asked) == 2


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, html="<p>hello"), httpx.Response(404, text="nothing here")]
)
async def test_something_else_at_the_address_is_said_to_be(answer: httpx.Response) -> None:
    async with calling(Saying(answer)) as client:
        with pytest.raises(Unexpected, match="is the address right"):
            await client.rewards()


@pytest.mark.parametrize("name", ["a/b", "100%", "a b?c#d", "ünï"])
async def test_ids_may_hold_anything(shop: Shop, name: str) -> None:
    await shop.member_with(20, name)
    async with calling(Wire(shop)) as client:
        assert (await client.member(name)).member_id == name


async def test_plain_code_has_the_same_calls(shop: Shop) -> None:
    ann = await shop.member_with(250)
    server = WebServer(shop.api, "127.0.0.1", 0, Health())

    def at_the_till() -> list[str]:
        with Client(f"http://127.0.0.1:{server.port}", shop.key, patience=QUICK) as client:
            five, ten = client.reserve(ann, "five"), client.reserve(ann, "five")
            states: list[str] = [client.confirm(five.redemption_id).state]
            states.append(client.reverse(five.redemption_id).state)
            states.append(client.cancel(ten.redemption_id).state)
            assert client.member(ann).balances.available == 250
            assert client.redemption(ten.redemption_id).state == "cancelled"
            with pytest.raises(Problem, match="no such reward"):
                client.reserve(ann, "gold")
            return states

    async with server:
        assert await asyncio.to_thread(at_the_till) == ["confirmed", "reversed", "cancelled"]

    def called_off() -> None:
        with Client("http://127.0.0.1:9", patience=HURRIED) as client, pytest.raises(NoAnswer):
            client.rewards()

    await asyncio.to_thread(called_off)


async def test_every_route_can_be_called() -> None:
    """A new route fails here until the clients have a call for it."""
    saying = Saying(httpx.Response(404, text="nothing here"))
    given = {"member_id": "m", "redemption_id": "r", "text": "c", "reward_id": "w", "at": LATER,
             "points": 1, "reason": "r", "by": "p", "adjustment_id": "a", "total": 1,
             "to_member_id": "t", "pool_id": "p", "invited_id": "i",
             "of_member_id": "o"}  # fmt: skip
    async with calling(saying) as client:
        for name in sorted(calls(AsyncClient)):
            call = getattr(client, name)
            wanted = signature(call).parameters
            with pytest.raises(Unexpected):
                await call(**{name: value for name, value in given.items() if name in wanted})
    asked = {(request.url.path, request.method) for request in saying.asked}
    served = {
        (re.compile(re.sub(r"\{.*?\}", "[^/]+", path)), method.upper())
        for path, operations in document()["paths"].items()
        for method in operations
    }
    assert {
        (path.pattern, method)
        for path, method in served
        if not any(how == method and path.fullmatch(there) for there, how in asked)
    } == set()


def calls(one: type) -> set[str]:
    """What a client can be asked."""
    return {name for name in vars(one) if not name.startswith("_")} - {"close", "aclose"}


def test_both_clients_have_the_same_calls() -> None:
    def signatures(one: type) -> dict[str, str]:
        return {name: str(signature(getattr(one, name))) for name in calls(one)}

    assert signatures(Client) == signatures(AsyncClient)
