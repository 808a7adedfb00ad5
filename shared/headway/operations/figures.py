"""What the database alone can say of how things stand, read in one place and at a bounded cost.

One process per installation reads them, not every service: the cost is then the same however many
there are, and no sum over processes counts a thing twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg

from headway.operations.jobs import QUERIES, JobRun
from headway.operations.verifications import Verification, verification_of
from headway.stream.positions import Connection, Pool

COUNT_UP_TO = 100_000
"""How far anything is counted: more than that needs no exact figure."""
COUNT_WHOLE = 10_000
"""Tables with so many rows or fewer are counted in every state."""
ANSWER_WITHIN_MS = 2_000
"""A statement that takes longer is given up, for it disturbs those that matter."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How things stood at `taken_at`. What this role may not read is missing (None, or not in the
    mapping)."""

    taken_at: datetime
    outbox_rows: int | None = None
    outbox_oldest_s: float | None = None
    dead_letters: int | None = None
    """Dead letters that nobody has replayed."""
    accounts_held: int | None = None
    redemptions: Mapping[str, int] = field(default_factory=dict)
    """By state."""
    notifications: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By road and state."""
    jobs: Sequence[JobRun] = ()
    verified: Verification | None = None
    """The latest run of `headway verify`."""


class DatabaseFigures:
    """Reads them. `latest`: what was read last, also while they are read anew; None when that
    failed or was broken off, for old figures mislead."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.latest: Figures | None = None

    async def run_once(self) -> Figures:
        """Read them now. Raises what the database raises when it cannot be reached, and
        asyncpg.QueryCanceledError when a statement takes too long."""
        try:
            async with self._pool.acquire() as connection:
                figures = await _read(connection)
        except BaseException:  # Whoever asks may also cancel.
            self.latest = None
            raise
        self.latest = figures
        return figures


async def _read(connection: Connection) -> Figures:
    outbox = await _rows(connection, QUERIES.outbox_standing, COUNT_UP_TO)
    letters = await _rows(connection, QUERIES.dead_letters_standing, COUNT_UP_TO)
    held = await _rows(connection, QUERIES.accounts_held, COUNT_UP_TO)
    redemptions = await _rows(connection, QUERIES.redemptions_standing, COUNT_UP_TO, COUNT_WHOLE)
    mails = await _rows(connection, QUERIES.notifications_standing, COUNT_UP_TO, COUNT_WHOLE)
    others = await _rows(connection, QUERIES.handovers_standing, COUNT_UP_TO)
    jobs = await _rows(connection, QUERIES.jobs)
    verified = await _rows(connection, QUERIES.verify_runs, 1)
    return Figures(
        taken_at=datetime.now(UTC),
        outbox_rows=outbox[0]["waiting"] if outbox else None,
        outbox_oldest_s=outbox[0]["oldest_s"] if outbox else None,
        dead_letters=letters[0][0] if letters else None,
        accounts_held=held[0][0] if held else None,
        redemptions={row["state"]: row["number"] for row in redemptions},
        notifications={
            **{("mail", row["state"]): row["number"] for row in mails},
            **{(row["road"], row["state"]): row["number"] for row in others},
        },
        jobs=[JobRun(*row) for row in jobs],
        verified=verification_of(verified[0]) if verified else None,
    )


async def _rows(
    connection: Connection, statement: str, *arguments: object
) -> Sequence[asyncpg.Record]:
    """A statement's rows; none when this role may not read them."""
    try:
        async with connection.transaction(readonly=True):
            await connection.execute(f"set local statement_timeout = {ANSWER_WITHIN_MS}")
            return await connection.fetch(statement, *arguments)
    except asyncpg.InsufficientPrivilegeError:
        return []
