"""Telling one platform of what was decided."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import cast

import orjson

from headway.program.messages import Kind
from headway.runtime.clock import Clock
from headway.runtime.health import Health
from headway.runtime.logging import failure
from headway.sealing.vault import Vault
from headway.stream.positions import Pool
from headway_notify import pacing
from headway_notify.details import DETAILS
from headway_notify.dispatch import Dispatch
from headway_notify.facts import Facts
from headway_notify.marking import Marker
from headway_notify.messaging import Message
from headway_notify.programmes import Programmes
from headway_notify.roads.answers import Answer, Ending
from headway_notify.roads.engagement import EngagementRoad, Occurrence
from headway_notify.roads.handovers import Handover, Handovers
from headway_notify.roads.told import occurrence
from headway_notify.settings import NotifySettings


class _Always:
    """HTTP needs no session of ours."""

    usable = True

    async def quit(self) -> None:
        """Nothing was opened."""


class Tracking(Dispatch[Handover, _Always]):
    """Hands occurrences to one platform. They are told again when nobody knows whether they
    arrived: platforms drop what they know by its id."""

    def __init__(
        self, pool: Callable[[], Pool], vault: Callable[[], Vault], settings: NotifySettings,
        clock: Clock, programmes: Programmes, road: EngagementRoad, lives: Handovers,
        marker: Marker, health: Health,
    ) -> None:  # fmt: skip
        super().__init__(
            pool, settings, clock, lives, marker, health, senders=settings.road_senders,
            limit=settings.road_timeout,
        )  # fmt: skip
        self._vault = vault
        self._road = road
        self._programmes = programmes
        self._history = timedelta(hours=settings.notify_backfill_hours)

    async def on_shutdown(self) -> None:
        """Close what the senders share."""
        await self._road.close()

    async def _open(self, until: float) -> _Always | None:
        return _Always()

    async def _turns(self, items: Sequence[Handover], horizon: float) -> Sequence[float | None]:
        if not self._road.rate:
            return [0.0] * len(items)
        bucket = f"road:{self._road.name}"
        uses = [bucket] * len(items)
        return await pacing.reserve(self._pool(), uses, {bucket: self._road.rate}, horizon)

    async def _hand_over(self, session: _Always, item: Handover) -> Answer:
        try:
            told = await self._occurrence(item)
        except Exception as error:
            # Ours to mend, not the member's to miss: it stays until a release can tell it.
            failure("road", "a notification cannot be told", error, notification=item.id)
            return Answer(Ending.PUT_OFF, f"not told: {type(error).__name__}", road_ill=None)
        return await self._road.track(told, self._address(item))

    def _address(self, item: Handover) -> str:
        """Opened only for a platform that wants it; '' where there is none."""
        if not self._road.wants_address or item.sealed is None or item.wrapped is None:
            return ""
        return self._vault().open(item.member_id, item.sealed, item.wrapped).email

    async def _occurrence(self, item: Handover) -> Occurrence:
        account = orjson.loads(item.facts)
        facts = Facts.model_validate(account)
        await self._programmes.need({facts.program_version})
        kind = cast(Kind, item.kind)
        detail = DETAILS[kind].model_validate_json(item.detail)
        message = Message(item.member_id, kind, item.cause, item.day, facts, detail)
        program = self._programmes.version(facts.program_version)
        return occurrence(
            message, account, program, now=self._clock.now(), history=self._history
        )  # fmt: skip
