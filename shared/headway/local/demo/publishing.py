"""Publishing a history to the source topics, in the order in which it happened."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import groupby
from zoneinfo import ZoneInfo

from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from headway.contracts.codec import encode, key_of
from headway.contracts.topics import Topics
from headway.local.history.happenings import SourceEvent
from headway.runtime.kafka import Brokers, arguments


class Publisher:
    """Sends source events as a shop would, with an idempotent producer."""

    def __init__(self, kafka: Brokers, topics: Topics) -> None:
        self._topics = topics
        self._producer = AIOKafkaProducer(
            **arguments(kafka),
            enable_idempotence=True,
            max_batch_size=256 * 1024,
            linger_ms=1,
        )

    async def start(self) -> None:
        """Connect."""
        await self._producer.start()

    async def stop(self) -> None:
        """Send what is left and disconnect."""
        await self._producer.stop()

    async def publish(
        self,
        events: Iterable[SourceEvent],
        zone: ZoneInfo,
        sent: Callable[[int], None] | None = None,
    ) -> None:
        """Send all events; `sent` is told how many after each business day.

        A day begins when all of the day before is acknowledged, as it would in life. Without
        that, what one topic holds of a week could be seen while another's is still in flight.
        Contacts go first, so that whoever is to be welcomed can be reached.
        """
        for _, day in _days(events, zone):
            whole = list(day)
            for contacts in (True, False):
                some = [one for one in whole if (one.type == "contact.updated") == contacts]
                for ack in [await self._send(event) for event in some]:
                    await ack
            if sent is not None:
                sent(len(whole))

    async def _send(self, event: SourceEvent) -> "asyncio.Future[RecordMetadata]":
        value, headers = encode(
            event.type, source=event.source, id=event.id, time=event.time, data=event.data
        )
        sending: asyncio.Future[RecordMetadata] = await self._producer.send(
            self._topics.of(event.type), value, key_of(event.member_id), headers=headers
        )
        return sending


def _days(
    events: Iterable[SourceEvent], zone: ZoneInfo
) -> Iterator[tuple[date, Iterator[SourceEvent]]]:
    return groupby(events, key=lambda event: event.time.astimezone(zone).date())
