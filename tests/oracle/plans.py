"""Paid membership: how long it runs, what ends it, and what is due back."""

from dataclasses import dataclass
from datetime import datetime

from tests.oracle.days import same_time
from tests.oracle.entries import Entry
from tests.oracle.fold import Fold


@dataclass
class Membership:
    """The membership told of last. `used`: whether its benefits were had since `start`."""

    id: str
    plan: str
    start: datetime
    end: datetime
    paid: int
    used: bool = False
    refund: int = 0

    def runs(self, time: datetime) -> bool:
        """Whether it gives its benefits then."""
        return self.start <= time < self.end


def started(state: Fold, entry: Entry) -> None:
    """From the event on, for as long as the plan says; another one while it runs is nothing."""
    told, programme = entry.data, state.programme(entry.time)
    plan = programme.plans.get(told["plan"])
    running = state.membership
    if plan is None or (running is not None and entry.time < running.end):
        return
    end = same_time(entry.time, plan.months, programme.zone)
    paid = plan.price if told["paid_minor"] is None else told["paid_minor"]
    state.membership = Membership(told["membership_id"], plan.id, entry.time, end, paid)


def renewed(state: Fold, entry: Entry) -> None:
    """So much longer, or from now where it is over; of one not known by then it is nothing."""
    one, programme = _of(state, entry), state.programme(entry.time)
    plan = programme.plans.get(one.plan) if one else None
    if one is None or plan is None:
        return
    paid = plan.price if entry.data["paid_minor"] is None else entry.data["paid_minor"]
    if one.end <= entry.time:
        one.start, one.end, one.paid, one.used = entry.time, entry.time, 0, False
    one.end = same_time(one.end, plan.months, programme.zone)
    one.paid += paid


def cancelled(state: Fold, entry: Entry) -> None:
    """At once and with money back, or at the end of what was paid."""
    one = _of(state, entry)
    if one is None or entry.time >= one.end or not entry.data["refund"]:
        return
    programme, now = state.programme(entry.time), entry.time
    how = programme.refund_used if one.used else programme.refund_unused
    left = {"full": one.end - one.start, "none": now - now}.get(how, one.end - now)
    one.refund = one.paid * left // (one.end - one.start)
    one.end = now


def _of(state: Fold, entry: Entry) -> Membership | None:
    one = state.membership
    known = one is not None and one.id == entry.data["membership_id"]
    return one if known else None
