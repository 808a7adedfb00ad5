"""The port for engagement platforms, which word messages themselves: events with flat facts."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from headway_notify.roads.answers import Answer

Scalar = str | int | float | bool


class Occurrence(NamedTuple):
    """One notification as a platform hears of it.

    `id` is the same whenever it is told again. `at` is the business time of the account that it
    tells of. `late`: it happened so long ago that nothing should be sent because of it.
    """

    id: str
    kind: str
    member_id: str
    at: datetime
    properties: Mapping[str, Scalar]
    """Names without prefix, one value each: platforms can pick members by nothing else."""
    value: float | None
    """What it is worth in the programme's currency, where it is worth something."""
    currency: str
    late: bool


class EngagementRoad(Protocol):
    """One platform."""

    name: str
    wants_address: bool
    rate: float
    """Events a second at most, over all processes; 0: no limit."""

    async def track(self, occurrence: Occurrence, address: str = "") -> Answer:
        """Tell it of one occurrence. Never raises for what the other side does."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...
