"""From an event as it is on the wire, and what is known of its member, to what rules look at."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from headway.program.caps import Used
from headway.program.conditions import Facts, LineFacts
from headway.program.program import Program


class Item(Protocol):
    """An event: its type without version, its business time, and its data."""

    @property
    def type(self) -> str: ...
    @property
    def time(self) -> datetime: ...
    @property
    def data(self) -> Any: ...


class MemberFacts(NamedTuple):
    """What rules ask about a member. The defaults are those of one who is just joining."""

    tier: str = ""
    joined_at: datetime | None = None
    purchases: int = 0
    """How many purchases came before."""
    membership: str = ""
    attributes: Mapping[str, str] = {}
    counters: Mapping[str, Used] = {}
    """What caps have counted."""


def facts_for(member: MemberFacts, item: Item, program: Program) -> Facts:
    """The facts of an event for that member. Fields that its contract does not have are empty."""
    data = item.data
    lines = tuple(_lines(data, program)) if item.type == "order.paid" else ()
    amount = sum(line.amount for line in lines) if lines else _number(data, "amount", 0)
    quantity = sum(line.quantity for line in lines) if lines else _number(data, "quantity", 1)
    return Facts(
        event=item.type,
        time=item.time,
        lines=lines,
        currency=_word(data, "currency"),
        amount=amount,
        quantity=quantity,
        channel=_word(data, "channel"),
        store=_word(data, "store"),
        partner=_word(data, "partner"),
        purchase=member.purchases + 1 if lines and amount else 0,
        tier=member.tier or (program.levels[0].id if program.levels else ""),
        membership=member.membership,
        joined_at=member.joined_at or item.time,
        birthday=member.attributes.get("birthday", ""),
        activity=_word(data, "activity"),
        photo=getattr(data, "photo", False),
        verified=getattr(data, "verified", False),
    )


def _lines(data: Any, program: Program) -> Iterator[LineFacts]:
    """What can earn: no gift card and nothing paid with points, unless the programme says so."""
    for line in data.lines:
        amount = line.amount
        if "paid_with_points" not in program.earn_on:
            amount -= line.paid_with_points
        if line.gift_card and "gift_cards" not in program.earn_on:
            amount = 0
        yield LineFacts(
            line.line_id, line.sku, line.category, _word(line, "brand"), line.quantity, amount
        )
    for part in ("tax", "shipping"):
        if part in program.earn_on and getattr(data, part):
            yield LineFacts(part, "", "", "", 0, getattr(data, part))


def _word(data: Any, field: str) -> str:
    return getattr(data, field, None) or ""


def _number(data: Any, field: str, otherwise: int) -> int:
    found = getattr(data, field, None)
    return otherwise if found is None else int(found)
