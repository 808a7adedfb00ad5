"""A batch takes at most eight round trips to the database, whatever its size and content."""

from datetime import timedelta

import asyncpg
import pytest

from headway.stream.batch import Record
from tests.earn.counting import counting
from tests.earn.kit import DAY, HOUR, START, Topics, earning

MOST = 8


def everything(topics: Topics, number: int) -> list[Record]:
    """Events that need all there is to read: lots, keys, parked inputs, history; and poison."""
    member, at = f"m{number % 50}", START + timedelta(hours=number)
    piece = [{"line_id": "1", "quantity": 1}]
    return [
        topics.buy(f"o{number}", 7000, member, at=at),
        topics.tell("order.refunded", member, at=at + HOUR, refund_id=f"r{number}",
                    order_id=f"o{number - 60}", lines=piece),
        topics.tell("order.refunded", member, at=at + HOUR, refund_id=f"t{number}", order_id=None,
                    lines=[{"sku": "s", "quantity": 1}]),
        topics.tell("review.published", member, at=at, review_id=f"v{number}", sku="s", rating=5),
        topics.tell("review.removed", member, at=at, review_id=f"v{number - 60}"),
        topics.tell("referral.created", member, at=at, referral_id=f"f{number % 50}",
                    referrer_id="host"),
        topics.buy(f"o{number}", 3500, member, at=at + 2 * HOUR, order_version=2),
        topics.join(f"new{number}"),
        *([topics.raw(b"{")] if number % 3 == 0 else []),
    ]  # fmt: skip


@pytest.mark.parametrize("size", [1, 20, 120])
async def test_a_batch_takes_eight_round_trips(database: str, size: int) -> None:
    topics = Topics()
    async with counting(database) as (dsn, counter), earning(dsn) as earn:
        members = [topics.join(f"m{number}") for number in range(50)]
        # The first batches also prepare statements, once for each connection.
        await earn.apply(*members, *(r for number in range(60) for r in everything(topics, number)))
        await earn.apply(*everything(topics, 60))
        records = [r for number in range(61, 61 + size) for r in everything(topics, number)]
        counter.trips = 0
        facts = await earn.apply(*records)
        assert counter.trips <= MOST
        assert facts["decisions"] == 7 * size
        assert facts["refused"] == len(records) - 7 * size
        counter.trips = 0
        await earn.apply(topics.join("one", at=START + DAY))
        assert counter.trips <= MOST


async def test_the_counter_counts(database: str) -> None:
    async with counting(database) as (dsn, counter):
        connection = await asyncpg.connect(dsn)
        try:
            await connection.fetchval("select 1")
            counter.trips = 0
            for _ in range(5):
                await connection.fetchval("select 1")
            assert counter.trips == 5
        finally:
            await connection.close()
