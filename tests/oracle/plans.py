"""Paid memberships: terms, what ends them, and what is due back."""

from dataclasses import dataclass, field
from datetime import datetime

from tests.oracle.days import same_time
from tests.oracle.entries import Entry
from tests.oracle.fold import Fold


@dataclass
class Term:
    """So long was paid for."""

    start: datetime
    end: datetime
    paid: int


@dataclass
class Membership:
    """One membership. `used` are the times when it gave something."""

    plan: str
    terms: list[Term] = field(default_factory=list)
    ended_at: datetime | None = None
    used: list[datetime] = field(default_factory=list)
    refund: int = 0

    def runs(self, time: datetime) -> bool:
        """Whether it gives its benefits then."""
        if self.ended_at is not None and time >= self.ended_at:
            return False
        return any(term.start <= time < term.end for term in self.terms)


def started(state: Fold, entry: Entry) -> None:
    """From the event on, for as long as the plan says."""
    told = entry.data
    if told["membership_id"] not in state.memberships:
        one = state.memberships[told["membership_id"]] = Membership(told["plan"])
        _pay(state, one, entry, entry.time)


def renewed(state: Fold, entry: Entry) -> None:
    """One more term after the last, or from now where that is over."""
    one = state.memberships[entry.data["membership_id"]]
    end = one.terms[-1].end if one.terms else entry.time
    if one.ended_at is not None:
        end = min(end, one.ended_at)
    _pay(state, one, entry, max(end, entry.time))
    one.ended_at = None


def _pay(state: Fold, one: Membership, entry: Entry, start: datetime) -> None:
    programme = state.programme(entry.time)
    plan = programme.plans.get(one.plan)
    if plan is not None:
        paid = entry.data["paid_minor"]
        end = same_time(start, plan.months, programme.zone)
        one.terms.append(Term(start, end, plan.price if paid is None else paid))


def cancelled(state: Fold, entry: Entry) -> None:
    """At once and with money back, or at the end of what was paid."""
    one = state.memberships[entry.data["membership_id"]]
    if not entry.data["refund"] or not one.runs(entry.time):
        return
    now = entry.time
    for term in one.terms:
        if term.end > now:
            one.refund += _due(state, term, now, used=any(at >= term.start for at in one.used))
    one.ended_at = now


def _due(state: Fold, term: Term, now: datetime, *, used: bool) -> int:
    """What is due back of a term, by whether its benefits were used."""
    programme = state.programme(now)
    how = programme.refund_used if used else programme.refund_unused
    if how == "full":
        return term.paid
    if how == "none":
        return 0
    days = (state.day(term.end) - state.day(term.start)).days
    left = (state.day(term.end) - state.day(max(now, term.start))).days
    return term.paid * left // days
