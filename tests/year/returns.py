"""A tenth of the orders come back: whole, in part, cancelled, or at the till without receipt."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from headway.local.history.happenings import SourceEvent
from tests.year.happened import Calendar, event

# Whoever bought in the last days of the year has no time to return it within the year.
_IN_TIME = timedelta(days=35)


def returns(of: Calendar, bought: Sequence[SourceEvent], share: float) -> Iterator[SourceEvent]:
    """Returns of exactly this share of the orders; `bought` are their first order.paid."""
    end = of.time(of.days, "end") - _IN_TIME
    ranked = sorted(
        (one for one in bought if one.time < end),
        key=lambda one: of.dice.roll(2**60, "returned", one.id),
    )
    for paid in ranked[: round(share * len(bought))]:
        yield from _return(of, paid)


def _return(of: Calendar, paid: SourceEvent) -> Iterator[SourceEvent]:
    facts: Mapping[str, Any] = paid.facts
    id_, how = facts["order_id"], of.dice.roll(100, "how", paid.id)
    time = paid.time + timedelta(hours=5 + of.dice.roll(24 * 30, "back", paid.id))
    if how < 15:
        yield event("order.cancelled", id_, paid.member_id, time, {"order_id": id_})
        return
    lines = facts["lines"] if how < 50 else facts["lines"][:1]
    told = [
        {"line_id": line["line_id"], "quantity": 1 if how >= 70 else line["quantity"]}
        for line in lines
    ]
    order_id: str | None = id_
    if how >= 88:
        order_id, told = None, [{"sku": line["sku"], "quantity": 1} for line in lines]
    refund = {"refund_id": f"refund-{id_}", "order_id": order_id, "lines": told}
    yield event("order.refunded", id_, paid.member_id, time, refund)
    if order_id and of.chance(120, "failed", paid.id):
        later = time + timedelta(days=1 + of.dice.roll(6, "failed", paid.id))
        failed = {"refund_id": refund["refund_id"], "order_id": order_id}
        yield event("order.refund_failed", id_, paid.member_id, later, failed)
