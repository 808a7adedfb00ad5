"""Ledgers for tests: events and commands decided and written as the services do it."""

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

SHOES = Path(__file__).parents[2] / "examples" / "programs" / "shoes.yaml"
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

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.pool = pool
        self.clock = FixedClock(START)
        self._cache = ProgramCache()
        self._count = 0
        self._redemptions = Redemptions(
            lambda: pool, self._cache, self.clock, PREFIX, lambda: None,
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
            books = await open_for_members(connection, self._cache, items, PREFIX)
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
            lambda: self.pool, self.clock, PREFIX, Health(), lambda: None, every=1, batch=200
        )
        while await jobs.run_once():
            pass


def lines(amounts: Sequence[int]) -> list[dict[str, object]]:
    """Order lines of two pairs of boots each, for these amounts in cents."""
    return [
        {"line_id": str(place), "sku": f"boot-{place}", "category": "boots", "quantity": 2,
         "amount": amount}
        for place, amount in enumerate(amounts, 1)
    ]  # fmt: skip


@asynccontextmanager
async def open_shop(dsn: str, program: Path | None = SHOES) -> AsyncIterator[Shop]:
    """A shop on that database, with a published programme."""
    if program is not None:
        await publish(dsn, program.read_text("utf-8"))
    async with asyncpg.create_pool(
        dsn, min_size=1, max_size=4, server_settings={"timezone": "UTC"}
    ) as pool:
        yield Shop(pool)
