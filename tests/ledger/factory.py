"""Ledgers for tests: events and commands decided and written as the services do it."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import asyncpg

from headway.contracts import codec
from headway.domain.account import Input
from headway.ledger.books import open_for_members
from headway.ledger.programs import ProgramCache, publish
from headway.ledger.writing import write
from headway.runtime.clock import FixedClock
from headway.runtime.health import Health
from headway_earn.jobs import Jobs
from headway_earn.reading import input_of
from headway_redeem.redemptions import Command, Redemptions, Reply

PROGRAMS = Path(__file__).parents[2] / "examples" / "programs"
SHOES = (PROGRAMS / "shoes.yaml").read_text("utf-8")
COFFEE = (Path(__file__).parent / "corner-coffee.yaml").read_text("utf-8")
START = datetime(2024, 3, 1, 15, tzinfo=UTC)
PREFIX = "headway."


class Happening(NamedTuple):
    """One event of a member: type without version, when, and the facts beside the member id."""

    type: str
    member_id: str
    time: datetime
    facts: dict[str, object]
    id: str

    def input(self) -> Input:
        value, headers = codec.encode(
            self.type, source="test/shop", id=self.id, time=self.time,
            data={"member_id": self.member_id, **self.facts},
        )  # fmt: skip
        return input_of(codec.decode(codec.key_of(self.member_id), value, headers))


class Shop:
    """A shop with a ledger. Days are counted from START."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", prefix: str = PREFIX) -> None:
        self.pool = pool
        self.prefix = prefix
        self.clock = FixedClock(START)
        self._cache = ProgramCache()
        self._count = 0
        self._redemptions = Redemptions(
            lambda: pool, self._cache, self.clock, self.prefix, lambda: None,
            hold=timedelta(minutes=15), lock_timeout=timedelta(seconds=2),
        )  # fmt: skip

    def event(self, type_: str, member_id: str, day: float, **facts: object) -> Happening:
        """An event that has not been told to the ledger yet."""
        self._count += 1
        return Happening(
            type_, member_id, START + timedelta(days=day), facts, f"{type_}:{self._count}"
        )

    async def tell(self, *happenings: Happening) -> None:
        """Decide these in one transaction, in the order given."""
        async with self.pool.acquire() as connection, connection.transaction():
            items = [(happening.member_id, happening.input()) for happening in happenings]
            books = await open_for_members(connection, self._cache, items, self.prefix)
            for member_id, item in items:
                books.decide(books.by_member[member_id], item)
            await write(connection, books)

    async def happens(self, type_: str, member_id: str, day: float, **facts: object) -> None:
        """One event, told at once."""
        await self.tell(self.event(type_, member_id, day, **facts))

    async def buys(self, member_id: str, order_id: str, day: float, *amounts: int) -> None:
        """An order of boots, two of each, a line for each amount in cents."""
        await self.happens(
            "order.paid", member_id, day, order_id=order_id, currency="USD", lines=lines(amounts)
        )

    async def reserves(self, member_id: str, reward_id: str, key: str, day: float) -> Reply:
        """A reward is asked for; the answer holds the redemption_id."""
        self.clock.move_to(START + timedelta(days=day))
        command = Command("redemption.reserve", key, "/v1/redemptions", key.encode())
        return await self._redemptions.reserve(command, member_id, reward_id)

    async def steps(self, step: str, redemption_id: str, key: str, day: float) -> Reply:
        """A later step: confirm, cancel or reverse."""
        self.clock.move_to(START + timedelta(days=day))
        command = Command(f"redemption.{step}", key, f"/v1/redemptions/{redemption_id}/{step}")
        return await self._redemptions.step(command, redemption_id)

    async def settles(self, day: float) -> None:
        """Jobs run on that day."""
        self.clock.move_to(START + timedelta(days=day))
        jobs = Jobs(
            lambda: self.pool, self.clock, self.prefix, Health(), lambda: None, every=1, batch=200
        )
        while await jobs.run_once():
            pass

    async def passes_on(self) -> None:
        """Effects reach the members they are for, as through their topic."""
        rows = await self.pool.fetch(
            "delete from outbox where topic = $1 returning id, key, value", self.prefix + "effects"
        )
        async with self.pool.acquire() as connection, connection.transaction():
            items = []
            for row in sorted(rows, key=lambda row: int(row["id"])):
                event = codec.decode(row["key"], row["value"], codec.HEADERS)
                items.append((event.member_id, input_of(event)))
            books = await open_for_members(connection, self._cache, items, self.prefix)
            for member_id, item in items:
                books.decide(books.by_member[member_id], item)
            await write(connection, books)


def lines(amounts: Sequence[int]) -> list[dict[str, object]]:
    """Order lines of two pairs each, boots and then sneakers, for these amounts in cents."""
    return [
        {"line_id": str(place), "sku": f"shoe-{place}",
         "category": "boots" if place == 1 else "sneakers", "quantity": 2, "amount": amount}
        for place, amount in enumerate(amounts, 1)
    ]  # fmt: skip


def redemption_of(reply: Reply) -> str:
    """The redemption that a reservation opened."""
    assert reply.status == 201, reply.body
    return str(json.loads(reply.body)["redemption_id"])


@asynccontextmanager
async def open_shop(dsn: str, program: str = SHOES, prefix: str = PREFIX) -> AsyncIterator[Shop]:
    """A shop on that database, with a published programme."""
    await publish(dsn, program)
    async with asyncpg.create_pool(
        dsn, min_size=1, max_size=4, server_settings={"timezone": "UTC"}
    ) as pool:
        yield Shop(pool, prefix)


async def busy_months(shop: Shop) -> None:
    """A history with something of everything: every kind of row, and of what gives nothing.

    ann refers bob, buys, reviews and redeems in every way; dan returns what he has spent; bob's
    order and a return of eve's come too early; nobody knows zoe yet; some of bob's points are
    pending at the end.
    """
    await shop.happens("member.joined", "ann", 0)
    await shop.happens("member.joined", "dan", 0)
    await shop.happens("member.joined", "eve", 0)
    await shop.buys("ann", "ann-1", 1, 24999, 2550)
    await shop.happens("referral.created", "bob", 1.5, referral_id="r1", referrer_id="ann")
    await shop.buys("bob", "bob-1", 2.5, 3333)
    await shop.happens("member.joined", "bob", 2)
    await shop.passes_on()
    await shop.happens(
        "order.refunded", "ann", 3, refund_id="ann-r1", order_id="ann-1",
        lines=[{"line_id": "2", "quantity": 1}],
    )  # fmt: skip
    await shop.happens("review.published", "ann", 4, review_id="v1", sku="shoe-1", rating=5)
    await shop.happens("review.published", "ann", 4.1, review_id="v2", sku="shoe-2", rating=1)
    await shop.happens("review.removed", "ann", 5, review_id="v2")
    await shop.happens("activity.recorded", "ann", 6, activity="looked-around")
    await shop.happens(
        "order.refunded", "eve", 8, refund_id="eve-r1", order_id="eve-1",
        lines=[{"line_id": "1", "quantity": 1}],
    )  # fmt: skip
    await shop.buys("eve", "eve-1", 7, 4999)
    await shop.buys("zoe", "zoe-1", 9, 1000)
    await shop.buys("dan", "dan-1", 10, 12000)
    await shop.settles(40)
    taken = redemption_of(await shop.reserves("ann", "five", "k1", 41))
    await shop.steps("confirm", taken, "k2", 41)
    undone = redemption_of(await shop.reserves("ann", "five", "k3", 42))
    await shop.steps("confirm", undone, "k4", 42)
    await shop.steps("reverse", undone, "k5", 43)
    given_up = redemption_of(await shop.reserves("ann", "five", "k6", 44))
    await shop.steps("cancel", given_up, "k7", 44)
    redemption_of(await shop.reserves("ann", "five", "k8", 45))
    await shop.reserves("ann", "twenty", "k9", 45)
    spent = redemption_of(await shop.reserves("dan", "five", "k10", 45))
    await shop.steps("confirm", spent, "k11", 45)
    await shop.happens("order.cancelled", "dan", 46, order_id="dan-1")
    await shop.buys("dan", "dan-2", 47, 2550, 2000)
    await shop.settles(70)
    await shop.happens("member.left", "eve", 80)
    await shop.settles(500)
    await shop.buys("bob", "bob-2", 501, 1000)
