"""Voucher codes for the certificates that a demo's programme issues by itself."""

import asyncpg

from headway.ledger import codes
from headway.program.program import Program

_CODES = 20_000


async def fill_pools(dsn: str, program: Program) -> None:
    """Make codes for each pool that automatic certificates take theirs from."""
    pools = {r.codes.pool for r in program.rewards if r.automatic and r.codes is not None}
    if not pools:
        return
    connection = await asyncpg.connect(dsn)
    try:
        for pool in sorted(pools):
            await codes.generate(connection, pool, _CODES)
    finally:
        await connection.close()
