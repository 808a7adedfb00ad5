"""Paid membership: terms, benefits from the first minute, and the refund when it is cancelled."""

from collections.abc import Iterable
from datetime import datetime

from headway.contracts.membership import (
    MembershipCancelled,
    MembershipRenewed,
    MembershipStarted,
)
from headway.domain.account import Input, Membership
from headway.domain.book import Book
from headway.domain.outcome import Outcome, applied, nothing
from headway.domain.points import Notice
from headway.program.calendar import add_months_to
from headway.program.judging import Award
from headway.program.program import Program, Programs
from headway.program.rules import Plan


def decide_started(book: Book, programs: Programs, item: Input, data: MembershipStarted) -> Outcome:
    """A membership begins: its benefits count from this very moment."""
    program = programs.at(item.time)
    plan = program.plans.get(data.plan)
    if plan is None:
        return nothing("unknown plan")
    running = book.membership
    if running is not None and item.time < running.until:
        same = running.membership_id == data.membership_id
        return nothing("already started" if same else "another membership runs")
    until = add_months_to(item.time, plan.months, program.zone)
    book.membership = _term(data, plan, item.time, until)
    return applied()


def decide_renewed(book: Book, programs: Programs, item: Input, data: MembershipRenewed) -> Outcome:
    """A further term, from the end of the one that runs, or from now where it had lapsed."""
    program = programs.at(item.time)
    running = book.membership
    if running is None or running.membership_id != data.membership_id:
        return nothing("unknown membership")
    plan = program.plans.get(running.plan)
    if plan is None:
        return nothing("unknown plan")
    start = max(running.until, item.time)
    term = _term(data, plan, start, add_months_to(start, plan.months, program.zone))
    if start > item.time:  # one longer term: what was paid and used of it is all of it
        paid = running.paid_minor + term.paid_minor
        term = term._replace(from_at=running.from_at, paid_minor=paid, used=running.used)
    book.membership = term
    return applied()


def decide_cancelled(
    book: Book, programs: Programs, item: Input, data: MembershipCancelled
) -> Outcome:
    """It ends: at once with a refund, as the programme has it, or with its term without one."""
    running = book.membership
    if running is None or running.membership_id != data.membership_id:
        return nothing("unknown membership")
    if item.time >= running.until:
        return nothing("already ended")
    if not data.refund:
        return applied("runs to the end of its term")
    program = programs.at(item.time)
    refund = refund_due(program, running, item.time)
    book.membership = running._replace(until=item.time)
    book.notices.append(Notice("membership.ended", item.time, refund, running.plan, item.time))
    return applied(f"refund due: {refund} minor units of {running.currency}")


def ended_by(book: Book, shadow: Book, item: Input) -> list[Notice]:
    """The ends of memberships that a shadow knows of and that this input has brought about; what
    was told before is not told again."""
    told = None if book.membership is None else book.membership.until
    ends = set() if shadow.membership is None else {shadow.membership.until}
    if item.kind == "membership.cancelled":
        ends.add(item.time)
    return [notice for notice in shadow.notices if notice.at in ends and notice.at != told]


def refund_due(program: Program, membership: Membership, at: datetime) -> int:
    """Minor units to give back: by whether a benefit was had in the running term."""
    kind = program.refund_used if membership.used else program.refund_unused
    if kind == "none":
        return 0
    if kind == "full":
        return membership.paid_minor
    left = membership.until - at
    return int(membership.paid_minor * left // (membership.until - membership.from_at))


def used_by(book: Book, awards: Iterable[Award], moment: datetime) -> None:
    """Note that a benefit was had: a rule for members with a plan has awarded something."""
    membership = book.membership
    if membership is None or membership.used or not membership.from_at <= moment < membership.until:
        return
    for award in awards:
        if any(condition.field == "membership" for condition in award.rule.conditions):
            book.membership = membership._replace(used=True)
            return


def _term(
    data: MembershipStarted | MembershipRenewed, plan: Plan, start: datetime, until: datetime
) -> Membership:
    paid = plan.price_minor if data.paid_minor is None else data.paid_minor
    return Membership(
        data.membership_id, plan.id, start, until, paid, data.currency or plan.currency
    )
