"""What the hand-written sides read of a record: the contract's own codec, as earn has it.

What is on the wire is given, and so is what must be refused of it; what follows is measured.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from headway.contracts import codec
from headway.contracts.order import OrderPaid


class Record(Protocol):
    """The part of aiokafka's ConsumerRecord used here."""

    @property
    def partition(self) -> int:
        """Where it was read."""

    @property
    def offset(self) -> int:
        """Its place there."""

    @property
    def key(self) -> bytes | None:
        """Whom it is about."""

    @property
    def value(self) -> bytes | None:
        """What was sent."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """How."""


def decode(record: Record, now: datetime) -> tuple[codec.Event, OrderPaid]:
    """The order in one record; raises Poison or ValueError if it is none."""
    event = codec.decode(record.key, record.value, record.headers)
    codec.check_time(event, now)
    if not isinstance(event.data, OrderPaid):
        raise ValueError(f"{event.type} is not for this program")
    return event, event.data


async def in_turns(records: Iterable[Record]) -> AsyncIterator[Record]:
    """The records, with a pause after every hundred in which a write under way can go on."""
    for number, record in enumerate(records):
        if number % 100 == 0:
            await asyncio.sleep(0)
        yield record
