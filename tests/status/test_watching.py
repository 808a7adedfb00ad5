"""Alive and ready, as the status says of itself."""

import asyncio

from headway.runtime.health import Health
from headway.status.judging import Objectives
from headway.status.snapshot import Snapshot
from headway.status.watching import Board, Watch
from tests.status.pages import SEEN


async def test_ready_after_the_first_look_and_alive_however_seldom_it_looks() -> None:
    now = [1000.0]
    health, board, seen = Health(lambda: now[0]), Board(), asyncio.Event()

    async def look() -> Snapshot:
        await seen.wait()
        return SEEN

    watch = Watch(look, board, Objectives(), health, every=300)
    health.ready("web")
    assert health.not_ready() == {"watch": "nothing was looked at yet"}
    async with watch:
        seen.set()
        await board.newest()
        await asyncio.sleep(0)
        assert health.not_ready() == {}
        now[0] += 419
        assert health.dead() == {}
        now[0] += 2
        assert set(health.dead()) == {"watch"}
