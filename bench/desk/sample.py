"""One real reserve + confirm: what it executes, and the texts that it writes."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import asyncpg
import orjson

from bench.desk.statements import DESK, NAMES
from headway.ledger.programs import ProgramCache
from headway.runtime.clock import SystemClock
from headway_redeem.redemptions import Command, Redemptions, Reply

_NO_TIME = timedelta(seconds=5)


class Sample(NamedTuple):
    """The ledger's statements of a pair, in order; what pgbench is to write in place of its own."""

    statements: Sequence[str]
    texts: Mapping[str, str]


async def take(dsn: str, member_id: str, prefix: str) -> Sample:
    """Redeem `plain` for a member, by redeem's own code, on a ledger that is none of a run's."""
    said: list[str] = []
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        desk = Redemptions(
            lambda: pool, ProgramCache(), SystemClock(), prefix, lambda: None,
            hold=timedelta(minutes=15), lock_timeout=_NO_TIME,
        )  # fmt: skip
        await _pair(desk, member_id, 1)  # so that the programme is known
        async with pool.acquire() as connection:
            connection.add_query_logger(lambda record: said.append(record.query))
        await _pair(desk, member_id, 2)
        row = await pool.fetchrow(DESK.texts, f"reserve-{2:016}", f"confirm-{2:016}")
    if row is None:
        raise RuntimeError("the sample's redemption is not in the ledger")
    return Sample([NAMES[text] for text in said if text in NAMES], dict(row))


async def _pair(desk: Redemptions, member_id: str, number: int) -> None:
    key, path = f"{number:016}", "/v1/redemptions"
    reserve = Command("redemption.reserve", f"reserve-{key}", path)
    reply = _done(await desk.reserve(reserve, member_id, "plain"))
    redemption_id = orjson.loads(reply.body)["redemption_id"]
    confirm = Command("redemption.confirm", f"confirm-{key}", f"{path}/{redemption_id}/confirm")
    _done(await desk.step(confirm, redemption_id))


def _done(reply: Reply) -> Reply:
    if reply.status >= 300:
        raise RuntimeError(f"refused: {reply.body}")
    return reply
