"""Catching up: a batch is cut where a topic runs a day ahead of one that lags."""

from dataclasses import replace

from aiokafka import TopicPartition

from headway_earn.reading import read
from tests.earn.kit import DAY, HOUR, NOW, PREFIX, START, Topics, batch, earning

ORDERS, REVIEWS = TopicPartition(PREFIX + "orders", 0), TopicPartition(PREFIX + "reviews", 0)


def test_what_is_a_day_ahead_of_a_lagging_partition_waits() -> None:
    topics = Topics()
    records = [
        topics.buy("o-1", at=START),
        topics.buy("o-2", at=START + HOUR),
        *(topics.tell("review.published", at=START + n * DAY, review_id=f"r{n}", sku="s", rating=5)
          for n in range(4)),
    ]  # fmt: skip
    whole = batch(*records)
    behind = replace(whole, ends={**whole.ends, ORDERS: 10})
    result = read(behind, NOW)
    assert result.cuts == {REVIEWS: 2}
    assert result.ahead == {REVIEWS: START + 2 * DAY}
    assert {item.kind for _, item, _ in result.inputs} == {"order.paid", "review.published"}
    kept = behind.until(result.cuts)
    assert kept.next_offsets == {ORDERS: 2, REVIEWS: 2}
    assert len(kept) == 4
    assert read(whole, NOW).cuts == {}, "nobody lags: nothing to wait for"
    assert read(replace(behind, whole=False), NOW).cuts == {}, "a half is never cut"


async def test_a_cut_batch_is_written_as_far_as_it_goes_and_says_so(database: str) -> None:
    topics = Topics()
    records = [
        topics.join(),
        topics.buy("o-1", at=START),
        topics.tell("review.published", at=START + 9 * DAY, review_id="r", sku="s", rating=5),
    ]
    behind = batch(*records)
    behind = replace(behind, ends={**behind.ends, ORDERS: 5})
    async with earning(database) as earn:
        applied = await earn.handler.apply(behind)
        assert applied.cuts == {REVIEWS: 0}
        assert {kind for kind, _, _ in await earn.outcomes()} == {"member.joined", "order.paid"}
        at = "select next_offset from positions where topic = $1"
        assert await earn.rows(at, REVIEWS.topic) == [(0,)]


async def test_a_batch_that_is_all_ahead_is_cut_to_nothing(database: str) -> None:
    topics = Topics()
    review = topics.tell("review.published", at=START + 9 * DAY, review_id="r", sku="s", rating=5)
    behind = replace(batch(review), lagging={ORDERS: START})
    async with earning(database) as earn:
        applied = await earn.handler.apply(behind)
        assert applied.cuts == {REVIEWS: 0}
        assert applied.business_times == {REVIEWS: START + 9 * DAY}
        assert await earn.rows("select * from inputs") == []
        await earn.apply(topics.join())
