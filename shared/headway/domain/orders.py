"""Orders: what a purchase earns, what an amendment changes, and what each line of it is worth."""

from datetime import datetime
from typing import NamedTuple

from headway.contracts.order import OrderPaid
from headway.domain.account import FirstPurchase, Input, Order, OrderLine
from headway.domain.award import grant
from headway.domain.book import Book
from headway.domain.outcome import Outcome, applied, nothing
from headway.domain.referral import award_referral
from headway.domain.reversal import reverse
from headway.domain.tier import judge_tier
from headway.errors import Conflict
from headway.program.program import Program, Programs


class LineAward(NamedTuple):
    """What one rule gives for one line, in millionths of a point."""

    rule: str
    exact: int


def line_awards(
    program: Program, currency: str, category: str, amount: int, tier: str
) -> list[LineAward]:
    """Base rules add up; in a group the best multiplier wins; each applies to the base, once."""
    if amount <= 0:
        return []
    found = [
        LineAward(rule.id, exact)
        for rule in program.base_rules
        if rule.currency == currency
        and (rule.categories is None or category in rule.categories)
        and (exact := rule.exact(amount))
    ]
    base = sum(award.exact for award in found)
    if not base:
        return found
    best: dict[str, tuple[int, str]] = {}
    for rule in program.multipliers:
        if (rule.categories is None or category in rule.categories) and (
            rule.tiers is None or tier in rule.tiers
        ):
            winner = best.get(rule.group)
            if winner is None or rule.extra > winner[0]:
                best[rule.group] = (rule.extra, rule.id)
    if best:
        extras = sorted((rule, extra) for extra, rule in best.values())
        found += [
            LineAward(rule, exact) for rule, extra in extras if (exact := base * extra // 1000)
        ]
    return found


def intake_order(book: Book, program: Program, item: Input, data: OrderPaid) -> Outcome | None:
    """An Outcome when this order was known; None when it is to be decided.

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
    if known.digest == item.digest:
        return nothing("already paid")
    if data.order_version < known.order_version:
        return nothing("overtaken")
    if data.order_version == known.order_version:
        raise Conflict(
            "data.order_version",
            f"order {data.order_id} is known with other content; raise order_version to amend it",
        )
    if data.currency != known.currency:
        raise Conflict("data.currency", "an amendment cannot change an order's currency")
    return None


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


def counts_for(book: Book, moment: datetime) -> bool:
    """Whether a purchase made then earns: not before enrolment, not after leaving."""
    joined, left = book.joined_at, book.left_at
    return joined is not None and moment >= joined and (left is None or moment < left)


def decide_order(book: Book, programs: Programs, item: Input, data: OrderPaid) -> Outcome:
    """A purchase: earn, count towards the tier, complete a referral."""
    known = book.orders.get(data.order_id)
    if known is not None and known.n != book.cause and is_decided(book, known.order_id):
        return _amend(book, programs, item, data, known)
    paid_at = item.time if known is None else known.paid_at
    program = programs.at(paid_at)
    counts = counts_for(book, paid_at)
    order = _new_order(book, item, data, program, counts=counts)
    if known is not None:
        order = order._replace(n=known.n, paid_at=paid_at)
    book.put_order(order)
    spend = 0
    for line in data.lines:
        amount = line.base
        book.put_line(
            OrderLine(
                order.order_id, line.line_id, line.sku, line.category, line.quantity, 0, amount
            )
        )
        spend += amount
        if counts:
            _earn_line(book, program, order, line.line_id, line.category, amount)
    if not counts:
        return nothing("before enrolment" if not_yet_joined(book, order.paid_at) else "member left")
    if not spend:
        return nothing("nothing to earn on")
    if book.first is None:
        book.first = FirstPurchase(order.order_id, order.paid_at)
        award_referral(book, programs, item.time)
    if order.currency == program.currency:
        book.add_spend(program.day(order.paid_at).isoformat(), spend)
        judge_tier(book, programs, book.time or item.time)
    return applied() if book.acted() else nothing("no rule awards it")


def is_decided(book: Book, order_id: str) -> bool:
    """Whether the order is more than known: a parked one has no lines yet."""
    return any(line.order_id == order_id for line in book.lines.values())


def not_yet_joined(book: Book, moment: datetime) -> bool:
    """Whether that was before the member joined."""
    return book.joined_at is None or moment < book.joined_at


def _earn_line(
    book: Book, program: Program, order: Order, line_id: str, category: str, amount: int
) -> None:
    for award in line_awards(program, order.currency, category, amount, order.tier):
        grant(
            book,
            program,
            rule=award.rule,
            exact=award.exact,
            award="order:" + order.order_id,
            earned_at=order.paid_at,
            pending_days=program.order_pending_days[award.rule],
            order_id=order.order_id,
            line_id=line_id,
        )


def _amend(book: Book, programs: Programs, item: Input, data: OrderPaid, order: Order) -> Outcome:
    """Judge the order anew at its first time and append the differences, line by line."""
    program = programs.version(order.program_version)
    old_lines = {
        line.line_id: line for line in book.lines.values() if line.order_id == order.order_id
    }
    spend_change = 0
    # In the event's order, then by name what it no longer holds: never in the order of loading.
    for line_id in dict.fromkeys([*(line.line_id for line in data.lines), *sorted(old_lines)]):
        spend_change += _amend_line(
            book, programs, program, order, line_id, data, old_lines.get(line_id)
        )
    book.put_order(order._replace(order_version=data.order_version, digest=item.digest))
    if order.counts and order.currency == program.currency and spend_change:
        book.add_spend(program.day(order.paid_at).isoformat(), spend_change)
        judge_tier(book, programs, book.time or item.time)
    amounts = (line.amount for line in book.lines.values() if line.order_id == order.order_id)
    if order.counts and book.first is None and any(amounts):
        book.first = FirstPurchase(order.order_id, order.paid_at)
        award_referral(book, programs, item.time)
    return applied("amended") if book.acted() else nothing("amended, worth the same")


def _amend_line(
    book: Book,
    programs: Programs,
    program: Program,
    order: Order,
    line_id: str,
    data: OrderPaid,
    old: OrderLine | None,
) -> int:
    """Bring one line's awards to what they should be; returns the change in spend that counts."""
    given = next((line for line in data.lines if line.line_id == line_id), None)
    returned = old.returned if old else 0
    quantity = max(given.quantity if given else 1, returned, 1)
    amount = 0 if given is None else given.base
    sku, category = (
        (given.sku, given.category) if given else (old.sku, old.category) if old else ("", "")
    )
    new = OrderLine(order.order_id, line_id, sku, category, quantity, returned, amount)
    book.put_line(new)
    bring_to_due(book, programs, order, new, book.time or order.paid_at)
    before = 0 if old is None else standing_spend(old)
    return standing_spend(new) - before


def standing_spend(line: OrderLine) -> int:
    """The line's spend less what came back, in minor units."""
    return line.amount - line.amount * line.returned // line.quantity


def bring_to_due(
    book: Book, programs: Programs, order: Order, line: OrderLine, at: datetime
) -> None:
    """Append what lies between a line's standing awards and what it is due for what was kept.

    Judged by the version and the tier of the order's first decision, so that a return takes back
    exactly what its line was awarded, whatever the programme says today.
    """
    if not order.counts:
        return
    program = programs.version(order.program_version)
    due = {
        award.rule: award.exact - award.exact * line.returned // line.quantity
        for award in line_awards(program, order.currency, line.category, line.amount, order.tier)
    }
    standing: dict[str, int] = {}
    for lot in book.lots.values():
        if lot.award == "order:" + order.order_id and lot.line_id == line.line_id:
            standing[lot.rule] = standing.get(lot.rule, 0) + lot.exact - lot.exact_returned
    for rule in sorted({*due, *standing}):
        difference = due.get(rule, 0) - standing.get(rule, 0)
        if difference > 0:
            grant(
                book,
                program,
                rule=rule,
                exact=difference,
                award="order:" + order.order_id,
                earned_at=order.paid_at,
                pending_days=program.order_pending_days[rule],
                order_id=order.order_id,
                line_id=line.line_id,
            )
        elif difference < 0:
            _take_back(book, programs, line, rule, -difference, at)


def _take_back(
    book: Book, programs: Programs, line: OrderLine, rule: str, exact: int, at: datetime
) -> None:
    """Undo `exact` of a line's award under a rule, oldest lot first."""
    lots = sorted(
        number
        for number, lot in book.lots.items()
        if lot.award == "order:" + line.order_id
        and lot.line_id == line.line_id
        and lot.rule == rule
    )
    for number in lots:
        lot = book.lots[number]
        part = min(exact, lot.exact - lot.exact_returned)
        reverse(book, programs, number, part, at, order_id=line.order_id, line_id=line.line_id)
        exact -= part
