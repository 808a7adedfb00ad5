"""What pgbench runs beside redeem is what redeem runs: statements, rows and their sizes."""

import asyncio
import subprocess
from pathlib import Path

import asyncpg
import pytest

from bench.desk import pgbench, sample
from bench.desk.backlog import Drained
from bench.desk.figures import Run
from bench.desk.ledger import PROGRAM, opening
from bench.desk.report import Found, figures
from bench.desk.statements import DESK, PAIR, named, script
from bench.orders import member_name
from headway.ledger.openings import bring_in
from headway.ledger.programs import publish
from headway.local.postgres import PostgresServer

PREFIX = "t."
ONE_CLIENT = pgbench.Load(members=1, clients=1, warm=0, seconds=0)


async def written(dsn: str) -> dict[str, tuple[int, int]]:
    """Rows and bytes by table, for what a pair writes."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(DESK.written)
    finally:
        await connection.close()
    return {row["name"]: (int(row["rows"]), int(row["bytes"] or 0)) for row in rows}


async def test_pgbench_executes_and_writes_what_redeem_does(database: str, tmp_path: Path) -> None:
    await publish(database, PROGRAM.read_text())
    connection = await asyncpg.connect(database)
    try:
        await bring_in(connection, [opening(0)], PREFIX)
        await connection.execute("truncate outbox")
    finally:
        await connection.close()
    before = await written(database)
    found = await sample.take(database, member_name(0), PREFIX)
    assert found.statements == named(PAIR.read_text())
    by_redeem = await written(database)
    command = pgbench.command(
        pgbench.program(PostgresServer(tmp_path).programs),
        database,
        tmp_path,
        found.texts,
        ONE_CLIENT,
        "--transactions=2",
    )
    ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    by_both = await written(database)
    for table, (rows, size) in by_redeem.items():
        rows_before, size_before = before[table]
        rows_both, size_both = by_both[table]
        assert rows != rows_before, table
        assert rows_both - rows == rows - rows_before, table
        assert size_both - size == pytest.approx(size - size_before, abs=40, rel=0.01), table


def test_a_statement_with_other_arguments_than_it_takes_is_refused() -> None:
    with pytest.raises(LookupError, match="read_answer takes"):
        script("@ read_answer\n$1 'a'\n$2 'b'\n")


def test_figures_are_ratios_within_a_round() -> None:
    def run(rate: float) -> Run:
        return Run(rate, 1, 2, {"postgres": 3})

    found: Found = {
        ("plain", 16): [run(30), run(10), run(20)],
        ("pgbench", 16): [run(100), run(20), run(50)],
        ("hot", 16): [run(15), run(10), run(20)],
    }
    told = figures(found, Drained(run(5), 1_000))
    assert told["redeem_to_pgbench"] == {"16": 0.4}
    assert told["redeem_to_pgbench_by_cpu"] == {"16": 1.0}
    assert told["hot_to_plain"] == {"16": 1.0}


def test_the_time_of_a_run_is_told_by_its_slowest() -> None:
    told = Run.of([float(n) for n in range(1, 201)], 10, {"postgres": 2})
    assert (told.rate, told.p50, told.p99) == (20, 101, 199)
    assert told.cpu == {"postgres": 10_000}
