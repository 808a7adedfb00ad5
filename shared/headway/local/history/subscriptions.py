"""Paid memberships of some members, where a programme has plans: started, renewed, cancelled."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from headway.local.history.dice import Dice
from headway.local.history.happenings import SYNTHETIC, Order, SourceEvent
from headway.local.history.members import joined_at
from headway.local.history.wishes import Subscription

_PAYING = 250  # of 1,000 members
_REGRETTED = 150  # of 1,000 memberships, within days
_CANCELLED = 300  # of 1,000 others, some time after the last renewal
_REFUNDED = 700  # of 1,000 cancellations
_MOST_RENEWALS = 6
_MONTH = 30  # days: a renewal is paid shortly before the term's end, or soon after it


def subscriptions(
    first: Mapping[str, Order], plans: tuple[Subscription, ...], zone: ZoneInfo, dice: Dice
) -> Iterator[SourceEvent]:
    """Terms of members who pay; what would lie beyond the history's end is for it to leave out."""
    for member_id, order in first.items():
        if plans and dice.roll(1000, "paying", member_id) < _PAYING:
            plan = plans[dice.roll(len(plans), "plan", member_id)]
            joined = joined_at(order).astimezone(zone).date()
            yield from _terms(member_id, plan, joined, zone, dice)


def _terms(
    member_id: str, plan: Subscription, joined: date, zone: ZoneInfo, dice: Dice
) -> Iterator[SourceEvent]:
    day = joined + timedelta(1 + dice.roll(45, "subscribed", member_id))

    def event(kind: str, number: int, **facts: object) -> SourceEvent:
        return SourceEvent(
            f"membership.{kind}",
            f"membership.{kind}:{member_id}:{number}",
            SYNTHETIC,
            member_id,
            dice.opening_hours(day, zone, kind, member_id, number),
            {"membership_id": f"membership-{member_id}", **facts},
        )

    yield event("started", 0, plan=plan.plan)
    refund = dice.roll(1000, "refunded", member_id) < _REFUNDED
    if dice.roll(1000, "regretted", member_id) < _REGRETTED:
        day += timedelta(1 + dice.roll(5, "regret", member_id))
        yield event("cancelled", 0, refund=refund)
        return
    for number in range(1, 1 + dice.roll(1 + _MOST_RENEWALS, "renewals", member_id)):
        day += timedelta(plan.months * _MONTH)
        yield event("renewed", number)
    if dice.roll(1000, "cancelled", member_id) < _CANCELLED:
        day += timedelta(1 + dice.roll(plan.months * _MONTH, "cancellation", member_id))
        yield event("cancelled", 0, refund=refund)
