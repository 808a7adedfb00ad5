"""The yardstick's statement alone: the same batches, prepared beforehand, without Kafka.

`python -m bench.statement --help`. Prints the time (seconds since 1970) at which the last batch
was durable; the first began when the oldest row says.
"""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import click
import uvloop

from bench.loop import Place
from bench.orders import Shape, history
from bench.yardstick import Work, Yardstick, connect, prepare

PARTITIONS = 6
TOPIC = "no-topic"


@dataclass(frozen=True, slots=True)
class _Record:
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


async def batches(
    shape: Shape, end: datetime, size: int
) -> AsyncIterator[tuple[Work, list[Place]]]:
    """The parameters of every statement."""
    records = [
        _Record(number % PARTITIONS, number // PARTITIONS, key, value)
        for number, (key, value) in enumerate(history(shape, end, timedelta(days=5)))
    ]
    for at in range(0, len(records), size):
        some = records[at : at + size]
        nexts = {record.partition: record.offset + 1 for record in some}
        yield await prepare(some), [Place(partition, at, at) for partition, at in nexts.items()]


async def run(dsn: str, shape: Shape, end: datetime, size: int) -> float:
    """Write every batch, one after another."""
    work = [one async for one in batches(shape, end, size)]
    connection = await connect(dsn)
    try:
        handler = Yardstick(connection, "bench-statement")
        for batch, places in work:
            await handler.write(batch, TOPIC, places)
        return time.time()
    finally:
        await connection.close()


@click.command()
@click.option("--dsn", required=True)
@click.option("--orders", type=int, required=True)
@click.option("--members", type=int, required=True)
@click.option("--lines", type=int, default=1)
@click.option("--batch-size", type=int, default=1_000)
@click.option("--end", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), required=True)
def main(dsn: str, orders: int, members: int, lines: int, batch_size: int, end: datetime) -> None:
    """Run the statement over every batch and print when the last was durable."""
    click.echo(repr(uvloop.run(run(dsn, Shape(orders, members, lines), end, batch_size))))


if __name__ == "__main__":
    main()
