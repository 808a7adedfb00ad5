"""`headway jobs`: what ran, and forgetting what nobody runs any more."""

import json

import asyncpg

from headway.operations.jobs import JobLog
from tests.cli.running import headway
from tests.conftest import run_apart

GONE = "notify.lapse-klaviyo"


async def _ran(dsn: str) -> None:
    """Two jobs ran, one of them an hour ago for the last time."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        await JobLog(lambda: pool, GONE, every=1).failed(OSError())
        await pool.execute(
            "update job_runs"
            " set ran_at = ran_at - interval '1 h', next_at = next_at - interval '1 h'"
        )
        await JobLog(lambda: pool, "earn.settle", every=1).ran(1)


def test_a_job_that_nobody_runs_is_overdue_until_it_is_forgotten(database: str) -> None:
    assert headway("jobs", "list", postgres_dsn=database) == "No job has run yet.\n"
    run_apart(_ran(database))
    jobs = {
        job["job"]: job
        for job in json.loads(headway("jobs", "list", "--json", postgres_dsn=database))
    }
    assert jobs["earn.settle"]["overdue_s"] == 0
    assert 3500 < jobs[GONE]["overdue_s"] < 3700
    said = headway("jobs", "list", postgres_dsn=database)
    assert GONE in said
    assert "failed OSError" in said
    assert headway("jobs", "forget", GONE, postgres_dsn=database) == f"forgotten: {GONE}\n"
    assert GONE not in headway("jobs", "list", postgres_dsn=database)
    assert "earn.settle" in headway("jobs", "list", postgres_dsn=database)
    (entry,) = json.loads(headway("audit", "--json", postgres_dsn=database))
    assert (entry["act"], entry["target"]) == ("job.forgotten", GONE)
    said = headway("jobs", "forget", GONE, code=2, postgres_dsn=database)
    assert f"no job '{GONE}' has run" in said
