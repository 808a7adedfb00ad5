"""The orders that every side reads: the same bytes in every run on every machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import orjson

HEADERS = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
CATEGORIES = ("boots", "sneakers", "sandals", "care")


@dataclass(frozen=True, slots=True)
class Shape:
    """How many orders, of how many members, with how many lines each."""

    orders: int = 60_000
    members: int = 5_000
    lines: int = 1


def member_name(number: int) -> str:
    """The id of the member with this number."""
    return f"member-{number:07d}"


def history(shape: Shape, end: datetime, span: timedelta) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) of each order, its business time rising evenly over `span` up to `end`.

    A span shorter than the programme's pending days keeps settling out of the picture: what is
    compared is the cost of an order, on all sides alike.
    """
    random = Random(20260101)
    step = span / max(shape.orders, 1)
    for number in range(shape.orders):
        # The first round visits every member once, so that each has orders.
        member = number if number < shape.members else random.randrange(shape.members)
        yield order(number, member_name(member), end - span + step * (number + 1), shape, random)


def order(
    number: int, member: str, time: datetime, shape: Shape, random: Random
) -> tuple[bytes, bytes]:
    """(key, value) of one order.paid as a structured CloudEvent."""
    order_id = f"order-{number:08d}"
    event = {
        "specversion": "1.0",
        "id": f"{order_id}-paid",
        "source": "bench/shop",
        "type": "order.paid.v1",
        "subject": member,
        "time": time.astimezone(UTC).isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "member_id": member,
            "order_id": order_id,
            "currency": "USD",
            "lines": [
                {
                    "line_id": str(line + 1),
                    "sku": f"sku-{random.randrange(900):03d}",
                    "category": random.choice(CATEGORIES),
                    "quantity": random.randint(1, 3),
                    "amount": random.randint(500, 9_999),
                }
                for line in range(shape.lines)
            ],
        },
    }
    return member.encode(), orjson.dumps(event)


def joins(shape: Shape, time: datetime) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) of every member's member.joined."""
    for number in range(shape.members):
        member = member_name(number)
        event = {
            "specversion": "1.0",
            "id": f"{member}-joined",
            "source": "bench/shop",
            "type": "member.joined.v1",
            "subject": member,
            "time": time.astimezone(UTC).isoformat(),
            "datacontenttype": "application/json",
            "data": {"member_id": member},
        }
        yield member.encode(), orjson.dumps(event)
