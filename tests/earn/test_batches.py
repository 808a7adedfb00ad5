"""One batch, one transaction: what becomes of repeats, conflicts, amendments, parked inputs."""

import json
from typing import Any

import pytest
from aiokafka import TopicPartition

from headway.errors import DeployGoneWrong
from headway.stream.batch import Batch
from tests.earn.kit import DAY, GROUP, HOUR, NOW, START, Topics, earning


async def test_a_repeat_is_silent_in_the_same_batch_and_in_a_later_one(database: str) -> None:
    topics = Topics()
    joined, order = topics.join(), topics.buy("o")
    again = topics.raw(order.value, headers=order.headers)
    async with earning(database) as earn:
        facts = await earn.apply(joined, order, again)
        assert (facts["decisions"], facts["repeats"], facts["refused"]) == (2, 1, 0)
        facts = await earn.apply(order, again, joined)
        assert (facts["decisions"], facts["repeats"], facts["refused"]) == (0, 3, 0)
        assert [kind for kind, *_ in await earn.outcomes()] == ["member.joined", "order.paid"]
        assert await earn.letters() == []
        assert (await earn.account())["version"] == 2
        assert len(earn.wakes) == 2


async def test_the_same_id_with_other_content_is_a_conflict_and_the_first_stays(
    database: str,
) -> None:
    topics = Topics()
    first = topics.buy("o", 1000, id_="same")
    other, later = topics.buy("o", 2000, id_="same"), topics.buy("p", 3000, id_="same")
    async with earning(database) as earn:
        facts = await earn.apply(topics.join(), first, other)
        assert (facts["decisions"], facts["refused"]) == (2, 1)
        facts = await earn.apply(later)
        assert (facts["decisions"], facts["refused"]) == (0, 1)
        assert await earn.letters() == [("conflict", "id")] * 2
        assert await earn.rows("select order_id from orders") == [("o",)]
        assert (await earn.account())["pending"] == 4


async def test_what_repeats_a_refused_event_is_refused_too_however_batches_are_cut(
    database: str,
) -> None:
    topics = Topics()
    first, other = topics.buy("o", 1000, id_="same"), topics.buy("o", 2000, id_="same")
    again = topics.raw(other.value, headers=other.headers)
    third = topics.raw(other.value, headers=other.headers)
    async with earning(database) as earn:
        await earn.apply(topics.join(), first)
        facts = await earn.apply(other, again)
        assert (facts["refused"], facts["repeats"]) == (2, 0)
        await earn.apply(third)
        assert await earn.letters() == [("conflict", "id")] * 3


async def test_a_known_order_under_a_new_id(database: str) -> None:
    topics = Topics()
    async with earning(database) as earn:
        await earn.apply(topics.join(), topics.buy("o", 7000))
        await earn.apply(
            topics.buy("o", 7000, at=START + HOUR),
            topics.buy("o", 9999, at=START + 2 * HOUR),
            topics.buy("o", 14000, at=START + 3 * HOUR, order_version=3),
            topics.buy("o", 700, at=START + 4 * HOUR, order_version=2),
            topics.buy("o", 7000, "n", at=START + 5 * HOUR),
        )
        assert [row for row in await earn.outcomes() if row[0] == "order.paid"] == [
            ("order.paid", "applied", ""),
            ("order.paid", "nothing", "already paid"),
            ("order.paid", "applied", "amended"),
            ("order.paid", "nothing", "overtaken"),
        ]
        assert await earn.letters() == [
            ("conflict", "data.order_version"), ("conflict", "data.order_id"),
        ]  # fmt: skip
        account = await earn.account()
        assert account["pending"] == 60
        assert account["next_due_at"] == START + 3 * DAY, "judged at the order's first time"


async def test_what_comes_before_what_it_needs_is_parked_and_released(database: str) -> None:
    topics = Topics()
    back: dict[str, Any] = {
        "refund_id": "r",
        "order_id": "o",
        "lines": [{"line_id": "1", "quantity": 1}],
    }
    refund = topics.tell("order.refunded", at=START + DAY, **back)
    removed = topics.tell("review.removed", at=START + DAY, review_id="v")
    order = topics.buy("o", 7000)
    review = topics.tell("review.published", at=START, review_id="v", sku="s", rating=5)
    async with earning(database) as earn:
        await earn.apply(refund, removed)
        await earn.apply(order)
        assert {outcome for _, outcome, _ in await earn.outcomes()} == {"parked"}
        waiting = "select n, waits_for from parked order by n"
        assert await earn.rows(waiting) == [(1, "member"), (2, "member"), (3, "member")]
        await earn.apply(topics.join())
        assert await earn.rows(waiting) == [(2, "review:v")]
        await earn.apply(review)
        assert await earn.rows(waiting) == []
        assert await earn.outcomes() == [
            ("order.refunded", "applied", ""),
            ("review.removed", "applied", ""),
            ("order.paid", "applied", ""),
            ("member.joined", "applied", ""),
            ("review.published", "applied", ""),
        ]
        account = await earn.account()
        assert (account["pending"], account["available"]) == (0, 5)
        assert account["inputs"] == 5


async def test_all_of_it_in_one_batch_gives_the_same(database: str) -> None:
    topics = Topics()
    back: dict[str, Any] = {
        "refund_id": "r",
        "order_id": "o",
        "lines": [{"line_id": "1", "quantity": 1}],
    }
    records = [
        topics.tell("order.refunded", at=START + DAY, **back),
        topics.tell("review.removed", at=START + DAY, review_id="v"),
        topics.buy("o", 7000),
        topics.tell("review.published", at=START, review_id="v", sku="s", rating=5),
        topics.join(),
    ]
    async with earning(database) as earn:
        await earn.apply(*records)
        assert [kind for kind, *_ in await earn.outcomes()] == [
            "member.joined", "order.paid", "review.published", "order.refunded", "review.removed",
        ]  # fmt: skip
        assert {outcome for _, outcome, _ in await earn.outcomes()} == {"applied"}
        account = await earn.account()
        assert (account["pending"], account["available"]) == (0, 5)


async def test_every_cause_is_published_once_with_gapless_versions(database: str) -> None:
    topics = Topics()
    async with earning(database) as earn:
        await earn.apply(
            topics.join("a"), topics.buy("o1", 7000, "a"), topics.join("b"),
            topics.tell("member.updated", "a", attributes={}),
        )  # fmt: skip
        await earn.apply(
            topics.buy("o2", 7000, "b"), topics.buy("o3", 7000, "a", at=START + HOUR),
            topics.tell("member.left", "b", at=START + DAY),
        )  # fmt: skip
        published = await earn.published()
        assert {topic for topic, *_ in published} == {"balance-changed", "member-notices"}
        published = [told for told in published if told[0] == "balance-changed"]
        told: dict[bytes, list[tuple[int, str]]] = {}
        for _, key, value, _ in published:
            data = json.loads(value or b"")["data"]
            assert data["member_id"].encode() == key
            told.setdefault(key, []).append((data["version"], data["cause"]["id"]))
        causes = {key: [cause for _, cause in ones] for key, ones in told.items()}
        assert {key: [n for n, _ in ones] for key, ones in told.items()} == {
            b"a": [1, 2, 3], b"b": [1, 2, 3],
        }  # fmt: skip
        assert causes[b"a"] == ["e000001", "e000002", "e000006"], "an update changes nothing"
        for member, key in (("a", b"a"), ("b", b"b")):
            last = [json.loads(v or b"") for _, k, v, _ in published if k == key][-1]["data"]
            account = await earn.account(member)
            assert last["head_hash"] == account["head_hash"].hex()
            assert last["version"] == account["version"]


async def test_a_referral_leaves_as_an_effect_and_comes_back_as_an_input(database: str) -> None:
    topics = Topics()
    referred: dict[str, Any] = {"referral_id": "f", "referrer_id": "host"}
    async with earning(database) as earn:
        await earn.apply(
            topics.join("host"), topics.join("guest"),
            topics.tell("referral.created", "guest", at=START - HOUR, **referred),
            topics.buy("o", 7000, "guest"),
        )  # fmt: skip
        (effect,) = [row for row in await earn.published() if row[0] == "effects"]
        assert effect[1] == b"host"
        await earn.apply(topics.raw(effect[2], key=b"host", topic="effects"))
        assert (await earn.account("host"))["pending"] == 9
        assert (await earn.account("guest"))["pending"] == 30 + 7
        cancelled = topics.tell("order.cancelled", "guest", at=START + DAY, order_id="o")
        await earn.apply(cancelled)
        undone = [row for row in await earn.published() if row[0] == "effects"][-1]
        first = topics.raw(effect[2], key=b"host", topic="effects")
        await earn.apply(topics.raw(undone[2], key=b"host", topic="effects"), first)
        assert (await earn.account("host"))["pending"] == 0
        assert (await earn.account("guest"))["pending"] == 0


async def test_positions_follow_also_where_a_batch_brings_nothing(database: str) -> None:
    topics = Topics()
    record = topics.join()
    async with earning(database) as earn:
        await earn.apply(record)
        only = TopicPartition(record.topic, record.partition)
        await earn.handler.apply(Batch(GROUP, (), {only: 41}))
        stored = await earn.rows("select next_offset, log_end, business_time from positions")
        assert stored == [(41, 41, START - DAY)]


async def test_a_sixth_of_poison_is_bad_data_and_everything_else_is_applied(database: str) -> None:
    topics = Topics()
    good = [topics.join(f"m{number}") for number in range(250)]
    bad = [topics.raw(b"{") for _ in range(50)]
    async with earning(database) as earn:
        facts = await earn.apply(*good, *bad)
        assert (facts["decisions"], facts["refused"]) == (250, 50)
        assert await earn.letters() == [("not-json", "")] * 50


async def test_more_than_a_fifth_of_the_last_thousand_is_a_deploy_gone_wrong(database: str) -> None:
    topics = Topics()
    value = b'{"specversion": "0.3", "data": {}}'
    async with earning(database) as earn:
        await earn.apply(*(topics.join(f"m{number}") for number in range(160)))
        with pytest.raises(DeployGoneWrong) as raised:
            await earn.apply(topics.join("late"), *(topics.raw(value) for _ in range(60)))
        assert "refused 60 of the last 221 records" in str(raised.value)
        assert "bad-attribute in field specversion" in str(raised.value)
        assert await earn.letters() == []
        assert await earn.rows("select 1 from outbox where topic like '%dead%'") == []
        assert await earn.rows("select 1 from inputs where data->>'member_id' = 'late'") == []


async def test_the_clock_is_the_machines(database: str) -> None:
    topics = Topics()
    soon, future = NOW + HOUR / 20, NOW + HOUR / 10
    async with earning(database) as earn:
        await earn.apply(topics.join(at=soon), topics.join("n", at=future))
        assert await earn.letters() == [("from-the-future", "time")]
        assert len(await earn.outcomes()) == 1
