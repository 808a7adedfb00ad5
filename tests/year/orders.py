"""Orders of one member, and what becomes of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from headway.local.history.happenings import SourceEvent
from tests.year.happened import Calendar, event

_GOODS = (("boots", "Stride"), ("shoes", "Stride"), ("shoes", "Dune"), ("socks", ""), ("", ""))


def orders(of: Calendar, member: str, joined: int) -> Iterator[SourceEvent]:
    """Some purchases between joining and the end of the year; a few told again with a change."""
    left = of.days - joined - 1
    days = sorted(of.dice.roll(left, "order", member, at) for at in range(_count(of, member)))
    for at, day in enumerate(days):
        id_ = f"{member}-{at}"
        time = of.time(joined + 1 + day, "order", id_)
        facts = _facts(of, id_)
        yield event("order.paid", id_, member, time, facts)
        if of.chance(30, "amended", id_):
            again = facts | {"order_version": 2, "lines": [_line(of, id_, 0), _line(of, id_, 7)]}
            later = time + timedelta(hours=1 + of.dice.roll(40, "amended", id_))
            yield event("order.paid", f"{id_}:2", member, later, again)
        if of.chance(600, "fulfilled", id_):
            later = time + timedelta(hours=20 + of.dice.roll(90, "fulfilled", id_))
            yield event("order.fulfilled", id_, member, later, {"order_id": id_})
        yield from _review(of, member, id_, time)


def _count(of: Calendar, member: str) -> int:
    return 2 + of.dice.roll(6, "orders", member) * (1 + of.chance(250, "often", member))


def _facts(of: Calendar, id_: str) -> dict[str, object]:
    roll = of.dice.roll
    return {
        "order_id": id_,
        "order_version": 1,
        "currency": "EUR" if of.chance(40, "euro", id_) else "USD",
        "channel": ("web", "app", "store")[roll(3, "channel", id_)],
        "store": (None, "ny-1", "ny-2")[roll(3, "store", id_)],
        "partner": "bank" if of.chance(80, "partner", id_) else None,
        "lines": [_line(of, id_, at) for at in range(1 + roll(3, "lines", id_))],
        "tax": roll(900, "tax", id_),
        "shipping": 495 if of.chance(500, "shipping", id_) else 0,
    }


def _line(of: Calendar, id_: str, at: int) -> dict[str, object]:
    roll = of.dice.roll
    category, brand = _GOODS[roll(len(_GOODS), "goods", id_, at)]
    amount = 500 + roll(9000, "amount", id_, at)
    return {
        "line_id": str(at + 1),
        "sku": f"sku-{roll(40, 'sku', id_, at)}",
        "category": category,
        "brand": brand,
        "quantity": 1 + roll(3, "quantity", id_, at),
        "amount": 0 if of.chance(10, "free", id_, at) else amount,
        "paid_with_points": 0,
        "gift_card": of.chance(40, "card", id_, at),
    } | ({"amount": amount, "paid_with_points": amount // 4} if of.chance(50, id_, at) else {})


def _review(of: Calendar, member: str, id_: str, bought: datetime) -> Iterator[SourceEvent]:
    if not of.chance(200, "reviewed", id_):
        return
    time = bought + timedelta(days=3 + of.dice.roll(20, "reviewed", id_))
    facts = {
        "review_id": f"review-{id_}",
        "sku": f"sku-{of.dice.roll(40, 'sku', id_, 0)}",
        "order_id": id_,
        "rating": 1 + of.dice.roll(5, "rating", id_),
        "verified": of.chance(700, "verified", id_),
        "photo": of.chance(400, "photo", id_),
    }
    yield event("review.published", id_, member, time, facts)
    if of.chance(150, "removed", id_):
        later = time + timedelta(days=1 + of.dice.roll(20, "removed", id_))
        yield event("review.removed", id_, member, later, {"review_id": facts["review_id"]})
