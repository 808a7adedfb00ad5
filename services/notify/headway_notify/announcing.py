"""Telling members of a new version of the programme, once it is published."""

import logging
from collections.abc import Callable
from datetime import datetime

from headway.program.calendar import local_date
from headway.program.comparing import compare
from headway.program.program import Program
from headway.runtime.logging import event
from headway.stream.positions import Pool
from headway_notify import store
from headway_notify.details import ProgrammeChange
from headway_notify.programmes import Programmes


class Announcer:
    """Makes a message due for everybody. What was there when notify first ran is no news."""

    def __init__(self, pool: Callable[[], Pool], programmes: Programmes) -> None:
        self._pool = pool
        self._programmes = programmes

    async def run_once(self, now: datetime) -> int:
        """Announce versions not announced yet; returns how many members are to be told."""
        latest = await self._pool().fetchval(store.QUERIES.latest_program)
        if not latest:
            return 0
        await self._programmes.need({latest})
        told = 0
        async with self._pool().acquire() as connection, connection.transaction():
            first = not await connection.fetchval(store.QUERIES.announced_any)
            for before, program in _following(self._programmes.all):
                new = await connection.fetchval(store.QUERIES.announce, program.version)
                if new is None or first or before is None:
                    continue
                if "programme_change" not in program.messages.kinds:
                    continue
                told += await store.announce_to_all(connection, _change(before, program), now)
        if told:
            event("announced", "a new programme is told", level=logging.INFO, members=told)
        return told


def _following(all_: tuple[Program, ...]) -> list[tuple[Program | None, Program]]:
    return list(zip((None, *all_), all_, strict=False))


def _change(before: Program, program: Program) -> ProgrammeChange:
    return ProgrammeChange(
        version=program.version,
        from_day=local_date(program.from_at, program.zone),
        changes=tuple(change.words for change in compare(before, program)),
    )
