"""Returns and cancellations: a line takes back what it was awarded, as far as it came back."""

from datetime import datetime

from headway.contracts.order import OrderCancelled, OrderRefunded
from headway.domain.account import Input, Order, OrderLine, Refund
from headway.domain.book import Book
from headway.domain.orders import bring_to_due, is_decided, standing_spend
from headway.domain.outcome import Outcome, applied, nothing, parked
from headway.domain.referral import undo_referral
from headway.domain.settle import settle
from headway.domain.tier import judge_tier
from headway.errors import Conflict
from headway.program.program import Programs


def intake_refund(book: Book, item: Input, data: OrderRefunded) -> Outcome | None:
    """Claim the refund's key. An Outcome when it was known; None when it is new."""
    if "refund:" + data.refund_id in book.account.held_elsewhere:
        raise Conflict("data.refund_id", f"refund {data.refund_id} belongs to another member")
    known = book.refunds.get(data.refund_id)
    if known is None:
        book.put_refund(Refund(data.refund_id, book.cause, item.digest))
        return None
    if known.n == book.cause:
        return None
    if known.digest == item.digest:
        return nothing("already refunded")
    raise Conflict("data.refund_id", f"refund {data.refund_id} is known with other content")


def decide_refund(book: Book, programs: Programs, item: Input, data: OrderRefunded) -> Outcome:
    """Apply what can be matched; say what could not."""
    if data.order_id is None:
        return _without_order(book, programs, item, data)
    order = _decided(book, data.order_id)
    if order is None:
        return parked("order:" + data.order_id)
    at = _take_effect(book, programs, item.time, order)
    problems: list[str] = []
    for returned in data.lines:
        line = book.lines.get((order.order_id, returned.line_id or ""))
        if line is None:
            problems.append("unknown line")
            continue
        left = line.quantity - line.returned
        if returned.quantity > left:
            problems.append("returned more than bought")
        _give_back(book, programs, order, line, min(returned.quantity, left), at)
    return _finish(book, programs, order, at, item, problems)


def decide_cancel(book: Book, programs: Programs, item: Input, data: OrderCancelled) -> Outcome:
    """Everything of the order that has not come back before."""
    if "order:" + data.order_id in book.account.held_elsewhere:
        raise Conflict("data.order_id", f"order {data.order_id} belongs to another member")
    order = _decided(book, data.order_id)
    if order is None:
        return parked("order:" + data.order_id)
    at = _take_effect(book, programs, item.time, order)
    lines = [line for line in book.lines.values() if line.order_id == order.order_id]
    if all(line.returned == line.quantity for line in lines):
        return nothing("already returned or cancelled")
    for line in sorted(lines, key=lambda line: line.line_id):
        _give_back(book, programs, order, line, line.quantity - line.returned, at)
    return _finish(book, programs, order, at, item, [])


def _decided(book: Book, order_id: str) -> Order | None:
    """The order, once it is decided and not merely known: a parked one has no lines yet."""
    return book.orders.get(order_id) if is_decided(book, order_id) else None


def _take_effect(book: Book, programs: Programs, moment: datetime, order: Order) -> datetime:
    """A return acts from the later of its own and its order's time."""
    at = max(moment, order.paid_at)
    settle(book, programs, at)
    return at


def _give_back(
    book: Book, programs: Programs, order: Order, line: OrderLine, quantity: int, at: datetime
) -> None:
    """Return `quantity` of a line; what is due for the rest does not depend on how many returns."""
    if not quantity:
        return
    kept = line._replace(returned=line.returned + quantity)
    book.put_line(kept)
    bring_to_due(book, programs, order, kept, at)
    program = programs.version(order.program_version)
    if order.counts and order.currency == program.currency:
        day = program.day(order.paid_at).isoformat()
        if day in book.days:
            book.add_spend(day, standing_spend(kept) - standing_spend(line))


def _finish(
    book: Book, programs: Programs, order: Order, at: datetime, item: Input, problems: list[str]
) -> Outcome:
    judge_tier(book, programs, book.time or at)
    _undo_first_purchase(book, programs, order, at, item)
    reason = "; ".join(dict.fromkeys(problems))
    return applied(reason) if book.touched.lines else nothing(reason or "nothing to take back")


def _undo_first_purchase(
    book: Book, programs: Programs, order: Order, at: datetime, item: Input
) -> None:
    if book.first is None or book.first.order_id != order.order_id:
        return
    lines = (line for line in book.lines.values() if line.order_id == order.order_id)
    if all(line.returned == line.quantity for line in lines):
        undo_referral(book, programs, at, item.time)


def _without_order(book: Book, programs: Programs, item: Input, data: OrderRefunded) -> Outcome:
    """A return without receipt: the member's latest lines of that sku with quantity left."""
    problems: list[str] = []
    for returned in data.lines:
        wanted = returned.quantity
        for line in _latest_lines(book, returned.sku or ""):
            if not wanted:
                break
            order = book.orders[line.order_id]
            at = _take_effect(book, programs, item.time, order)
            part = min(wanted, line.quantity - line.returned)
            _give_back(book, programs, order, line, part, at)
            _undo_first_purchase(book, programs, order, at, item)
            wanted -= part
        if wanted:
            problems.append("unmatched")
    judge_tier(book, programs, book.time or item.time)
    reason = "; ".join(dict.fromkeys(problems))
    return applied(reason) if book.touched.lines else nothing(reason)


def _latest_lines(book: Book, sku: str) -> list[OrderLine]:
    matching = [
        line for line in book.lines.values() if line.sku == sku and line.returned < line.quantity
    ]
    return sorted(
        matching,
        key=lambda line: (book.orders[line.order_id].paid_at, line.order_id, line.line_id),
        reverse=True,
    )
