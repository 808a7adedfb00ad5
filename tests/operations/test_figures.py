"""What the database alone can say, read in one place: exactly, at a bounded cost, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from headway.operations import exposing
from headway.operations import figures as module
from headway.operations.exposing import FiguresCollector
from headway.operations.figures import DatabaseFigures
from headway.operations.jobs import JobLog
from headway.operations.verifications import Verification, record
from headway.stream.positions import Pool
from tests.redeem.kit import Shop, open_shop


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Shop]:
    """A shop with something of everything that is counted."""
    async with open_shop(database) as shop:
        await shop.member_with(550)
        await shop.reserved("ann", "five")
        for _ in range(2):
            await shop.step(await shop.reserved("ann", "ten"), "confirm")
        await shop.pool.execute("update accounts set held = 'KeyError' where member_id = 'ann'")
        await _notifications(shop.pool)
        await JobLog(lambda: shop.pool, "earn.settle", every=1).ran(7)
        found = {"balances": 2}
        await record(
            shop.pool,
            Verification(datetime(2026, 3, 3, tzinfo=UTC), 1.5, "ledger", False, found, "0.1.0"),
        )
        yield shop


async def _notifications(pool: Pool) -> None:
    """Two that are due, one that failed; and one that waits to be told to a platform."""
    await pool.execute(
        "insert into notify.notifications (member_id, kind, cause, business_day, ends_at)"
        " select 'ann', 'welcome', n::text, '2026-03-03', now() from generate_series(1, 3) as n"
    )
    number = await pool.fetchval(
        "update notify.notifications set state = 'decided', decided_at = now(), epoch = 1,"
        " version = 1, facts = '{}', next_attempt_at = now() where cause = '3' returning id"
    )
    await pool.execute(
        "insert into notify.handovers (notification, road, priority) values ($1, 'klaviyo', 0)",
        number,
    )
    for state, ended in (("sending", "null"), ("failed", "now()")):
        await pool.execute(
            "update notify.notifications set state = $1, attempts = 1, claim = gen_random_uuid(),"
            f" claimed_until = now(), ended_at = {ended} where cause = '3'",
            state,
        )


async def test_they_are_what_the_tables_hold(shop: Shop) -> None:
    found = await DatabaseFigures(shop.pool).run_once()
    waiting = await shop.pool.fetchval("select count(*) from outbox")
    assert found.outbox_rows == waiting > 0
    assert found.outbox_oldest_s is not None
    assert 0 < found.outbox_oldest_s < 120
    assert (found.dead_letters, found.accounts_held) == (0, 1)
    assert found.redemptions == {"reserved": 1, "confirmed": 2}
    assert found.notifications == {
        ("mail", "due"): 2, ("mail", "failed"): 1, ("klaviyo", "decided"): 1,
    }  # fmt: skip
    assert [(job.job, job.did) for job in found.jobs] == [("earn.settle", 7)]
    assert found.verified is not None
    assert (found.verified.ok, found.verified.findings) == (False, {"balances": 2})


async def test_the_oldest_row_is_the_oldest_of_any_shard(shop: Shop) -> None:
    await shop.pool.execute(
        "insert into outbox (shard, topic, key, headers, recorded_at)"
        " values (15, 't', '', '[]', now() - interval '1 h'), (15, 't', '', '[]', now())"
    )
    found = await DatabaseFigures(shop.pool).run_once()
    assert found.outbox_oldest_s is not None
    assert 3600 <= found.outbox_oldest_s < 3720


async def test_a_large_table_is_not_counted_but_estimated(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COUNT_WHOLE", 1)
    await shop.pool.execute("analyze")
    found = await DatabaseFigures(shop.pool).run_once()
    assert found.redemptions == {"reserved": 1, "confirmed": 2}
    assert found.notifications[("mail", "due")] == 2
    monkeypatch.setattr(module, "COUNT_UP_TO", 1)
    found = await DatabaseFigures(shop.pool).run_once()
    assert found.notifications[("mail", "due")] == 1
    assert found.outbox_rows == 1


async def test_what_a_role_may_not_read_is_missing_and_nothing_else(
    shop: Shop, database: str
) -> None:
    role = "figures_" + database.rpartition("_")[2]
    await shop.pool.execute(f"create role {role}")
    try:
        await shop.pool.execute(f"grant select on job_runs, outbox to {role}")
        async with asyncpg.create_pool(
            database, min_size=1, max_size=1, server_settings={"role": role}
        ) as pool:
            found = await DatabaseFigures(pool).run_once()
        assert found.outbox_rows
        assert (found.accounts_held, found.redemptions, found.notifications) == (None, {}, {})
        assert (len(found.jobs), found.verified) == (1, None)
    finally:
        await shop.pool.execute(f"drop owned by {role}; drop role {role}")


def told(registry: CollectorRegistry) -> set[str]:
    """The series as Prometheus would read them."""
    lines = generate_latest(registry).decode().splitlines()
    return {line for line in lines if not line.startswith("#")}


async def test_the_collector_tells_them_and_falls_silent_with_the_database(
    shop: Shop, database: str
) -> None:
    registry = CollectorRegistry()
    async with asyncpg.create_pool(database, min_size=1, max_size=1) as pool:
        figures = DatabaseFigures(pool)
        registry.register(FiguresCollector(figures))
        assert told(registry) == {"headway_database_figures_up 0.0"}
        await figures.run_once()
        lines = told(registry)
        assert {
            "headway_database_figures_up 1.0",
            "headway_accounts_held 1.0",
            'headway_redemptions{state="reserved"} 1.0',
            'headway_notifications{road="mail",state="due"} 2.0',
            'headway_notifications{road="klaviyo",state="decided"} 1.0',
            'headway_job_failed{name="earn.settle"} 0.0',
            'headway_job_overdue_seconds{name="earn.settle"} 0.0',
            "headway_verify_ok 0.0",
            'headway_verify_findings{check="balances"} 2.0',
        } <= lines
        silent = [
            one.name
            for one in exposing.PART.declared
            if not any(line.startswith(one.name) for line in lines)
        ]
        assert silent == []
    with pytest.raises(asyncpg.InterfaceError):
        await figures.run_once()
    assert told(registry) == {"headway_database_figures_up 0.0"}


async def test_while_they_are_read_anew_the_last_ones_are_told(shop: Shop) -> None:
    figures = DatabaseFigures(shop.pool)
    registry = CollectorRegistry()
    registry.register(FiguresCollector(figures))
    await figures.run_once()
    before = told(registry)
    async with shop.pool.acquire() as other, other.transaction():
        await other.execute("lock table accounts in access exclusive mode")
        reading = asyncio.create_task(figures.run_once())
        await asyncio.sleep(0.3)
        assert not reading.done()
        assert told(registry) == before
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    assert told(registry) == {"headway_database_figures_up 0.0"}, "broken off: not known"


async def test_a_statement_that_takes_too_long_fails_the_whole_look(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_WITHIN_MS", 100)
    figures = DatabaseFigures(shop.pool)
    await figures.run_once()
    async with shop.pool.acquire() as other, other.transaction():
        await other.execute("lock table accounts in access exclusive mode")
        with pytest.raises(asyncpg.QueryCanceledError):
            await figures.run_once()
    assert figures.latest is None
