"""headway verify --topic: what was published is compared with the ledger, message by message."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from aiokafka import AIOKafkaProducer

from headway.cli.output import snapshot
from headway.contracts.codec import HEADERS
from headway.contracts.topics import PARTITIONS
from headway.domain.erasing import Erase
from headway.errors import UserError
from headway.ledger.erasing import take_name
from headway.ledger.verify import Report, verify
from headway.ledger.verify_topic import Published
from tests.ledger.factory import Happening, Shop, open_shop, redemption_of
from tests.ledger.tampering import execute, tamper
from tests.stream.kit import make_topics


class Message(NamedTuple):
    """One row of the outbox for balance-changed."""

    id: int
    key: bytes
    value: bytes

    @property
    def version(self) -> int:
        return int(json.loads(self.value)["data"]["version"])

    def saying(self, **facts: object) -> "Message":
        """The same version with other facts."""
        event: dict[str, Any] = json.loads(self.value)
        event["data"] |= facts
        return self._replace(value=json.dumps(event).encode())


async def waiting(shop: Shop) -> list[Message]:
    rows = await shop.pool.fetch(
        "select id, key, value from outbox where topic = $1 order by shard, id",
        shop.prefix + "balance-changed",
    )
    return [Message(*row) for row in rows]


async def publish(kafka: str, shop: Shop, messages: Sequence[Message], sent: bool = True) -> None:
    """Send these; `sent` takes them out of the outbox, as the relay does after the acks."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    await producer.start()
    try:
        for message in messages:
            await producer.send_and_wait(
                shop.prefix + "balance-changed", message.value, message.key, headers=list(HEADERS)
            )
    finally:
        await producer.stop()
    if sent:
        ids = [message.id for message in messages]
        await shop.pool.execute("delete from outbox where id = any($1::bigint[])", ids)


async def report_of(dsn: str, kafka: str, prefix: str) -> Report:
    published = await Published.so_far(kafka, prefix + "balance-changed")
    async with snapshot(dsn) as connection:
        report = await verify(connection)
        await published.compare(connection, report)
    return report


def broken(report: Report) -> dict[str, list[str]]:
    return {
        check.name: [finding.what for finding in check.findings]
        for check in report.checks.values()
        if not check.ok
    }


@asynccontextmanager
async def selling(dsn: str, kafka: str, prefix: str) -> AsyncIterator[Shop]:
    """A shop with its topics, and six versions of ann and bob that wait to be published."""
    await make_topics(kafka, prefix + "balance-changed", partitions=PARTITIONS)
    async with open_shop(dsn, prefix=prefix) as shop:
        await shop.happens("member.joined", "ann", 0)
        await shop.happens("member.joined", "bob", 0)
        await shop.buys("ann", "ann-1", 1, 20000)
        await shop.buys("bob", "bob-1", 1, 5000)
        await shop.settles(20)
        assert len(await waiting(shop)) == 6
        yield shop


async def test_all_is_well_before_during_and_after_publishing(
    database: str, kafka: str, topics: str
) -> None:
    async with selling(database, kafka, topics) as shop:
        messages = await waiting(shop)
        report = await report_of(database, kafka, topics)
        assert (broken(report), report.checks["published"].examined) == ({}, 0)
        # A relay that was killed after sending sends the same again.
        await publish(kafka, shop, messages[:3], sent=False)
        await publish(kafka, shop, messages[:4])
        report = await report_of(database, kafka, topics)
        assert (broken(report), report.checks["published"].examined) == ({}, 7)
        await publish(kafka, shop, messages[4:])
        report = await report_of(database, kafka, topics)
        assert (broken(report), report.checks["published"].examined) == ({}, 9)
        assert report.checks["current"].examined == 2


async def test_what_is_published_meanwhile_is_not_held_against_the_snapshot(
    database: str, kafka: str, topics: str
) -> None:
    async with selling(database, kafka, topics) as shop:
        await publish(kafka, shop, await waiting(shop))
        published = await Published.so_far(kafka, topics + "balance-changed")
        async with snapshot(database) as connection:
            report = await verify(connection)
            await shop.buys("ann", "ann-2", 21, 3000)
            await shop.happens("member.joined", "new", 21)
            await publish(kafka, shop, await waiting(shop))
            await published.compare(connection, report)
    assert broken(report) == {}


DAMAGE: dict[str, tuple[Callable[[list[Message]], list[Message]], str, str]] = {
    "a version is missing": (
        lambda ann: [ann[0], ann[2]], "published", "version 3 came right after version 1"),
    "the first version is missing": (
        lambda ann: ann[1:], "published", "the first version told is 2"),
    "a version is told in two ways": (
        lambda ann: [*ann, ann[1].saying(available=7)],
        "published", "version 2 was told in two ways"),
    "versions out of order": (
        lambda ann: [ann[0], ann[2], ann[1]], "published", "version 2 came after version 3"),
    "a version has another hash": (
        lambda ann: [ann[0], ann[1].saying(head_hash="ab" * 32), ann[2]],
        "published", "version 2 names another hash than the ledger"),
    "a message is no event": (
        lambda ann: [*ann, ann[2]._replace(value=b"{}")], "published", "data is missing"),
    "the last version never left": (
        lambda ann: ann[:2],
        "current", "version 3 is neither published nor waiting to be; 2 was last"),
    "nothing ever left": (
        lambda ann: [], "current", "version 3 is neither published nor waiting to be; 0 was last"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
async def test_what_is_wrong_in_the_topic_is_told(
    database: str, kafka: str, topics: str, damage: str
) -> None:
    change, check, what = DAMAGE[damage]
    async with selling(database, kafka, topics) as shop:
        messages = await waiting(shop)
        await publish(kafka, shop, [one for one in messages if one.key == b"bob"])
        ann = [one for one in messages if one.key == b"ann"]
        await publish(kafka, shop, change(ann), sent=False)
        await shop.pool.execute("delete from outbox")
        report = await report_of(database, kafka, topics)
    found = broken(report)
    assert list(found) == [check]
    assert any(what in finding for finding in found[check])


async def test_a_restored_database(database: str, kafka: str, topics: str) -> None:
    """What was published after the backup: events come back, redemptions are named as lost."""
    name = database.rpartition("/")[2]
    restored = database.replace(name, name + "_restored")
    async with selling(database, kafka, topics) as shop:
        await publish(kafka, shop, await waiting(shop))
    await execute(
        database.replace(name, "postgres"), f"create database {name}_restored template {name}"
    )
    try:
        async with open_shop(database, prefix=topics) as shop:
            order = shop.event("order.paid", "bob", 22, order_id="bob-2", currency="USD", lines=[
                {"line_id": "1", "sku": "s", "quantity": 1, "amount": 1000}])  # fmt: skip
            again = order._replace(id="bob-2-paid")
            redemption_of(await shop.reserves("ann", "five", "the-key", 21))
            await shop.tell(again)
            await publish(kafka, shop, await waiting(shop))
        await _compare_restored(restored, kafka, topics, again)
    finally:
        await execute(
            database.replace(name, "postgres"), f"drop database {name}_restored with (force)"
        )


async def _compare_restored(dsn: str, kafka: str, topics: str, again: Happening) -> None:
    report = await report_of(dsn, kafka, topics)
    assert broken(report) == {
        "current": [
            "version 4 was published, the account is at 3",
            "version 4 was published, the account is at 3",
        ],
        "restored": ["test/shop bob-2-paid is not in the ledger"],
    }
    await tamper(dsn, "update ledger_epoch set epoch = 2")
    report = await report_of(dsn, kafka, topics)
    assert broken(report) == {"restored": ["test/shop bob-2-paid is not in the ledger"]}
    async with open_shop(dsn, prefix=topics) as shop:
        await shop.tell(again)
        await shop.buys("ann", "ann-2", 23, 1000)
        assert broken(await report_of(dsn, kafka, topics)) == {}
        await publish(kafka, shop, await waiting(shop))
        report = await report_of(dsn, kafka, topics)
    assert broken(report) == {}
    assert report.checks["restored"].examined == 2
    lost = [note for note in report.notes if note.startswith("lost redemption")]
    assert len(lost) == 1
    assert "member ann, version 4 of epoch 1, headway/redeem the-key" in lost[0]


async def test_a_missing_topic_is_told_with_what_to_do(kafka: str, topics: str) -> None:
    with pytest.raises(UserError, match="headway topics create"):
        await Published.so_far(kafka, topics + "balance-changed")


async def test_who_was_erased_is_told_of_under_another_name_from_there(
    database: str, kafka: str, topics: str
) -> None:
    async with selling(database, kafka, topics) as shop:
        await publish(kafka, shop, await waiting(shop))
        async with shop.pool.acquire() as connection, connection.transaction():
            await take_name(connection, "ann", Erase("asked to", "sue"), "key")
        name = await shop.pool.fetchval("select member_id from accounts where account_id = 1")
        report = await report_of(database, kafka, topics)
        assert broken(report) == {}
        await shop.happens("member.left", name, 22)
        assert broken(await report_of(database, kafka, topics)) == {}
        await publish(kafka, shop, await waiting(shop))
        assert broken(await report_of(database, kafka, topics)) == {}


async def test_nobody_is_taken_for_erased_who_was_told_otherwise(
    database: str, kafka: str, topics: str
) -> None:
    async with selling(database, kafka, topics) as shop:
        messages = await waiting(shop)
        last = [message for message in messages if message.key == b"ann"][-1]
        await publish(kafka, shop, [*messages, last.saying(head_hash="ff" * 32)])
        async with shop.pool.acquire() as connection, connection.transaction():
            await take_name(connection, "ann", Erase("asked to", "sue"), "key")
        assert "published" in broken(await report_of(database, kafka, topics))
