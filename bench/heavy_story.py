"""The members of the heavy bench and what they do: one of ten years, and many new ones."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from bench.direct import Direct
from bench.orders import CATEGORIES
from headway.stream.batch import Record

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
END = NOW - timedelta(days=60)
HEAVY = "heavy"
_APART = timedelta(minutes=10)


@dataclass
class Story:
    """Hands out records; business time goes on from where the history ends."""

    earn: Direct
    inputs: int
    span: timedelta
    random: Random
    told: int = 0
    newcomers: int = 0
    clock: datetime = END

    def order(self, member: str, at: datetime) -> Record:
        """An order of one line."""
        self.told += 1
        line = {
            "line_id": "1",
            "sku": f"sku-{self.random.randrange(900):03d}",
            "category": self.random.choice(CATEGORIES),
            "quantity": self.random.randint(1, 3),
            "amount": self.random.randint(500, 9_999),
        }
        order = f"order-{self.told:08d}"
        return self.earn.record(
            "order.paid", member, at, order, order_id=order, currency="USD", lines=[line]
        )

    async def live(self, say: Callable[[int], None], batch: int = 200) -> None:
        """Ten years of the heavy member, through the handler, in order."""
        began = END - self.span
        await self.earn.apply([self.earn.record("member.joined", HEAVY, began, "heavy-joined")])
        step = self.span / self.inputs
        for first in range(1, self.inputs, batch):
            last = min(first + batch, self.inputs)
            await self.earn.apply(
                [self.order(HEAVY, began + step * number) for number in range(first, last)]
            )
            say(last)

    def heavy(self, count: int) -> list[Record]:
        """The heavy member's next orders, in order of time."""
        return [self.order(HEAVY, self._next()) for _ in range(count)]

    async def new(self, count: int) -> list[Record]:
        """An order each of members who have just joined."""
        names = [f"new-{self.newcomers + number:07d}" for number in range(count)]
        self.newcomers += count
        at = self._next()
        await self.earn.apply(
            [self.earn.record("member.joined", name, at, f"{name}-joined") for name in names]
        )
        return [self.order(name, self._next()) for name in names]

    def late(self, count: int) -> Iterator[Sequence[Record]]:
        """Late orders of the heavy member, about the middle of the history, a batch each."""
        middle = END - self.span / 2
        for number in range(count):
            yield [self.order(HEAVY, middle + timedelta(hours=7, minutes=3) * number)]

    def _next(self) -> datetime:
        self.clock += _APART / 10
        return self.clock
