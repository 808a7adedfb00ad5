"""headway import history: real events on the topics, points as if heard in time, and no mail."""

from collections.abc import Iterable
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from headway.contracts import codec
from headway.contracts.balance import BalanceChanged
from headway.contracts.topics import PARTITIONS
from headway.domain.account import Input
from headway.ledger.books import open_for_members
from headway.ledger.programs import ProgramCache, publish
from headway.ledger.writing import write as write_books
from headway.program.loading import load_program
from headway.stream.topics_admin import create_topics
from headway_earn.reading import input_of
from headway_notify.plan import plan
from tests.cli.importing import balances, rows, sound, write
from tests.cli.running import headway
from tests.conftest import run_apart
from tests.ledger.factory import SHOES, Shop, open_shop

SHOP = load_program(SHOES, version=1)

ORDERS = """\
order_id,member_id,time,line_id,sku,category,quantity,line_total,currency
o-1,ann,2024-01-05T10:00:00-05:00,1,boot-7,boots,2,120.00,USD
o-2,ann,2024-01-20T10:00:00-05:00,1,sock-1,,1,30.00,USD
o-3,bob,2024-02-01T11:30:00-05:00,1,sock-1,,1,10.00,USD
o-1,ann,2024-01-08T10:00:00-05:00,1,boot-7,,-1,,USD
"""


@pytest.fixture
def shop(database: str) -> str:
    """The DSN of a ledger with a programme and nobody in it."""
    run_apart(publish(database, SHOES))
    return database


async def told(kafka: str, prefix: str) -> list[tuple[str, Input]]:
    """What is on the topics of orders and members, as earn reads it, in the order it happened."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        parts = [
            TopicPartition(prefix + name, number)
            for name in ("orders", "members") for number in range(PARTITIONS)
        ]  # fmt: skip
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        await consumer.seek_to_beginning(*parts)
        found: list[tuple[str, Input]] = []
        while len(found) < sum(ends.values()):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    event = codec.decode(record.key, record.value, record.headers)
                    found.append((event.member_id, input_of(event)))
    finally:
        await consumer.stop()
    return sorted(found, key=lambda entry: entry[1].time)


async def decide(dsn: str, items: Iterable[tuple[str, Input]]) -> None:
    async with open_shop(dsn) as shop, shop.pool.acquire() as one, one.transaction():
        listed = list(items)
        books = await open_for_members(one, ProgramCache(), listed, "headway.")
        for member_id, item in listed:
            if (item.source, item.id) not in books.known.inputs:
                books.decide(books.by_member[member_id], item)
        await write_books(one, books)


def history(place: tuple[str, str, str], file: str, *options: str, code: int = 0) -> str:
    """`headway import history` with that database, those servers and topics."""
    dsn, kafka, prefix = place
    return headway(
        "import", "history", file, *options, code=code,
        postgres_dsn=dsn, kafka_bootstrap=kafka, topic_prefix=prefix,
    )  # fmt: skip


def due(dsn: str) -> list[tuple[str, str]]:
    """The mails that notify would send for what was published."""
    values = rows(dsn, "select value from outbox where topic like '%balance-changed' order by id")
    bodies = [orjson.loads(row["value"])["data"] for row in values]
    changes = [(BalanceChanged.model_validate(body), b"{}") for body in bodies]
    return [(one.member_id, str(one.day)) for one in plan(changes, {}, lambda _: SHOP).due]


def test_past_orders_earn_but_nobody_is_told(
    shop: str, kafka: str, topics: str, tmp_path: Path
) -> None:
    run_apart(create_topics(kafka, topics))
    file = write(tmp_path, ORDERS)
    known = shop, kafka, topics
    said = history(known, file, "--check")
    assert "3 orders and 1 returns of 2 members; check ok: nothing was sent" in said
    for _ in range(2):
        said = history(known, file)
        assert "3 orders and 1 returns of 2 members; 6 events sent to earn" in said
    items = run_apart(told(kafka, topics))
    assert len(items) == 12
    assert {item.source for _, item in items} == {"headway/import"}
    unique = list({item.id: (member, item) for member, item in items}.values())
    kinds = [item.kind for _, item in unique]
    assert kinds[:3] == ["member.joined", "order.paid", "order.refunded"]
    run_apart(decide(shop, unique))

    found = rows(
        shop,
        "select member_id, pending + available as points from accounts order by member_id",
    )
    assert [tuple(row) for row in found] == [("ann", 20 + 90 + 30), ("bob", 20 + 10)]
    assert {row["topic"] for row in rows(shop, "select topic from outbox")} == {
        "headway.balance-changed"
    }
    assert due(shop) == []
    sound(shop)

    async def buys(till: Shop) -> None:
        await till.buys("bob", "next", 20, 1000)

    async def one_more() -> None:
        async with open_shop(shop) as till:
            await buys(till)

    run_apart(one_more())
    assert due(shop) == [("bob", "2024-03-21")]
    sound(shop)


def test_the_next_real_order_after_a_balance_is_mailed(shop: str, tmp_path: Path) -> None:
    balances(shop, write(tmp_path, "member_id,points,earned_at\nann,30,2024-03-21\n"))
    assert due(shop) == []

    async def buys() -> None:
        async with open_shop(shop) as till:
            await till.buys("ann", "next", 20, 1000)

    run_apart(buys())
    assert due(shop) == [("ann", "2024-03-21")]


def test_points_are_not_given_twice(shop: str, kafka: str, topics: str, tmp_path: Path) -> None:
    balances(shop, write(tmp_path, "member_id,points,earned_at\nann,30,2024-01-10\n"))
    known = shop, kafka, topics
    said = history(known, write(tmp_path, ORDERS), code=2)
    assert "1 members have an opening balance of a later day" in said
    assert "ann\n  -> leave their earlier orders out of the file" in said
    later = "\n".join(line for line in ORDERS.splitlines() if not line.startswith("o-1"))
    said = history(known, write(tmp_path, later), "--check", "--no-enrol")
    assert "2 orders and 0 returns of 2 members" in said


def test_what_is_wrong_with_the_file_is_named(shop: str, tmp_path: Path) -> None:
    broken = write(tmp_path, ORDERS.replace("120.00", "a lot"))
    said = headway("import", "history", broken, code=2, postgres_dsn=shop)
    assert "line 2: line_total: 'a lot' will not do" in said
