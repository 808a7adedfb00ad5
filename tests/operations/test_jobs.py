"""How jobs do is written down: when they last ran, how that ended, when they should run again."""

import asyncpg
import pytest

from headway.operations import jobs as module
from headway.operations.jobs import JobLog, JobRun, read_jobs
from headway.stream.positions import Pool
from tests.notify.conftest import pool

__all__ = ["pool"]


async def only(pool: Pool) -> JobRun:
    (run,) = await read_jobs(pool)
    return run


async def test_a_job_that_runs_every_second_is_written_down_now_and_then(pool: Pool) -> None:
    log = JobLog(lambda: pool, "earn.settle", every=1)
    await log.ran(3)
    first = await only(pool)
    assert (first.job, first.outcome, first.did, first.trouble) == ("earn.settle", "ok", 3, "")
    assert (first.next_at - first.ran_at).total_seconds() == 20
    assert first.ok_at == first.since == first.ran_at
    assert first.overdue_s == 0
    await log.ran(5)
    assert (await only(pool)).ran_at == first.ran_at, "too soon for another row"
    log._tried_at -= module.WRITE_EVERY
    await log.ran(1)
    second = await only(pool)
    assert second.ran_at > first.ran_at
    assert (second.did, second.since) == (6, first.since), "what it did meanwhile counts"


async def test_failing_and_recovering_are_written_at_once(pool: Pool) -> None:
    log = JobLog(lambda: pool, "redeem.release", every=60)
    await log.ran(1)
    well = await only(pool)
    await log.failed(asyncpg.LockNotAvailableError("x@example.com could not be locked"))
    failed = await only(pool)
    assert (failed.outcome, failed.trouble) == ("failed", "LockNotAvailableError")
    assert (failed.ok_at, failed.did) == (well.ran_at, 0)
    assert failed.since > well.since
    await log.ran(0)
    assert (await only(pool)).outcome == "ok"
    assert (failed.next_at - failed.ran_at).total_seconds() == 70


async def test_a_job_that_nobody_runs_becomes_overdue(pool: Pool) -> None:
    await JobLog(lambda: pool, "notify.decide", every=1).ran(0)
    await pool.execute(
        "update job_runs set ran_at = ran_at - interval '1 h', next_at = next_at - interval '1 h'"
    )
    assert 3500 < (await only(pool)).overdue_s < 3600


async def test_a_role_that_may_not_write_it_down_goes_on(
    pool: Pool, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with asyncpg.create_pool(
        database, min_size=1, max_size=1, server_settings={"default_transaction_read_only": "on"}
    ) as reading:
        await JobLog(lambda: reading, "earn.settle", every=1).ran(1)
    assert await read_jobs(pool) == []
    assert "how earn.settle does cannot be written down" in caplog.text
