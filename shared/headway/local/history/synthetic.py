"""What CDNOW did not record, derived from its purchases by a seed: reviews, returns, referrals.

Every event made here has the source `headway/synthetic`. The shares are round numbers near what
shops report; nothing here claims to be a measurement.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from headway.local.history.dice import Dice
from headway.local.history.happenings import SYNTHETIC, Order, SourceEvent
from headway.local.history.members import joined_at

_REVIEWED = 80  # of 1,000 purchases
_REVIEW_REMOVED = 60  # of 1,000 reviews
_RETURNED = 40  # of 1,000 purchases
_REFERRED = 50  # of 1,000 members
_COMPLETED = 300  # of 1,000 referrals, named by the shop as well


def reviews(orders: Iterable[Order], zone: ZoneInfo, dice: Dice) -> Iterator[SourceEvent]:
    """Reviews 5 to 25 days after some purchases; a few are taken down later."""
    for order in orders:
        name = order.order_id
        if dice.roll(1000, "reviewed", name) >= _REVIEWED:
            continue
        day = order.time.astimezone(zone).date() + timedelta(5 + dice.roll(21, "review", name))
        review_id = f"review-{name}"
        yield SourceEvent(
            "review.published",
            f"review.published:{review_id}",
            SYNTHETIC,
            order.member_id,
            dice.opening_hours(day, zone, "review", name),
            {
                "review_id": review_id,
                "sku": order.lines[0].sku,
                "order_id": order.order_id,
                "rating": 1 + dice.roll(5, "rating", name),
                "verified": True,
                "photo": dice.roll(4, "photo", name) == 0,
            },
        )
        if dice.roll(1000, "review removed", name) < _REVIEW_REMOVED:
            day += timedelta(1 + dice.roll(30, "review removal", name))
            yield SourceEvent(
                "review.removed",
                f"review.removed:{review_id}",
                SYNTHETIC,
                order.member_id,
                dice.opening_hours(day, zone, "review removal", name),
                {"review_id": review_id},
            )


def returns(orders: Iterable[Order], zone: ZoneInfo, dice: Dice) -> Iterator[SourceEvent]:
    """Refunds 3 to 40 days after some purchases, whole or in part; a few cancels the next days."""
    for order in orders:
        name = order.order_id
        if dice.roll(1000, "returned", name) >= _RETURNED:
            continue
        bought = order.time.astimezone(zone).date()
        how = dice.roll(100, "how returned", name)
        if how < 8:
            day = bought + timedelta(1 + dice.roll(2, "cancel", name))
            yield SourceEvent(
                "order.cancelled",
                f"order.cancelled:{name}",
                SYNTHETIC,
                order.member_id,
                dice.opening_hours(day, zone, "cancel", name),
                {"order_id": name, "reason": "cancelled by the shopper"},
            )
            continue
        day = bought + timedelta(3 + dice.roll(38, "refund", name))
        yield SourceEvent(
            "order.refunded",
            f"order.refunded:{name}",
            SYNTHETIC,
            order.member_id,
            dice.opening_hours(day, zone, "refund", name),
            _refund(order, how, dice),
        )


def referrals(first: dict[str, Order], zone: ZoneInfo, dice: Dice) -> Iterator[SourceEvent]:
    """Some members were invited by one who had joined before them.

    The invitation is recorded between joining and the first purchase; for some the shop later
    says which order completed it.
    """
    earlier: list[str] = []
    for friend, order in first.items():
        if earlier and dice.roll(1000, "referred", friend) < _REFERRED:
            referral_id = f"referral-{friend}"
            who = {
                "referral_id": referral_id,
                "referrer_id": earlier[dice.roll(len(earlier), "referrer", friend)],
            }
            yield SourceEvent(
                "referral.created",
                f"referral.created:{referral_id}",
                SYNTHETIC,
                friend,
                joined_at(order) + timedelta(minutes=5 + dice.roll(50, "invitation", friend)),
                who,
            )
            if dice.roll(1000, "completed", friend) < _COMPLETED:
                day = order.time.astimezone(zone).date() + timedelta(1)
                yield SourceEvent(
                    "referral.completed",
                    f"referral.completed:{referral_id}",
                    SYNTHETIC,
                    friend,
                    dice.opening_hours(day, zone, "completion", friend),
                    {**who, "order_id": order.order_id},
                )
        earlier.append(friend)


def _refund(order: Order, how: int, dice: Dice) -> dict[str, object]:
    """In 8 of 100 without receipt; of the rest about half in part, where there is a part."""
    line = order.lines[0]
    in_part = 8 <= how < 54 and line.quantity > 1
    quantity = line.quantity
    if in_part:
        quantity = 1 + dice.roll(line.quantity - 1, "refund quantity", order.order_id)
    named: dict[str, object] = {"line_id": line.line_id}
    order_id: str | None = order.order_id
    if how >= 92:
        named, order_id = {"sku": line.sku}, None
    return {
        "refund_id": f"refund-{order.order_id}",
        "order_id": order_id,
        "lines": [{**named, "quantity": quantity}],
        "reason": "did not fit",
    }
