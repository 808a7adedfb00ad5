"""The two shapes a history is told in: orders as bought, and events as published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Final

SYNTHETIC: Final = "headway/synthetic"
"""The `source` of everything that nobody did: derived from real purchases by a seed."""


_LONGEST_ID: Final = 128


def event_id(kind: str, of: str) -> str:
    """The id of the one event of this kind about `of`, however long `of` is."""
    readable = f"{kind}:{of}"
    if len(readable) <= _LONGEST_ID:
        return readable
    return f"{kind}:{blake2b(of.encode(), digest_size=16).hexdigest()}"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order. `amount` is minor units for the whole line."""

    line_id: str
    sku: str
    category: str
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True)
class Order:
    """One purchase. `time` is in UTC."""

    order_id: str
    member_id: str
    time: datetime
    currency: str
    lines: Sequence[OrderLine]


@dataclass(frozen=True, slots=True)
class SourceEvent:
    """One event to publish: `type` without version, `time` the business time in UTC."""

    type: str
    id: str
    source: str
    member_id: str
    time: datetime
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def data(self) -> dict[str, object]:
        """What goes on the wire as `data`."""
        return {"member_id": self.member_id, **self.facts}


def paid(order: Order, source: str) -> SourceEvent:
    """The order as the event that a shop would send."""
    return SourceEvent(
        "order.paid",
        event_id("order.paid", order.order_id),
        source,
        order.member_id,
        order.time,
        {
            "order_id": order.order_id,
            "currency": order.currency,
            "lines": [
                {
                    "line_id": line.line_id,
                    "sku": line.sku,
                    "category": line.category,
                    "quantity": line.quantity,
                    "amount": line.amount,
                }
                for line in order.lines
            ],
        },
    )
