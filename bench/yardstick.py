"""The yardstick: the barest program with the same promises as the earn service.

`python -m bench.yardstick --help`. A topic of orders in, a point per dollar, one statement per
batch, one message per order out. What it promises: nothing lost, nothing twice (keys of inputs and
of orders, positions in the same transaction), what is wrong or contradicts what is known a dead
letter, gapless versions, messages in order and at least once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
import click
import uvloop

from bench.decode import Record, decode, in_turns
from bench.loop import Consumer, Place, serve
from bench.orders import HEADERS
from bench.relay import Message, Relay
from bench.sql import YARDSTICK as SQL
from headway.contracts.order import OrderPaid
from headway.errors import Poison

Row = tuple[str, str, str, int, int, str | None, int, datetime, str, bytes]
"""One order as the statement takes it in."""


@dataclass(frozen=True, slots=True)
class Work:
    """The parameters of one statement: rows to take in, columns of dead letters."""

    accepted: list[Row]
    refused: tuple[list[object], ...]
    members: list[str]


def points(paid: OrderPaid) -> int:
    """One point per whole dollar of each order."""
    return sum(line.base for line in paid.lines) // 100


async def prepare(records: Sequence[Record]) -> Work:
    """Decode a batch; the first of each id counts, what cannot be read becomes a dead letter."""
    now = datetime.now(UTC)
    seen: dict[tuple[str, str], bytes] = {}
    orders: dict[str, bytes] = {}
    rows: list[Row] = []
    refused = []
    async for record in in_turns(records):
        try:
            event, paid = decode(record, now)
            known = seen.setdefault((event.source, event.id), event.digest)
            if known != event.digest:
                raise ValueError("its id came with other content")
            if known is not event.digest:
                continue
            order = orders.setdefault(paid.order_id, event.digest)
            if order != event.digest:
                raise ValueError("its order came with other content")
        except (Poison, ValueError) as error:
            refused.append((record.partition, record.offset, record.value, str(error)))
            continue
        rows.append(
            (
                event.source,
                event.id,
                event.member_id,
                record.partition,
                record.offset,
                paid.order_id if order is event.digest else None,  # paid already in this batch
                points(paid),
                event.time,
                event.canonical_data.decode(),
                event.digest,
            )
        )
    bad = tuple(list(column) for column in zip(*refused, strict=True)) or ([],) * 4
    return Work(rows, bad, sorted({row[2] for row in rows}))


@dataclass
class Yardstick:
    """Writes batches on a connection of its own."""

    connection: asyncpg.Connection
    group: str
    known: set[str] = field(default_factory=set)

    async def decode(self, records: Sequence[Record]) -> Work:
        return await prepare(records)

    async def positions(self, topic: str) -> Mapping[int, int]:
        rows = await self.connection.fetch(SQL.positions, self.group, topic)
        return {row["partition"]: row["next_offset"] for row in rows}

    async def write(self, work: Work, topic: str, places: Sequence[Place]) -> None:
        if strangers := [member for member in work.members if member not in self.known]:
            await self.connection.execute(SQL.create_accounts, strangers)
            self.known.update(strangers)
        await self.connection.execute(
            SQL.apply,
            work.accepted,
            work.members,
            self.group,
            topic,
            [place.partition for place in places],
            [place.next_offset for place in places],
            *work.refused,
        )


@dataclass(frozen=True)
class Outbox:
    """The yardstick's outbox keeps each row's partition: the one its order came from."""

    topic: str
    read: str = SQL.outbox_read
    delete: str = SQL.outbox_delete

    def message(self, row: asyncpg.Record) -> Message:
        _, partition, key, value = row
        return Message(self.topic, partition, key, value, HEADERS)

    def keys(self, rows: Sequence[asyncpg.Record]) -> tuple[object, ...]:
        return ([row[0] for row in rows],)


async def connect(dsn: str) -> asyncpg.Connection:
    """A connection whose plans know how long the arrays are: else 1,000 rows are joined as 10."""
    return await asyncpg.connect(dsn, server_settings={"plan_cache_mode": "force_custom_plan"})


async def run(dsn: str, bootstrap: str, prefix: str, group: str, batch_size: int) -> None:
    """Serve until SIGTERM."""
    connection = await connect(dsn)
    try:
        relay = Relay(dsn, bootstrap, Outbox(prefix + "balance-changed"))
        handler = Yardstick(connection, group)
        await serve(Consumer(bootstrap, prefix + "orders", group, handler, relay, batch_size))
    finally:
        await connection.close()


@click.command()
@click.option("--dsn", required=True)
@click.option("--bootstrap", required=True)
@click.option("--prefix", required=True, help="Prefix of the topics' names.")
@click.option("--group", required=True)
@click.option("--batch-size", type=int, default=1_000)
def main(dsn: str, bootstrap: str, prefix: str, group: str, batch_size: int) -> None:
    """Run the yardstick until SIGTERM."""
    uvloop.run(run(dsn, bootstrap, prefix, group, batch_size))


if __name__ == "__main__":
    main()
