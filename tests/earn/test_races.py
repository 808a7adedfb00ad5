"""Two processes decide at once on what only one of them can have."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY

from headway.contracts import codec
from headway.stream.batch import Applied, Batch, Record
from headway.stream.errors import Verdict
from headway.stream.halving import Applier
from tests.earn.kit import GROUP, PROGRAM, START, Earn, Topics, batch, earning, handler_on

_HOLD_WRITES = """
create function wait_for_the_other() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(7);
    return new;
end $$;
create trigger held before insert on inputs for each row execute function wait_for_the_other();
"""


@asynccontextmanager
async def writes_held(dsn: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """What is written to the input log waits until this ends: all have read before any writes."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_HOLD_WRITES)
        await connection.execute("select pg_advisory_lock(7)")
        yield connection
    finally:
        await connection.close()


async def waiting(connection: "asyncpg.Connection[asyncpg.Record]", number: int) -> None:
    """Until so many transactions hold back their writes."""
    async with asyncio.timeout(20):
        while True:
            held = await connection.fetchval(
                "select count(*) from pg_locks where not granted and pid in (select pid from"
                " pg_stat_activity where datname = current_database())"
            )
            if held >= number:
                return
            await asyncio.sleep(0.01)


async def settle(earn: Earn, records: tuple[Record, ...]) -> list[Mapping[str, object]]:
    """Apply a batch as the consumer does: again after a lost race, in halves if it must be."""
    applied: list[Mapping[str, object]] = []

    def done(part: Batch, result: Applied) -> None:
        applied.append(result.facts)

    async def wait(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.1))

    await Applier(earn.handler, GROUP, wait, done).settle(batch(*records))
    return applied


def redone() -> float:
    """How often a batch was done again because another writer had been first."""
    labels = {"group": GROUP, "verdict": Verdict.REDO.value}
    return REGISTRY.get_sample_value("headway_batch_trouble_total", labels) or 0


def _order(topics: Topics, who: str) -> Record:
    return topics.buy("x", 7000, who, partition=int(who == "n"))


def _review(topics: Topics, who: str) -> Record:
    told: dict[str, Any] = {"review_id": "x", "sku": "s", "rating": 3}
    return topics.tell("review.published", who, partition=int(who == "n"), **told)


def _refund(topics: Topics, who: str) -> Record:
    told: dict[str, Any] = {"refund_id": "x", "lines": [{"sku": "s", "quantity": 1}]}
    return topics.tell("order.refunded", who, partition=int(who == "n"), **told)


def _referral(topics: Topics, who: str) -> Record:
    told: dict[str, Any] = {"referral_id": "x", "referrer_id": "host"}
    return topics.tell("referral.created", who, partition=int(who == "n"), **told)


CLAIMS: dict[str, tuple[Callable[[Topics, str], Record], str]] = {
    "an order": (_order, "data.order_id"),
    "a review": (_review, "data.review_id"),
    "a refund": (_refund, "data.refund_id"),
    "a referral": (_referral, "data.referral_id"),
}


@pytest.mark.parametrize(("tell", "field"), CLAIMS.values(), ids=CLAIMS.keys())
async def test_a_key_that_two_members_claim_at_once_goes_to_one(
    database: str, tell: Callable[[Topics, str], Record], field: str
) -> None:
    topics = Topics()
    mine, others = tell(topics, "m"), tell(topics, "n")
    async with earning(database) as earn:
        await earn.apply(topics.join("m"), topics.join("n"))
        before = redone()
        async with writes_held(database) as gate:
            both = asyncio.gather(settle(earn, (mine,)), settle(handler_on(earn.pool), (others,)))
            await waiting(gate, 2)
            await gate.execute("select pg_advisory_unlock(7)")
            await both
        assert redone() == before + 1, "the loser read all again"
        assert await earn.letters() == [("conflict", field)]
        inputs = await earn.rows("select count(*) from inputs where kind <> 'member.joined'")
        assert inputs == [(1,)]


async def test_the_same_event_read_by_two_owners_is_applied_once(database: str) -> None:
    topics = Topics()
    order = topics.buy("o", 7000)
    async with earning(database) as earn:
        await earn.apply(topics.join())
        async with writes_held(database) as gate:
            both = asyncio.gather(settle(earn, (order,)), settle(handler_on(earn.pool), (order,)))
            await waiting(gate, 1)
            await gate.execute("select pg_advisory_unlock(7)")
            first, second = await both
        decided = {facts["decisions"] for facts in (*first, *second)}
        assert decided == {0, 1}, "the account's lock lets the second see what the first did"
        assert (await earn.account())["pending"] == 30


async def test_batches_that_share_members_crosswise_do_not_deadlock(database: str) -> None:
    topics = Topics()
    names = [f"m{number:02}" for number in range(40)]
    one = [topics.buy(f"a{name}", 700, name) for name in names]
    other = [topics.buy(f"b{name}", 700, name, partition=1) for name in reversed(names)]
    async with earning(database) as earn:
        await earn.apply(*(topics.join(name) for name in names))
        await asyncio.gather(settle(earn, tuple(one)), settle(handler_on(earn.pool), tuple(other)))
        pending = await earn.rows("select distinct pending, version from accounts")
        assert pending == [(6, 3)]


async def test_what_the_database_refuses_is_found_and_everything_else_applied(
    database: str,
) -> None:
    topics = Topics()
    records = [topics.buy(f"o{number}", 700, f"m{number % 5}") for number in range(20)]
    async with earning(database) as earn:
        await earn.apply(*(topics.join(f"m{number}") for number in range(5)))
        await earn.pool.execute("alter table orders add constraint o check (order_id <> 'o13')")
        applied = await settle(earn, tuple(records))
        assert len(applied) > 2, "in parts"
        letters = await earn.rows('select reason, stage, "offset" from dead_letters')
        assert letters == [("refused", "write", 13)]
        assert len(await earn.rows("select 1 from orders")) == 19
        kept = await earn.rows("select next_offset from positions where topic = 't.orders'")
        assert kept == [(20,)]


async def test_an_identity_too_long_for_an_index_is_refused_alone(database: str) -> None:
    """All its parts are as long as the contract has it, in characters of four bytes each."""
    topics, drawn = Topics(), random.Random(1)
    effect: dict[str, Any] = {
        "member_id": "m", "referral_id": "f", "rule": "referrer", "revision": 1, "worth": 5,
        "earned_at": START, "program_version": 1,
    }  # fmt: skip
    source, id_ = (
        "".join(chr(drawn.randrange(0x10000, 0x20000)) for _ in range(length))
        for length in (256, 512)
    )
    value, headers = codec.encode("effect", source=source, id=id_, time=START, data=effect)
    records = [topics.raw(value, topic="effects", headers=headers), topics.buy("o", 700)]
    async with earning(database) as earn:
        await earn.apply(topics.join())
        await settle(earn, tuple(records))
        assert await earn.rows("select reason, topic from dead_letters") == [
            ("refused", "t.effects")
        ]
        assert (await earn.account())["pending"] == 3


async def test_more_points_than_can_be_counted_are_one_bad_event(database: str) -> None:
    topics = Topics()
    records = [topics.buy("o", 700), topics.buy("huge", 10**12), topics.buy("p", 700)]
    program = PROGRAM.replace('points: 3, every: "7.00"', 'points: 1, every: "1.00"')
    async with earning(database, program=program) as earn:
        await earn.apply(topics.join(), *records)
        assert await earn.letters() == [("too-large", "data")]
        assert (await earn.account())["pending"] == 14


async def test_the_records_of_a_halved_batch_keep_their_times(database: str) -> None:
    """recorded_at never goes back on an account, whoever wrote last."""
    topics = Topics()
    async with earning(database) as earn:
        await earn.apply(topics.join())
        future = START.replace(year=2099)
        await earn.pool.execute("update accounts set recorded_at = $1", future)
        await earn.apply(topics.buy("o"))
        assert (await earn.account())["recorded_at"] == future
        assert await earn.rows("select max(recorded_at) from points_events") == [(future,)]
