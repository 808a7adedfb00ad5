"""When records were written: one fetch for each partition that is behind, none for the others."""

import time
from collections.abc import Iterable
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

_NO_TIME = -1


class Place(NamedTuple):
    """The first record at or after `offset` of a partition whose log ends at `end`."""

    tp: TopicPartition
    offset: int
    end: int


class RecordTimes:
    """Looks up Kafka's timestamps of records; what was found once is not fetched again.

    `consumer` belongs to no group and is assigned by this object alone.
    """

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._known: dict[tuple[TopicPartition, int], int] = {}
        self._empty: set[Place] = set()
        self.fetched = 0
        """How many records were fetched so far."""

    async def find(
        self, places: Iterable[Place], patience: float = 5.0
    ) -> dict[tuple[TopicPartition, int], int | None]:
        """Milliseconds since 1970 by partition and offset asked for.

        None where there is no such record: all that follow are markers of transactions. Missing
        where it did not come within `patience` seconds, or has no time.
        """
        places = set(places)
        deadline = time.monotonic() + patience
        asked = {(place.tp, place.offset) for place in places}
        self._known = {key: at for key, at in self._known.items() if key in asked}
        # Held by their end, too: a record may follow the markers later.
        self._empty &= places
        left = {place for place in places if (place.tp, place.offset) not in self._known}
        left -= self._empty
        while left:
            # Groups that read one partition at different places take turns.
            turn = {place.tp: place for place in left}
            left -= set(turn.values())
            await self._fetch(turn, deadline)
        nothing = {(place.tp, place.offset): None for place in self._empty}
        return nothing | {key: at for key, at in self._known.items() if at != _NO_TIME}

    async def _fetch(self, turn: dict[TopicPartition, Place], deadline: float) -> None:
        self._consumer.assign(list(turn))
        for place in turn.values():
            self._consumer.seek(place.tp, place.offset)
        waiting = set(turn)
        while waiting and time.monotonic() < deadline:
            for tp, records in (
                await self._consumer.getmany(*waiting, timeout_ms=200, max_records=1)
            ).items():
                self._known[tp, turn[tp].offset] = records[0].timestamp
                self.fetched += 1
                waiting.discard(tp)
            for tp in list(waiting):
                if await self._consumer.position(tp) >= turn[tp].end:
                    self._empty.add(turn[tp])
                    waiting.discard(tp)
        self._consumer.pause(*turn)
