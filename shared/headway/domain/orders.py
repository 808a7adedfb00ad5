"""Orders: what a purchase earns, what it counts for, and what being handed over sets free."""

from datetime import datetime, timedelta

from headway.contracts.order import OrderFulfilled, OrderPaid
from headway.domain.account import FirstPurchase, Input, Order, key_of
from headway.domain.award import fulfilled, grant
from headway.domain.book import Book, Judged
from headway.domain.facts import order_facts, order_lines
from headway.domain.inactivity import keeps_alive
from headway.domain.measure import count
from headway.domain.membership import used_by
from headway.domain.outcome import Outcome, applied, nothing, parked
from headway.domain.referral import award_referral, large_enough, tell_of_purchase
from headway.domain.reinstatement import reinstate
from headway.domain.tier import judge_tier
from headway.errors import Conflict
from headway.program.caps import counted
from headway.program.conditions import Facts
from headway.program.judging import Award, verdict
from headway.program.program import NOT_YET, Program, Programs


def intake_order(book: Book, program: Program, item: Input, data: OrderPaid) -> Outcome | None:
    """An Outcome when this order says nothing new; None when it is to be decided.

    The key of one that has to wait for its member is claimed here; others are when decided.
    """
    known = book.orders.get(data.order_id)
    if "order:" + data.order_id in book.account.held_elsewhere:
        raise Conflict("data.order_id", f"order {data.order_id} belongs to another member")
    if known is None:
        if book.joined_at is None:
            book.put_order(_new_order(book, item, data, program, counts=False))
        return None
    if known.n == book.cause:
        # Parked until now; an amendment parked with it may have been released before it.
        return nothing("overtaken") if data.order_version < known.order_version else None
    if known.digest != item.digest and data.order_version == known.order_version:
        raise Conflict(
            "data.order_version",
            f"order {data.order_id} is known with other content; raise order_version to amend it",
        )
    if data.currency != known.currency:
        raise Conflict("data.currency", "an amendment cannot change an order's currency")
    if data.order_version > known.order_version or _moves(book, item, known):
        return None
    return nothing("already paid" if known.digest == item.digest else "overtaken")


def _moves(book: Book, item: Input, known: Order) -> bool:
    """Whether what is known of an order may have to stand at this earlier place."""
    if any(waiting.n == known.n for waiting in book.account.parked):
        return True
    last = book.account.last
    return item.time <= known.paid_at and (last is None or key_of(item) < last)


def _new_order(
    book: Book, item: Input, data: OrderPaid, program: Program, *, counts: bool
) -> Order:
    return Order(
        data.order_id,
        book.cause,
        data.order_version,
        item.digest,
        data.currency,
        item.time,
        book.tier,
        program.version,
        counts,
    )


def counts_for(book: Book, moment: datetime, days_before: int = 0) -> bool:
    """Whether a purchase made then earns: not before enrolment, not after leaving."""
    joined, left = book.joined_at, book.left_at
    if joined is None or (left is not None and moment >= left):
        return False
    return moment >= joined or moment >= joined - timedelta(days=days_before)


def decide_order(book: Book, programs: Programs, item: Input, data: OrderPaid) -> Outcome:
    """A purchase: earn, count towards the tier, complete a referral."""
    known = book.orders.get(data.order_id)
    paid_at = item.time
    program = programs.at(paid_at)
    counts = counts_for(book, paid_at, program.before_joining_days)
    order = _new_order(book, item, data, program, counts=counts)
    if known is not None:
        order = order._replace(n=known.n)
    book.put_order(order)
    lines = order_lines(program, data)
    for line in lines:
        book.put_line(line)
    if not counts:
        return nothing("before enrolment" if not_yet_joined(book, paid_at) else "member left")
    total = sum([line.amount for line in lines])
    if not total:
        return nothing("nothing to earn on")
    book.purchases += 1
    capped = _earn(book, program, order, order_facts(book, data, lines, total, paid_at, order.tier))
    if order.currency == program.currency:
        count(book, program, "spend", paid_at, total)
    count(book, program, "orders", paid_at, 1)
    if programs.reinstate_days:
        reinstate(book, programs, paid_at, order.tier)
    if programs.any_inactivity:
        keeps_alive(book, programs, "order.paid", paid_at)
    _refer(book, programs, program, order, total)
    judge_tier(book, programs, book.time or paid_at)
    reason = "capped: " + ", ".join(capped) if capped else ""
    return applied(reason) if book.acted() else nothing(reason or "no rule awards it")


def _earn(book: Book, program: Program, order: Order, facts: Facts) -> list[str]:
    if book.shadow and program.attribution == "recompute":
        book.judged[order.order_id] = Judged(facts, book.caps, program.day(order.paid_at))
    awards, capped = verdict(program, facts, book.caps)
    award_id = "order:" + order.order_id
    for award in awards:
        grant(
            book,
            program,
            award.rule,
            award.exact,
            award_id,
            order.paid_at,
            order_id=order.order_id,
            line_id=facts.lines[award.line].line_id,
        )
    count_caps(book, awards, program, order.paid_at)
    if book.membership is not None:
        used_by(book, awards, order.paid_at)
    return capped


def count_caps(book: Book, awards: list[Award], program: Program, moment: datetime) -> None:
    """Take what was awarded off the room that caps leave: once for each rule."""
    totals: dict[str, int] = {}
    for award in awards:
        if award.rule.caps:
            totals[award.rule.id] = totals.get(award.rule.id, 0) + award.exact
    for rule, exact in totals.items():
        book.caps = counted(program.rules[rule], book.caps, program.day(moment), exact, 1)


def _refer(book: Book, programs: Programs, program: Program, order: Order, total: int) -> None:
    """A purchase may complete the referral that brought the member, and be worth to them."""
    if not large_enough(program, order, total):
        return
    if book.first is None:
        book.first = FirstPurchase(order.order_id, order.paid_at)
        award_referral(book, programs)
    tell_of_purchase(book, programs, order)


def decide_fulfilled(book: Book, programs: Programs, item: Input, data: OrderFulfilled) -> Outcome:
    """What was pending until the order was handed over becomes available, at once or in days."""
    order = book.orders.get(data.order_id)
    if order is None or not book.lines_of(data.order_id):
        return parked("order:" + data.order_id)
    if order.fulfilled_at is not None:
        return nothing("already fulfilled")
    at, handed_over = book.time or item.time, max(item.time, order.paid_at)
    book.put_order(order._replace(fulfilled_at=handed_over))
    program = programs.version(order.program_version)
    for lot in book.lots_of("order:" + order.order_id):
        rule = program.rules.get(lot.rule)
        if lot.activates_at != NOT_YET or rule is None:
            continue
        activates_at = fulfilled(rule, handed_over)
        expires_at = program.expires_at(activates_at, order.tier)
        set_free(book, lot.lot, activates_at, expires_at, at)
    return applied()


def set_free(
    book: Book, number: int, activates_at: datetime, expires_at: datetime | None, at: datetime
) -> None:
    """Say when a lot becomes available that waited for its order; validity runs from there."""
    lot = book.lot(number)
    book.put_lot(lot._replace(activates_at=activates_at, expires_at=expires_at))
    points = lot.pending if activates_at <= at and not book.shadow else 0
    book.move(
        "activate",
        points,
        "pending",
        "available",
        at,
        number,
        program_version=lot.program_version,
        activates_at=activates_at,
        expires_at=expires_at,
    )


def not_yet_joined(book: Book, moment: datetime) -> bool:
    """Whether that was before the member joined."""
    return book.joined_at is None or moment < book.joined_at
