"""A shop for the tests of redeem: the example programme, events, the API, on a real ledger."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI

from headway.access.audit import operator
from headway.access.scopes import Scope
from headway.access.store import Issued, create
from headway.contracts import codec
from headway.domain.account import Input
from headway.ledger.books import open_for_members
from headway.ledger.programs import ProgramCache, publish
from headway.ledger.writing import write
from headway.runtime.clock import FixedClock
from headway.runtime.health import Health
from headway_redeem.api import build
from headway_redeem.app import admin, gate, sharing
from headway_redeem.code_giver import CodeGiver
from headway_redeem.goals import Goals
from headway_redeem.lookup import Lookup
from headway_redeem.redemptions import Redemptions
from headway_redeem.settings import RedeemSettings
from headway_redeem.sweeper import Sweeper

CATALOGUE = (Path(__file__).parent / "catalogue.yaml").read_text(encoding="utf-8")
PROGRAMME = Path(__file__).parents[2] / "examples" / "programs" / "shoes.yaml"
SHOES = PROGRAMME.read_text(encoding="utf-8")
SHARED = """\
transfers: {minimum: 10, maximum: {points: 1000, per: year}}
pools: {members: 3}
"""
SHARING = SHOES + SHARED
"""The example programme, in which members may send each other points and spend together."""
SECRET = "the tests' own secret which is long enough for HS256"
JOINED = datetime(2025, 1, 1, 12, tzinfo=UTC)
LATER = JOINED + timedelta(days=60)
"""Every order of a shop's first days has become available by then."""

Json = dict[str, Any]
_keys = count(1)


class Shop:
    """One ledger, its clock and an API on it. `woken` counts what the relay would have heard.

    `client` sends `key`, an API key that may do everything.
    """

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", settings: RedeemSettings, prefix: str, key: str
    ) -> None:
        self.pool = pool
        self.clock = FixedClock(LATER)
        self.woken = 0
        self.programs = ProgramCache()
        self._prefix = prefix
        redemptions = Redemptions(
            lambda: pool, self.programs, self.clock, prefix, self._wake,
            hold=timedelta(seconds=settings.redeem_hold_seconds),
            lock_timeout=timedelta(seconds=settings.redeem_lock_seconds),
        )  # fmt: skip
        reads = Lookup(lambda: pool, self.programs, self.clock)
        self.api: FastAPI = build(
            settings, redemptions, reads, gate(settings, lambda: pool, reads),
            admin(settings, lambda: pool, self.programs, self.clock, prefix, self._wake),
            sharing(settings, lambda: pool, self.programs, self.clock, prefix, self._wake),
            Goals(
                lambda: pool, self.programs, self.clock, prefix, self._wake,
                timedelta(seconds=settings.redeem_lock_seconds),
            ),
        )  # fmt: skip
        self.key = key
        self.client = self.caller(key)

    def _wake(self) -> None:
        self.woken += 1

    def caller(self, credential: str | None) -> httpx.AsyncClient:
        """A client that sends this credential, or none."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.api), base_url="http://shop", timeout=30,
            headers={} if credential is None else bearer(credential),
        )  # fmt: skip

    async def new_key(self, *scopes: Scope, lasts: timedelta | None = None) -> Issued:
        """An API key with these scopes."""
        async with self.pool.acquire() as connection:
            return await create(connection, "a test", scopes, operator(), lasts=lasts)

    def sweeper(self) -> Sweeper:
        """What releases late reservations, not started."""
        return Sweeper(
            lambda: self.pool, self.programs, self.clock, self._prefix, Health(), self._wake,
            every=1, batch=100,
        )  # fmt: skip

    def code_giver(self) -> CodeGiver:
        """What gives automatic certificates their codes, not started."""
        return CodeGiver(lambda: self.pool, self.programs, self.clock, Health(), every=1)

    async def tell(self, name: str, member: str, at: datetime, **data: object) -> None:
        """Decide a source event, as earn would."""
        await tell(self.pool, self.programs, self._prefix, name, member, at, **data)

    async def member_with(self, points: int, member: str = "ann", joined: datetime = JOINED) -> str:
        """A member who has joined (20 points of welcome) and bought for the other points."""
        await self.tell("member.joined", member, joined)
        if points > 20:
            await self.buys(member, f"{member}-first", points - 20, joined + timedelta(days=1))
        return member

    async def buys(self, member: str, order: str, dollars: int, at: datetime | None = None) -> None:
        """An order of whole dollars, the day after JOINED unless told."""
        line = {"line_id": "1", "sku": "sk", "category": "sandals", "quantity": dollars}
        await self.tell(
            "order.paid", member, at or JOINED + timedelta(days=1),
            order_id=order, currency="USD", lines=[{**line, "amount": dollars * 100}],
        )  # fmt: skip

    async def returns(self, member: str, order: str, dollars: int, at: datetime) -> None:
        """So many dollars of an order come back."""
        await self.tell(
            "order.refunded", member, at, refund_id=f"{order}-{dollars}", order_id=order,
            lines=[{"line_id": "1", "sku": None, "quantity": dollars}],
        )  # fmt: skip

    async def post(self, path: str, body: Json | None = None, key: str = "") -> httpx.Response:
        """A command under a key of its own, unless one is given."""
        headers = {"Idempotency-Key": key or f"key-{next(_keys)}"}
        return await self.client.post(path, json=body, headers=headers)

    async def reserve(
        self, member: str, reward: str, key: str = "", **more: object
    ) -> httpx.Response:
        """Ask for a reward's points to be held."""
        body = {"member_id": member, "reward_id": reward, **more}
        return await self.post("/v1/redemptions", body, key)

    async def reserved(self, member: str, reward: str, **more: Any) -> str:
        """The id of a reservation that must work."""
        response = await self.reserve(member, reward, **more)
        assert response.status_code == 201, response.text
        return str(response.json()["redemption_id"])

    async def step(self, redemption: str, name: str, key: str = "") -> httpx.Response:
        """confirm, cancel or reverse."""
        return await self.post(f"/v1/redemptions/{redemption}/{name}", key=key)

    async def sees(self, member: str) -> Json:
        """What the API shows of a member."""
        response = await self.client.get(f"/v1/members/{member}")
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def balances(self, member: str) -> tuple[int, int, int, int]:
        """Pending, available, reserved and owed, as the API shows them."""
        found = (await self.sees(member))["balances"]
        return found["pending"], found["available"], found["reserved"], found["owed"]


async def tell(
    pool: "asyncpg.Pool[asyncpg.Record]", programs: ProgramCache, prefix: str, name: str,
    member: str, at: datetime, **data: object,
) -> None:  # fmt: skip
    """Decide one source event on the ledger behind `pool`."""
    fields = {"member_id": member, **data}
    value, headers = codec.encode(
        name, source="shop", id=f"event-{next(_keys)}", time=at, data=fields
    )
    event = codec.decode(member.encode(), value, headers)
    item = Input(
        event.source, event.id, event.type, event.time, event.data, event.digest,
        event.canonical_data,
    )  # fmt: skip
    async with pool.acquire() as connection, connection.transaction():
        books = await open_for_members(connection, programs, [(member, item)], prefix)
        books.decide(books.by_member[member], item)
        await write(connection, books)


def bearer(credential: str) -> dict[str, str]:
    """The header that carries a key or a token."""
    return {"Authorization": f"Bearer {credential}"}


async def key_in(pool: "asyncpg.Pool[asyncpg.Record]") -> str:
    """A new API key that may do everything."""
    async with pool.acquire() as connection:
        return (await create(connection, "tests", Scope, operator())).text


@asynccontextmanager
async def open_shop(
    dsn: str, prefix: str = "t.", programme: str = SHOES, **settings: Any
) -> AsyncIterator[Shop]:
    """A shop on an empty, migrated database; `settings` override redeem's own."""
    await publish(dsn, programme)
    async with asyncpg.create_pool(dsn, min_size=1, max_size=16, command_timeout=30) as pool:
        shop = Shop(pool, RedeemSettings(**settings), prefix, await key_in(pool))
        async with shop.client:
            yield shop
