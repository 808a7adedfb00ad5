"""`python -m bench.telling`: how fast are messages decided, beside the orders that call for them?

The earn handler decides orders of as many members; then notify takes in what earn published, and
decides on every message that it calls for, under the fullest example, which has caps, quiet hours
and a holdout, told here to speak of progress at every order. Both work on one database, without
Kafka, round after round.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import asyncpg
import click
from aiokafka import TopicPartition
from rich.console import Console

from bench.direct import PREFIX, Direct, direct, load
from bench.orders import HEADERS
from headway.contracts.contact import ContactUpdated
from headway.contracts.topics import Topics
from headway.local import LocalStack
from headway.sealing.master_keys import MasterKeys, new_master_key
from headway.sealing.root import open_vault
from headway.sealing.vault import Vault
from headway.stream.batch import Batch, Record
from headway_notify.contacts.writing import write_contacts
from headway_notify.intake import Intake
from headway_notify.judging import Judge
from headway_notify.programmes import Programmes

CONSOLE = Console()
RESULTS = Path(__file__).parent / "results" / "telling.json"
PROGRAM = Path(__file__).parents[1] / "examples" / "programs" / "shoe-vip.yaml"
THRESHOLDS, EVERY_ORDER = "{every_percent: 10, last_percent: 20}", "{digest: none}"
START = datetime(2026, 3, 3, 15, tzinfo=UTC)
GROUP, BATCH, GOAL = "bench-notify", 1000, 0.5


def orders(earn: Direct, members: int, each: int) -> Iterator[list[Record]]:
    """Orders of all members, an hour apart, in batches."""
    found = []
    for number in range(each):
        for member in range(members):
            at = START + timedelta(hours=number, milliseconds=member)
            line = {"line_id": "1", "sku": "s", "quantity": 1, "amount": 2500}
            found.append(
                earn.record(
                    "order.paid", f"m{member}", at, f"o{number}-{member}",
                    order_id=f"o{number}-{member}", currency="USD", lines=[line],
                )
            )  # fmt: skip
    yield from (found[i : i + BATCH] for i in range(0, len(found), BATCH))


async def joined(earn: Direct, vault: Vault, members: int) -> None:
    """Members with contacts; what their joining calls for is not timed."""
    names = [f"m{number}" for number in range(members)]
    records = [
        earn.record("member.joined", name, START - timedelta(days=1), f"j-{name}") for name in names
    ]
    for i in range(0, members, BATCH):
        await earn.apply(records[i : i + BATCH])
    contacts = [
        ContactUpdated(member_id=name, email=f"{name}@example.com", name="Maria") for name in names
    ]
    async with earn.pool.acquire() as connection, connection.transaction():
        await write_contacts(connection, vault, contacts, [])


class Notify:
    """Notify's intake and judge on earn's database."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", vault: Vault) -> None:
        programmes, topics = Programmes(lambda: pool), Topics(PREFIX)
        self.pool = pool
        self.intake = Intake(lambda: pool, lambda: vault, GROUP, topics, programmes)
        self.judge = Judge(lambda: pool, lambda: vault, programmes, GROUP, topics.member_contacts)
        self.ends: dict[TopicPartition, int] = {}

    async def published(self) -> list[Record]:
        """What earn has published, as Kafka would hand it over; the outbox is empty after it."""
        rows = await self.pool.fetch(
            "with gone as (delete from outbox returning shard, id, topic, key, value)"
            " select topic, key, value from gone order by shard, id"
        )
        found = []
        for topic, key, value in rows:
            if not topic.endswith(("balance-changed", "member-notices")):
                continue
            place = TopicPartition(topic, 0)
            offset = self.ends[place] = self.ends.get(place, -1) + 1
            found.append(Record(topic, 0, offset, key, value, HEADERS, 0))
        return found

    async def tell(self, records: Sequence[Record], until: datetime) -> int:
        """Take it in and decide all that is due by then; how many messages were decided."""
        for i in range(0, len(records), BATCH):
            part = tuple(records[i : i + BATCH])
            after = {TopicPartition(r.topic, r.partition): r.offset + 1 for r in part}
            await self.intake.apply(Batch(GROUP, part, after, after, whole=False))
        decided = 0
        while counts := await self.judge.run_once(until, BATCH):
            decided += counts.total()
        return decided


async def once(dsn: str, members: int, each: int) -> dict[str, float]:
    """One round on a new database."""
    text = PROGRAM.read_text("utf-8").replace(THRESHOLDS, EVERY_ORDER)
    async with direct(dsn, text, START + timedelta(days=60)) as earn:
        async with earn.pool.acquire() as connection:
            vault = await open_vault(connection, MasterKeys.parse(new_master_key()))
        await joined(earn, vault, members)
        notify = Notify(earn.pool, vault)
        await notify.tell(await notify.published(), START)
        batches = list(orders(earn, members, each))
        await earn.pool.execute("analyze")
        cost = await earn.cost(batches)
        published = await notify.published()
        await earn.pool.execute("analyze")
        began = time.perf_counter()
        decided = await notify.tell(published, START + timedelta(days=2))
        took = time.perf_counter() - began
    return {
        "orders_per_s": cost.events / cost.wall,
        "changes_per_s": len(published) / took,
        "decided_per_s": decided / took,
        "messages": decided,
        "ratio": (decided / took) / (cost.events / cost.wall),
    }


async def measure(endpoint: str, members: int, each: int, rounds: int) -> dict[str, object]:
    """All rounds, each on a database of its own."""
    found = []
    server = await asyncpg.connect(endpoint)
    try:
        for number in range(rounds):
            name = f"bench_telling_{number}"
            await server.execute(f"drop database if exists {name}")
            await server.execute(f"create database {name}")
            found.append(await once(endpoint.rpartition("/")[0] + f"/{name}", members, each))
            CONSOLE.print(f"round {number + 1}: {found[-1]['ratio']:.2f} of earn's orders")
            await server.execute(f"drop database {name} with (force)")
    finally:
        await server.close()
    return {name: round(median(one[name] for one in found), 3) for name in found[0]}


@click.command()
@click.option("--members", default=3000, show_default=True)
@click.option("--orders", "each", default=4, show_default=True, help="Orders of each member.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--check", is_flag=True, help="Exit 1 when the goal is missed.")
def main(members: int, each: int, rounds: int, check: bool) -> None:
    """Compare deciding messages with deciding orders; keep bench/results/telling.json."""
    before = load()
    with LocalStack.temporary(fast_start=False) as stack:
        dsn = stack.start().postgres_dsn
        figures = asyncio.run(measure(dsn, members, each, rounds))
    kept = figures | {"members": members, "orders": each, "rounds": rounds, "load_before": before}
    RESULTS.write_text(json.dumps(kept, indent=2) + "\n")
    CONSOLE.print_json(json.dumps(kept))
    if check and float(str(figures["ratio"])) < GOAL:
        sys.exit(1)


if __name__ == "__main__":
    main()
