"""`python -m bench.desk`: how fast does redeem reserve and confirm, beside pgbench?

The redeem service as it ships answers clients over HTTP; pgbench runs the ledger's statements of
the same two commands on the same server. Rates are compared within a round.
"""

import asyncio
import json
import logging
import sys
import uuid
from pathlib import Path

import asyncpg
import click
from rich.console import Console

from bench.desk import backlog, pgbench, sample, service
from bench.desk.clients import Errand
from bench.desk.figures import Run
from bench.desk.ledger import Ledger, fill
from bench.desk.report import Found, figures, show
from bench.desk.statements import DESK
from bench.direct import load
from bench.orders import member_name
from bench.servers import Databases, create_topics
from bench.timing import RunFailed
from headway.local import LocalStack

CONSOLE = Console()
RESULTS = Path(__file__).parent.parent / "results" / "desk.json"
CLIENTS = (1, 16, 64)
SIDES = ("plain", "pgbench", "hot")
RUN = "bench_desk_run"
WARM_S = 1.0


class Bench:
    """One ledger, copied for each run, and the servers that all runs share."""

    def __init__(
        self, databases: Databases, servers: service.Servers, ledger: Ledger,
        program: Path, seconds: float,
    ) -> None:  # fmt: skip
        self._databases = databases
        self._servers = servers
        self._ledger = ledger
        self._program = program
        self._seconds = seconds
        self._texts: dict[str, str] = {}

    async def take_sample(self) -> None:
        """Learn from one real redemption what rows hold."""
        dsn = await self._databases.fresh(RUN, self._ledger.template)
        found = await sample.take(dsn, member_name(0), self._servers.prefix)
        self._texts = dict(found.texts)

    async def once(self, side: str, clients: int, number: int) -> Run:
        """One run of one side, on a ledger of its own."""
        dsn = await self._databases.fresh(RUN, self._ledger.template)
        if side == "pgbench":
            load = pgbench.Load(self._ledger.members, clients, WARM_S, self._seconds)
            return await asyncio.to_thread(
                pgbench.visit, self._program, self._servers.postgres, dsn, self._texts, load
            )
        async with service.desk(self._servers, dsn) as desk:
            run = await service.visit(
                self._servers, desk, self._errand(desk.port, side, clients, number)
            )
        await _tie_out(dsn, hot=side == "hot")
        return run

    async def draining(self, orders: int) -> backlog.Drained:
        """The plain reward at 16 clients while earn works off a backlog."""
        dsn = await self._databases.fresh(RUN, self._ledger.template)
        async with service.desk(self._servers, dsn) as desk:
            errand = self._errand(desk.port, "plain", 16, 99)
            return await backlog.measure(
                self._servers, dsn, desk, errand, orders=orders, members=self._ledger.members
            )

    def _errand(self, port: int, reward: str, clients: int, seed: int) -> Errand:
        return Errand(
            port, self._ledger.key, reward, self._ledger.members, clients, WARM_S, self._seconds,
            seed,
        )  # fmt: skip


async def _tie_out(dsn: str, *, hot: bool) -> None:
    """A fast desk that gave what it had not proves nothing."""
    connection = await asyncpg.connect(dsn)
    try:
        row = await connection.fetchrow(DESK.redeemed)
    finally:
        await connection.close()
    assert row is not None, "counts are always there"
    if row["open"] or row["taken"] != (row["confirmed"] if hot else 0):
        raise RunFailed(f"redemptions and stock do not tie out: {dict(row)}")


async def measure(
    stack: LocalStack, rounds: int, members: int, seconds: float, orders: int
) -> dict[str, object]:
    """All figures, as they go to the results."""
    endpoints = await asyncio.to_thread(stack.start)
    databases = Databases(endpoints.postgres_dsn)
    prefix = f"bench-{uuid.uuid4().hex[:8]}."
    await create_topics(endpoints.kafka_bootstrap, prefix)
    servers = service.Servers(endpoints.kafka_bootstrap, prefix, await databases.postmaster())
    with CONSOLE.status(f"{members:,} members with points"):
        ledger = await fill(databases, members, prefix)
    program = pgbench.program(stack.postgres.programs)
    bench = Bench(databases, servers, ledger, program, seconds)
    await bench.take_sample()
    found: Found = {(side, clients): [] for clients in CLIENTS for side in SIDES}
    for number in range(rounds):
        for clients in CLIENTS:
            # Turned about, so that neither always runs after the other.
            for side in SIDES[:: 1 if number % 2 == 0 else -1]:
                run = await bench.once(side, clients, number)
                found[side, clients].append(run)
                CONSOLE.print(
                    f"round {number + 1}, {clients} clients, {side}: {run.rate:,.0f} pairs/s"
                )
    drained = await bench.draining(orders)
    await databases.drop(RUN)
    return figures(found, drained) | {"promises": await databases.promises()}


@click.command()
@click.option("--rounds", default=3, show_default=True, help="Runs of each side, interleaved.")
@click.option("--members", default=5_000, show_default=True)
@click.option("--seconds", default=8.0, show_default=True, help="What is counted of each run.")
@click.option("--orders", default=100_000, show_default=True, help="The backlog of earn.")
@click.option("--check", is_flag=True, help="Exit 1 when a goal is missed.")
def main(rounds: int, members: int, seconds: float, orders: int, check: bool) -> None:
    """Compare redeem with pgbench; keep bench/results/desk.json."""
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    before = load()
    with LocalStack.temporary(fast_start=False) as stack:
        told = asyncio.run(measure(stack, rounds, members, seconds, orders))
    setting = {"rounds": rounds, "members": members, "seconds": seconds, "load_before": before}
    RESULTS.write_text(json.dumps(told | setting, indent=2) + "\n")
    if not show(CONSOLE, told) and check:
        sys.exit(1)


if __name__ == "__main__":
    main()
