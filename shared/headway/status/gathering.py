"""One look at everything: Kafka through the lag watch, the database through its figures."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import asyncpg
from aiokafka.errors import KafkaError

from headway.errors import HeadwayError
from headway.ledger.programs import ProgramCache
from headway.ledger.queries import load
from headway.operations.figures import COUNT_UP_TO, DatabaseFigures, Figures
from headway.operations.jobs import JobRun
from headway.operations.verifications import Verification
from headway.runtime.clock import Clock
from headway.status.snapshot import (
    DeadLetters,
    Group,
    Job,
    Notifications,
    Outbox,
    Pause,
    Programme,
    Redemptions,
    Refused,
    Sending,
    Snapshot,
    Unseen,
    VerifyRun,
)
from headway.stream.errors import TROUBLE
from headway.stream.positions import Connection, Pool

_QUERIES = load("headway.status", "gathering.sql")
_WITHIN = 30.0
_HOUR = timedelta(hours=1)
_MOST_FAILED = 10_000

Groups = Callable[[], Awaitable[Sequence[Group]]]


class Gathering:
    """Looks at everything there is; a part that does not answer is told as unseen."""

    def __init__(
        self, groups: Groups, figures: DatabaseFigures, pool: Callable[[], Pool], clock: Clock
    ) -> None:
        self._groups = groups
        self._figures = figures
        self._pool = pool
        self._clock = clock
        self._programs = ProgramCache()

    async def look(self) -> Snapshot:
        """Everything as it is now. Takes at most some seconds, whatever does not answer."""
        groups, database = await asyncio.gather(
            self._seen(self._groups()), self._seen(self._database())
        )
        unseen: list[Unseen] = []
        values: dict[str, Any] = {}
        if isinstance(groups, str):
            unseen.append(Unseen(part="kafka", why=groups))
        else:
            values["groups"] = tuple(groups)
        if isinstance(database, str):
            unseen.append(Unseen(part="database", why=database))
        else:
            values |= database
        return Snapshot(at=self._clock.now(), unseen=tuple(unseen), **values)

    async def _seen(self, look: Awaitable[Any]) -> Any:
        """What the look finds, or in words why nothing can be seen."""
        try:
            async with asyncio.timeout(_WITHIN):
                return await look
        except TimeoutError:
            return f"no answer in {_WITHIN:.0f} seconds"
        except (KafkaError, HeadwayError, *TROUBLE) as error:
            return _first_line(error)

    async def _database(self) -> Mapping[str, object]:
        figures = await self._figures.run_once()
        async with self._pool().acquire() as connection:
            return {
                **of_figures(figures),
                "dead_letters": await dead_letters(connection),
                "programme": await self._programme(connection),
                "notifications": await self._notifications(connection, figures),
            }

    async def _programme(self, connection: Connection) -> Programme | None:
        now = self._clock.now()
        latest = await connection.fetchval(_QUERIES.latest_program)
        if latest is None:
            return None
        programs = await self._programs.get(connection, latest)
        program = programs.at(now)
        rows = await connection.fetch(_QUERIES.next_program, now)
        return Programme(
            version=program.version, name=program.name, zone=str(program.zone),
            from_at=program.from_at, rules=len(program.rules),
            next_version=rows[0]["version"] if rows else None,
            next_from_at=rows[0]["from_at"] if rows else None,
        )  # fmt: skip

    async def _notifications(
        self, connection: Connection, figures: Figures
    ) -> Notifications | None:
        """None where this role may not read what notify keeps."""
        since = self._clock.now() - _HOUR
        try:
            paused = await connection.fetch(_QUERIES.pauses)
            failed = await connection.fetchval(_QUERIES.failed_since, since, _MOST_FAILED)
        except asyncpg.InsufficientPrivilegeError:
            return None
        return Notifications(
            by_state=tuple(
                Sending(road=road, state=state, count=count)
                for (road, state), count in sorted(figures.notifications.items())
                if count
            ),
            paused=tuple(Pause(**row) for row in paused),
            failed_last_hour=failed,
        )


async def dead_letters(connection: Connection, up_to: int = COUNT_UP_TO) -> DeadLetters:
    """Those that wait, by reason and topic, the most first; the oldest `up_to` are counted."""
    rows = await connection.fetch(_QUERIES.letters_waiting, up_to)
    by_reason = tuple(Refused(**row) for row in rows)
    waiting = sum(one.count for one in by_reason)
    return DeadLetters(waiting=waiting, at_least=waiting >= up_to, by_reason=by_reason)


def of_figures(figures: Figures) -> dict[str, object]:
    """The parts of a snapshot that are figures of the database."""
    rows = figures.outbox_rows
    return {
        "outbox": None if rows is None else _outbox(rows, figures.outbox_oldest_s),
        "jobs": tuple(_job(run) for run in figures.jobs),
        "accounts_held": figures.accounts_held,
        "verify": None if figures.verified is None else _verify(figures.verified),
        "redemptions": tuple(
            Redemptions(state=state, count=count)
            for state, count in sorted(figures.redemptions.items())
        ),
    }


def _outbox(rows: int, oldest: float | None) -> Outbox:
    return Outbox(waiting=rows, at_least=rows >= COUNT_UP_TO, oldest_seconds=oldest)


def _job(run: JobRun) -> Job:
    return Job(
        job=run.job, last_at=run.ran_at, outcome="ok" if run.outcome == "ok" else "failed",
        since=run.since, next_at=run.next_at, overdue_seconds=run.overdue_s, trouble=run.trouble,
    )  # fmt: skip


def _verify(run: Verification) -> VerifyRun:
    return VerifyRun(
        at=run.began_at, ok=run.ok, scope=run.scope, findings=run.findings,
        took_seconds=run.took_s, release=run.release,
    )  # fmt: skip


def _first_line(error: BaseException) -> str:
    text = str(error).partition("\n")[0].strip()
    return text[:200] or type(error).__name__
