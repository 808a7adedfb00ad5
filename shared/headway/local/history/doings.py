"""What members did beside buying, where a programme rewards it: activities, birthdays, plans.

Derived by a seed like everything synthetic, and called so; the shares are round numbers.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from headway.local.history.dice import Dice
from headway.local.history.happenings import SYNTHETIC, Order, SourceEvent
from headway.local.history.members import joined_at
from headway.local.history.wishes import Wishes

_ACTIVE = 300  # of 1,000 members, for each activity
_MOST_TIMES = 8
_TOLD_BIRTHDAY = 700  # of 1,000 members
_HANDED_OVER = 970  # of 1,000 orders
_MOST_CENTS = 200_000
_MOST_PIECES = 4
_MILES = 12_000
# Miles flown and miles that count are told of one journey.
_OF_JOURNEYS = {"flight": "journey", "elite-miles": "journey"}


def doings(
    first: Mapping[str, Order],
    orders: Iterable[Order],
    wishes: Wishes,
    last: date,
    zone: ZoneInfo,
    dice: Dice,
) -> Iterator[SourceEvent]:
    """Everything that the programme wishes for, up to the last day."""
    for member_id, order in first.items():
        joined = joined_at(order)
        if wishes.birthdays and dice.roll(1000, "told birthday", member_id) < _TOLD_BIRTHDAY:
            yield _birthday(member_id, joined, dice)
        for activity in wishes.activities:
            yield from _activities(member_id, activity, joined, wishes, last, zone, dice)
    if wishes.handed_over:
        yield from _handed_over(orders, zone, dice)


def _birthday(member_id: str, joined: datetime, dice: Dice) -> SourceEvent:
    day = date(2001, 1, 1) + timedelta(dice.roll(365, "birthday", member_id))
    at = joined + timedelta(minutes=2)
    told = {"attributes": {"birthday": f"{day:%m-%d}"}}
    return SourceEvent(
        "member.updated", f"member.updated:{member_id}", SYNTHETIC, member_id, at, told
    )


def _activities(
    member_id: str,
    activity: str,
    joined: datetime,
    wishes: Wishes,
    last: date,
    zone: ZoneInfo,
    dice: Dice,
) -> Iterator[SourceEvent]:
    """Several times between joining and the last day, by some members."""
    kind = _OF_JOURNEYS.get(activity, activity)
    if dice.roll(1000, "active", kind, member_id) >= _ACTIVE:
        return
    since = joined.astimezone(zone).date() + timedelta(1)
    days = (last - since).days + 1
    for number in range(1 + dice.roll(_MOST_TIMES, "times", kind, member_id)) if days > 0 else ():
        what = kind, member_id, number
        day = since + timedelta(dice.roll(days, "day", *what))
        told: dict[str, object] = {"activity": activity}
        if activity in wishes.priced:
            told |= {"amount": 1 + dice.roll(_MOST_CENTS, "amount", *what)}
            told |= {"currency": wishes.currency}
        if activity in wishes.counted and activity not in wishes.priced:
            most = _MILES if activity in _OF_JOURNEYS else _MOST_PIECES
            told |= {"quantity": 1 + dice.roll(most, "quantity", *what)}
        yield SourceEvent(
            "activity.recorded",
            f"activity.recorded:{activity}:{member_id}:{number}",
            SYNTHETIC,
            member_id,
            dice.opening_hours(day, zone, "activity", *what),
            told,
        )


def _handed_over(orders: Iterable[Order], zone: ZoneInfo, dice: Dice) -> Iterator[SourceEvent]:
    for order in orders:
        name = order.order_id
        if dice.roll(1000, "handed over", name) >= _HANDED_OVER:
            continue
        day = order.time.astimezone(zone).date() + timedelta(1 + dice.roll(4, "hand over", name))
        yield SourceEvent(
            "order.fulfilled",
            f"order.fulfilled:{name}",
            SYNTHETIC,
            order.member_id,
            dice.opening_hours(day, zone, "hand over", name),
            {"order_id": name},
        )
