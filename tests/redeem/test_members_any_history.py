"""Whatever happened to a member: pages, past balances and lots agree with the rows."""

import asyncio
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from headway.errors import Poison
from headway.local import Endpoints
from tests.conftest import in_database, run_apart
from tests.domain.strategies import SIMPLE, examples, lateness, orders, refunds, reviews
from tests.ledger.tampering import execute
from tests.redeem.kit import JOINED, Json, Shop, open_shop
from tests.redeem.seeing import compare, pages, published

BUCKETS = ("pending", "available", "reserved", "owed")
Doing = tuple[str, Any]


@pytest.fixture(scope="module")
def server(endpoints: Endpoints, template: str) -> tuple[str, str]:
    """Where an empty ledger can be made, and from what."""
    return endpoints.postgres_dsn, template


HAPPENINGS = st.one_of(
    st.tuples(st.just("order.paid"), orders()),
    st.tuples(st.just("order.refunded"), refunds()),
    st.tuples(st.just("review.published"), reviews()),
    st.sampled_from(SIMPLE),
    st.tuples(st.sampled_from(["reserve", "confirm", "cancel", "reverse"]), st.just({})),
    st.tuples(st.just("wait"), st.sampled_from([1, 20, 400])),
)


async def do(shop: Shop, what: Doing, late: timedelta, held: list[str]) -> None:
    """One thing that happens to the member, at the shop's clock or late."""
    name, facts = what
    if name == "wait":
        shop.clock.move_to(shop.clock.now() + timedelta(days=facts))
    elif name == "reserve":
        answer = await shop.reserve("m", "five")
        held += [answer.json()["redemption_id"]] if answer.status_code == 201 else []
    elif name in ("confirm", "cancel", "reverse"):
        if held:
            await shop.step(held[-1], name)
    else:
        with suppress(Poison):  # as in the stream, where it would be a dead letter
            await shop.tell(name, "m", shop.clock.now() - late, **facts)


async def stands(shop: Shop) -> None:
    """All reads of the member agree with the rows and with what was published."""
    mine = [one for one in await published(shop) if one[1]["member_id"] == "m"]
    for place, (recorded, data) in enumerate(mine):
        if place + 1 == len(mine) or mine[place + 1][0] > recorded:
            await compare(shop, "m", recorded, data)
    if mine:
        await compare(shop, "m", mine[0][0] - timedelta(microseconds=1), None)
    has = dict.fromkeys(BUCKETS, 0)
    rows = await shop.pool.fetch("select p.* from points_events p join accounts using (account_id)"
                                 " where member_id = 'm' order by seq desc")  # fmt: skip
    told = [one async for one in pages(shop, "m/history", "entries", limit=3)]
    assert [one["seq"] for one in told] == [row["seq"] for row in rows]
    for row, one in zip(reversed(rows), reversed(told), strict=True):
        for bucket, sign in ((row["from_bucket"], -1), (row["to_bucket"], 1)):
            if bucket in has:
                has[bucket] += sign * row["points"]
        assert one["after"] == has
    lots = [one async for one in pages(shop, "m/explanation", "lots", lots="all", limit=2)]
    assert {bucket: sum(lot[bucket] for lot in lots) for bucket in BUCKETS} == has


# Not made smaller when it fails: every try is a database of its own.
@settings(examples(12), phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.lists(st.tuples(HAPPENINGS, lateness), min_size=4, max_size=14),
    st.integers(0, 3),
)
def test_reads_agree_with_the_rows(
    server: tuple[str, str], happenings: list[tuple[Doing, timedelta]], joins_after: int
) -> None:
    async def live(dsn: str) -> None:
        async with open_shop(dsn) as shop:
            held: list[str] = []
            for place, (what, late) in enumerate(happenings):
                if place == joins_after:
                    await shop.tell("member.joined", "m", JOINED - timedelta(days=60))
                await do(shop, what, late, held)
            await stands(shop)

    run_apart(_in_a_ledger(server, live))


async def _in_a_ledger(server: tuple[str, str], live: Any) -> None:
    dsn, template = server
    name = f"test_{uuid.uuid4().hex[:12]}"
    await execute(dsn, f"create database {name} template {template}")
    try:
        await live(in_database(dsn, name))
    finally:
        await execute(dsn, f"drop database {name} with (force)")


async def test_walking_the_pages_gives_each_row_once_while_rows_are_added(shop: Shop) -> None:
    ann = await shop.member_with(100)
    for number in range(15):
        await shop.buys(ann, f"o{number}", 10)
    there = await shop.pool.fetchval("select max(seq) from points_events")
    lots = await shop.pool.fetch("select lot from lots order by lot desc")

    async def walk(path: str, of: str, limit: int) -> list[Json]:
        return [one async for one in pages(shop, path, of, limit=limit)]

    async def buy() -> None:
        for number in range(15):
            await shop.buys(ann, f"later{number}", 10)

    entries, found, _ = await asyncio.gather(
        walk(f"{ann}/history", "entries", 2), walk(f"{ann}/explanation", "lots", 1), buy()
    )
    # Rows that were added before the first page was read are in it; then none comes in between.
    seqs = [one["seq"] for one in entries]
    assert seqs == list(range(seqs[0], 0, -1))
    assert seqs[0] >= there
    assert await shop.pool.fetchval("select max(seq) from points_events") > seqs[0]
    numbers = [one["lot"] for one in found]
    assert numbers == sorted(set(numbers), reverse=True)
    assert {row["lot"] for row in lots} <= set(numbers)
