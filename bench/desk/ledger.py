"""A ledger of members who all have points, and an API key that may redeem."""

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import asyncpg

from bench.orders import member_name
from bench.servers import Databases, joined_at
from headway.access.audit import operator
from headway.access.scopes import Scope
from headway.access.store import create
from headway.contracts.opening import OpeningBalance, OpeningLot
from headway.ledger.migrate import migrate
from headway.ledger.openings import bring_in
from headway.ledger.programs import publish

PROGRAM = Path(__file__).parent.parent / "programs" / "desk.yaml"
TEMPLATE = "bench_desk"
_POINTS = 10_000_000  # of each member: never too few in any run


class Ledger(NamedTuple):
    """A database to be copied for each run, and what opens its API."""

    template: str
    members: int
    key: str


async def fill(databases: Databases, members: int, prefix: str) -> Ledger:
    """Members with one lot each, brought in as `headway import` does."""
    dsn = await databases.fresh(TEMPLATE)
    await migrate(dsn)
    await publish(dsn, PROGRAM.read_text(), file=PROGRAM.name)
    connection = await asyncpg.connect(dsn)
    try:
        await bring_in(connection, [opening(number) for number in range(members)], prefix)
        scopes = (Scope.REDEMPTIONS_WRITE,)
        key = (await create(connection, "bench", scopes, operator())).text
        await connection.execute("truncate outbox")
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()
    return Ledger(TEMPLATE, members, key)


def opening(number: int) -> OpeningBalance:
    """What that member brings along."""
    at = joined_at()
    lot = OpeningLot(
        points=_POINTS, earned_at=at, rule="base", expires_at=at + timedelta(days=365),
        by_programme=False,
    )  # fmt: skip
    return OpeningBalance(
        member_id=member_name(number), batch="bench", joined_at=at, as_of=at, lots=(lot,),
        measure="", measured=(), purchases=0,
    )  # fmt: skip
