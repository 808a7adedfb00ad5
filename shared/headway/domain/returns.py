"""Returns and cancellations: a line takes back what it was awarded, as far as it came back; what
paid for it with points comes back first.

Three attributions: each line its own awards (per_line); the order's awards by the money that came
back (by_money, as Open Loyalty does); or judged again on what was kept (recompute, as PagoPA's
IDPay does).
"""

from datetime import datetime

from headway.contracts.order import OrderCancelled, OrderRefunded, OrderRefundFailed
from headway.domain.account import Input, Order, OrderLine, Refund
from headway.domain.book import Book
from headway.domain.facts import SHIPPING, TAX
from headway.domain.measure import count
from headway.domain.netting import due_on_net
from headway.domain.outcome import Outcome, applied, nothing, parked
from headway.domain.payment import all_back, restore_for
from headway.domain.referral import large_enough, tell_of_return, undo_referral
from headway.domain.reversal import standing_by_rule, take_back
from headway.domain.settle import settle
from headway.domain.tier import judge_tier
from headway.errors import Conflict
from headway.program.program import Programs

FAILED = bytes(32)
"""Instead of the digest of a refund that failed before it was heard of."""


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
    if known.digest == FAILED:
        return nothing("it had failed before it was heard of")
    if known.digest == item.digest:
        return nothing("already refunded")
    raise Conflict("data.refund_id", f"refund {data.refund_id} is known with other content")


def intake_refund_failed(book: Book, data: OrderRefundFailed) -> None:
    """Remember the refund that never was, lest it be heard of only now."""
    if "refund:" + data.refund_id in book.account.held_elsewhere:
        raise Conflict("data.refund_id", f"refund {data.refund_id} belongs to another member")
    if data.refund_id not in book.refunds:
        book.put_refund(Refund(data.refund_id, book.cause, FAILED))


def decide_refund(book: Book, programs: Programs, item: Input, data: OrderRefunded) -> Outcome:
    """Apply what can be matched; say what could not."""
    if data.order_id is None:
        return _without_order(book, programs, item, data)
    order = _decided(book, data.order_id)
    if order is None:
        return parked("order:" + data.order_id)
    problems: list[str] = []
    back: dict[str, int] = {}
    for returned in data.lines:
        line = book.lines.get(order.order_id, {}).get(returned.line_id or "")
        if line is None:
            problems.append("unknown line")
            continue
        left = line.quantity - line.returned - back.get(line.line_id, 0)
        if returned.quantity > left:
            problems.append("returned more than bought")
        back[line.line_id] = back.get(line.line_id, 0) + min(returned.quantity, left)
    _give_back(book, programs, item, order, back)
    reason = "; ".join(dict.fromkeys(problems))
    return applied(reason) if book.touched.lines else nothing(reason or "nothing to take back")


def decide_cancel(book: Book, programs: Programs, item: Input, data: OrderCancelled) -> Outcome:
    """Everything of the order that had not come back is undone, handed over or not."""
    order = _decided(book, data.order_id)
    if order is None:
        return parked("order:" + data.order_id)
    back = {line.line_id: line.quantity - line.returned for line in book.lines_of(order.order_id)}
    if not any(back.values()):
        return nothing("already returned or cancelled")
    _give_back(book, programs, item, order, back)
    return applied()


def _decided(book: Book, order_id: str) -> Order | None:
    """The order, once it is decided and not merely known: a parked one has no lines yet."""
    return book.orders.get(order_id) if book.lines_of(order_id) else None


def _without_order(book: Book, programs: Programs, item: Input, data: OrderRefunded) -> Outcome:
    """A return without receipt: the member's latest lines of that sku with quantity left."""
    problems: list[str] = []
    for returned in data.lines:
        wanted = returned.quantity
        for line in _latest_lines(book, returned.sku or ""):
            if not wanted:
                break
            part = min(wanted, line.quantity - line.returned)
            _give_back(book, programs, item, book.orders[line.order_id], {line.line_id: part})
            wanted -= part
        if wanted:
            problems.append("unmatched")
    reason = "; ".join(dict.fromkeys(problems))
    return applied(reason) if book.touched.lines else nothing(reason)


def _latest_lines(book: Book, sku: str) -> list[OrderLine]:
    matching = [
        line
        for lines in book.lines.values()
        for line in lines.values()
        if line.sku == sku and line.returned < line.quantity and line.line_id not in (TAX, SHIPPING)
    ]
    return sorted(
        matching,
        key=lambda line: (book.orders[line.order_id].paid_at, line.order_id, line.line_id),
        reverse=True,
    )


def _give_back(
    book: Book, programs: Programs, item: Input, order: Order, back: dict[str, int]
) -> None:
    """Return so many pieces of each line: awards, spend, and what hangs on the whole order."""
    # A return acts from the later of its own and its order's time.
    settle(book, programs, max(item.time, order.paid_at))
    at = book.time or item.time
    before = {line.line_id: line for line in book.lines_of(order.order_id)}
    after = {
        line_id: line._replace(returned=line.returned + back.get(line_id, 0))
        for line_id, line in before.items()
    }
    for extra in (TAX, SHIPPING):  # they came back when all else has
        if extra in after and all_back(after.values()):
            after[extra] = after[extra]._replace(returned=1)
    changed = [after[line_id] for line_id in sorted(after) if after[line_id] != before[line_id]]
    if not changed:
        return
    for line in changed:
        book.put_line(line)
    restore_for(book, programs, order.order_id, at)
    if order.counts:
        _take_awards(book, programs, order, before, after, at)
    if order.counts:
        _uncount(book, programs, order, before, after)
    judge_tier(book, programs, at)
    if all_back(after.values()):
        if book.first is not None and book.first.order_id == order.order_id:
            undo_referral(book, programs, at)
        total = sum(line.amount for line in after.values())
        program = programs.version(order.program_version)
        if order.counts and large_enough(program, order, total):
            tell_of_return(book, programs, order, at)


def _take_awards(
    book: Book,
    programs: Programs,
    order: Order,
    before: dict[str, OrderLine],
    after: dict[str, OrderLine],
    at: datetime,
) -> None:
    award = "order:" + order.order_id
    standing = {key: exact for key, exact in standing_by_rule(book, award).items() if exact}
    if not standing:
        return
    program = programs.version(order.program_version)
    if program.attribution == "recompute":
        due = due_on_net(book, program, order, after)
        excess = {key: exact - min(exact, due.get(key, 0)) for key, exact in standing.items()}
    elif program.attribution == "by_money" and kept_of(before):
        money = kept_of(before)
        gone = money - kept_of(after)
        excess = {key: exact * gone // money for key, exact in standing.items()}
    else:
        excess = {
            key: _share_back(exact, before.get(key[1]), after.get(key[1]))
            for key, exact in standing.items()
        }
    for (rule, line_id), exact in excess.items():  # in the order in which it was given
        take_back(
            book, programs, award, rule, exact, at,
            order_id=order.order_id, line_id=line_id,
        )  # fmt: skip


def _share_back(exact: int, before: OrderLine | None, after: OrderLine | None) -> int:
    """A line's part of what stands, by pieces: all of it with the last one."""
    if before is None or after is None:
        return 0
    pieces = after.returned - before.returned
    return exact * pieces // (before.quantity - before.returned) if pieces else 0


def kept_of(lines: dict[str, OrderLine]) -> int:
    """The amount of an order's lines less what came back, in minor units."""
    return sum(
        line.amount - line.amount * line.returned // line.quantity for line in lines.values()
    )


def _uncount(
    book: Book,
    programs: Programs,
    order: Order,
    before: dict[str, OrderLine],
    after: dict[str, OrderLine],
) -> None:
    """What came back no longer counts towards a tier, on the day on which it was bought."""
    program = programs.version(order.program_version)
    if order.currency == program.currency:
        count(book, program, "spend", order.paid_at, kept_of(after) - kept_of(before))
    if all_back(after.values()) and any(line.amount for line in after.values()):
        count(book, program, "orders", order.paid_at, -1)
