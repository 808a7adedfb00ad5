"""What the hand-written sides read of an order: pydantic, and no more fields than they use."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Literal, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Id = Annotated[str, Field(min_length=1, max_length=128)]


class Record(Protocol):
    """The part of aiokafka's ConsumerRecord used here."""

    @property
    def partition(self) -> int:
        """Where it was read."""

    @property
    def offset(self) -> int:
        """Its place there."""

    @property
    def value(self) -> bytes | None:
        """What was sent."""


class Line(BaseModel):
    """One line of an order; amount in minor units for the whole line."""

    model_config = ConfigDict(strict=True)
    line_id: Id
    sku: Id
    category: Annotated[str, Field(max_length=128)] = ""
    quantity: Annotated[int, Field(ge=1, le=10**6)]
    amount: Annotated[int, Field(ge=0, le=10**12)]
    paid_with_points: Annotated[int, Field(ge=0, le=10**12)] = 0
    gift_card: bool = False


class Order(BaseModel):
    """The data of order.paid."""

    model_config = ConfigDict(strict=True)
    member_id: Id
    order_id: Id
    order_version: Annotated[int, Field(ge=1, le=2**31)] = 1
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    channel: Annotated[str, Field(max_length=128)] | None = None
    store: Annotated[str, Field(max_length=128)] | None = None
    lines: Annotated[list[Line], Field(min_length=1, max_length=500)]
    tax: Annotated[int, Field(ge=0, le=10**12)] = 0
    shipping: Annotated[int, Field(ge=0, le=10**12)] = 0


class Paid(BaseModel):
    """order.paid in its envelope."""

    specversion: Literal["1.0"]
    id: Id
    source: Annotated[str, Field(min_length=1, max_length=256)]
    type: Literal["order.paid.v1"]
    subject: Id
    time: AwareDatetime
    data: Order


_from_json = Paid.__pydantic_validator__.validate_json


def decode(value: bytes) -> Paid:
    """The order in one message; raises pydantic.ValidationError or ValueError if it is none."""
    paid: Paid = _from_json(value)
    if paid.subject != paid.data.member_id:
        raise ValueError("subject and data.member_id differ")
    return paid


async def in_turns(records: Iterable[Record]) -> AsyncIterator[Record]:
    """The records, with a pause after every hundred in which a write under way can go on."""
    for number, record in enumerate(records):
        if number % 100 == 0:
            await asyncio.sleep(0)
        yield record
