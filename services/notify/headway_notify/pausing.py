"""Stopping and resuming roads, in all processes at once."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from headway.stream.positions import Connection, Pool
from headway_notify.store import QUERIES

ROADS: Final = ("all", "mail", "klaviyo", "webhook")
"""What can be paused."""


async def pause(over: Pool | Connection, road: str, why: str, by: str) -> bool:
    """Stop a road; False if it was stopped already: then the first reason stands."""
    return await over.fetchval(QUERIES.pause, road, why[:256], by) is not None


async def resume(over: Pool | Connection, road: str) -> bool:
    """Let a road go on; False if it was not stopped."""
    return await over.fetchval(QUERIES.resume, road) is not None


async def pauses(over: Pool | Connection) -> Sequence[asyncpg.Record]:
    """What is stopped: road, why, paused_by, paused_at."""
    return await over.fetch(QUERIES.pauses)
