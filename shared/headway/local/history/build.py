"""A whole history in the order in which its events happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from headway.errors import UserError
from headway.local.history import cdnow, members, orders_file, synthetic
from headway.local.history.details import detailed
from headway.local.history.dice import Dice
from headway.local.history.doings import doings
from headway.local.history.happenings import SYNTHETIC, Order, SourceEvent, event_id, paid
from headway.local.history.subscriptions import subscriptions
from headway.local.history.wishes import Wishes

CLOSING_MEMBER = "headway-demo-close"
# A contact is there before its member's first event can call for a mail.
_FIRST_TYPES = {"contact.updated": 0, "member.joined": 1}


@dataclass(frozen=True, slots=True)
class History:
    """Events in the order of their business time, and how much there is of what."""

    events: list[SourceEvent]
    purchases: int
    members: int


_NO_WISHES = Wishes()


def cdnow_history(
    *,
    full: bool,
    zone: ZoneInfo,
    now: datetime,
    seed: int = 1997,
    wishes: Wishes = _NO_WISHES,
) -> History:
    """CDNOW's purchases moved to the 18 months before `now`, with synthetic events among them.

    `wishes` is what the programme rewards beside. Whatever would come after the last day of
    purchases has not happened yet, and is left out.
    """
    dice = Dice(seed)
    yesterday = now.astimezone(zone).date() - timedelta(days=1)
    bought = cdnow.purchases(full=full)
    orders = cdnow.orders(bought, yesterday, zone, dice, wishes.categories)
    last_day = max(order.time for order in orders).astimezone(zone).date()
    end = datetime.combine(last_day + timedelta(days=1), time(), zone)
    first = members.first_purchases(orders)
    events = [detailed(paid(order, cdnow.SOURCE), wishes, dice) for order in orders]
    events += members.joins_and_contacts(first, dice)
    events += synthetic.reviews(orders, zone, dice)
    events += synthetic.returns(orders, zone, dice)
    events += synthetic.referrals(first, zone, dice)
    events += doings(first, orders, wishes, last_day, zone, dice)
    events += subscriptions(first, wishes.plans, zone, dice)
    return _history((event for event in events if event.time < end), orders)


def file_history(path: Path, *, zone: ZoneInfo, now: datetime, seed: int = 1997) -> History:
    """The orders and returns of a CSV file; joins and contacts of its members are synthetic."""
    orders, returns = orders_file.read_orders(path, zone, now)
    if not orders:
        raise UserError(
            f"{path}: no purchase in it", "give at least one row with a quantity above 0"
        )
    first = members.first_purchases(orders)
    strangers = sorted({event.member_id for event in returns} - first.keys())
    if strangers:
        raise UserError(
            f"{path}: member_id: {strangers[0]!r} returned something but bought nothing",
            "leave out returns of people who are not in the file as buyers",
        )
    events = [paid(order, path.name) for order in orders] + returns
    events += members.joins_and_contacts(first, Dice(seed))
    return _history(events, orders)


def closing_event(now: datetime) -> SourceEvent:
    """One more member joins, now: the stream's clock passes the end of the last business day."""
    id_ = event_id("member.joined", f"{CLOSING_MEMBER}@{now.isoformat()}")
    return SourceEvent("member.joined", id_, SYNTHETIC, CLOSING_MEMBER, now)


def _history(events: Iterable[SourceEvent], orders: list[Order]) -> History:
    def when(event: SourceEvent) -> tuple[datetime, int, str]:
        return event.time, _FIRST_TYPES.get(event.type, 2), event.id

    buyers = {order.member_id for order in orders}
    return History(sorted(events, key=when), len(orders), len(buyers))
