"""The hand-written floor: one fixed rule, and the very rows that Headway writes.

`python -m bench.floor --help`. Same order of work as the earn service: lock the accounts, then
read, decide in memory, write everything in one statement, commit. It knows no refunds, no
parking, no settling, no programme: what those cost is the difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
import click
import orjson
import uvloop
from aiokafka.partitioner import murmur2

from bench.decode import Record, decode, in_turns
from bench.floor_account import Account, Item
from bench.floor_rows import Rows, earn, repeat, rows_at
from bench.loop import Consumer, Place, serve
from bench.relay import Message, Relay
from bench.sql import FLOOR as SQL
from bench.yardstick import connect
from headway.contracts.topics import PARTITIONS

CONFLICT = "an input id came again with other content"


@dataclass(frozen=True, slots=True)
class Work:
    """A decoded batch, in the order in which it is decided."""

    items: list[Item]
    times: dict[int, datetime]


@dataclass
class Floor:
    """Writes batches on a connection of its own."""

    connection: asyncpg.Connection
    group: str
    out_topic: str
    known: set[str] = field(default_factory=set)

    async def decode(self, records: Sequence[Record]) -> Work:
        now = datetime.now(UTC)
        found: dict[tuple[str, str], Item] = {}
        times = {}
        async for record in in_turns(records):
            order = Item(*decode(record, now))
            known = found.setdefault((order.event.source, order.event.id), order)
            if known.event.digest != order.event.digest:
                raise ValueError(CONFLICT)
            times[record.partition] = order.event.time
        items = sorted(found.values(), key=lambda i: (i.event.time, i.event.source, i.event.id))
        return Work(items, times)

    async def positions(self, topic: str) -> Mapping[int, int]:
        rows = await self.connection.fetch(SQL.positions, self.group, topic)
        return {row["partition"]: row["next_offset"] for row in rows}

    async def write(self, work: Work, topic: str, places: Sequence[Place]) -> None:
        members = sorted({i.event.member_id for i in work.items})
        async with self.connection.transaction():
            if strangers := [member for member in members if member not in self.known]:
                await self.connection.execute(SQL.create_accounts, strangers)
            accounts = {
                row["member_id"]: account(row)
                for row in await self.connection.fetch(SQL.lock_accounts, members)
            }
            rows = rows_at(datetime.now(UTC), self.out_topic)
            repeated, orders = await self._known(work.items)
            for number, order in enumerate(work.items, 1):
                if number in repeated:
                    continue
                decide(rows, accounts[order.event.member_id], order, orders)
            await self._write(rows, accounts, topic, places, work.times)
        self.known.update(members)

    async def _known(self, items: Sequence[Item]) -> tuple[set[int], dict[str, bytes]]:
        """Positions of the items that are repeats, and known orders with their digests."""
        found = await self.connection.fetch(
            SQL.known,
            [i.event.source for i in items],
            [i.event.id for i in items],
            [i.paid.order_id for i in items],
        )
        orders = {row["order_id"]: row["digest"] for row in found if row["what"] == "order"}
        repeats = {row["at"]: row["digest"] for row in found if row["what"] == "input"}
        if any(items[at - 1].event.digest != digest for at, digest in repeats.items()):
            raise ValueError(CONFLICT)
        return set(repeats), orders

    async def _write(
        self, rows: Rows, accounts: Mapping[str, Account], topic: str, places: Sequence[Place],
        times: Mapping[int, datetime],
    ) -> None:  # fmt: skip
        await self.connection.execute(
            SQL.write,
            rows.inputs,
            rows.points,
            rows.lots,
            rows.orders,
            rows.lines,
            [holder.row(rows.recorded_at) for holder in accounts.values()],
            [
                (self.group, topic, p.partition, p.next_offset, p.log_end, times.get(p.partition))
                for p in places
            ],
            rows.outbox,
        )


def account(row: asyncpg.Record) -> Account:
    """An account as it was locked; the members of the bench have joined."""
    return Account(*row)


def decide(rows: Rows, holder: Account, order: Item, orders: dict[str, bytes]) -> None:
    """Earn on a new order; a known one must be the same."""
    order_id = order.paid.order_id
    if order_id not in orders:
        orders[order_id] = order.event.digest
        earn(rows, holder, order)
    elif orders[order_id] == order.event.digest:
        repeat(rows, holder, order)
    else:
        raise ValueError(f"order {order_id} came again with other content")


@dataclass
class Outbox:
    """Headway's outbox; the partition follows from the key and is remembered."""

    read: str = SQL.outbox_read
    delete: str = SQL.outbox_delete
    partitions: dict[bytes, int] = field(default_factory=dict)

    def message(self, row: asyncpg.Record) -> Message:
        _, _, topic, key, value, headers = row
        partition = self.partitions.get(key)
        if partition is None:
            partition = self.partitions[key] = (murmur2(key) & 0x7FFFFFFF) % PARTITIONS
        pairs = [(name, text.encode()) for name, text in orjson.loads(headers)]
        return Message(topic, partition, key, value, pairs)

    def keys(self, rows: Sequence[asyncpg.Record]) -> tuple[object, ...]:
        return [row[0] for row in rows], [row[1] for row in rows]


async def run(dsn: str, bootstrap: str, prefix: str, group: str, batch_size: int) -> None:
    """Serve until SIGTERM."""
    connection = await connect(dsn)
    try:
        handler = Floor(connection, group, prefix + "balance-changed")
        relay = Relay(dsn, bootstrap, Outbox())
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
    """Run the floor until SIGTERM."""
    uvloop.run(run(dsn, bootstrap, prefix, group, batch_size))


if __name__ == "__main__":
    main()
