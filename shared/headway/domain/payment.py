"""Orders paid with points: what is returned of such an order brings back what paid for it.

How much is restored in all is a function of what has come back in all; each return restores the
difference to what was restored before. So nothing is restored twice, however often, late or
differently a return is told, and a refund that failed takes back what it had restored.

A redemption that is not confirmed yet is left alone, and so is one that was reversed by hand.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from headway.domain.account import OrderLine, Payment
from headway.domain.book import Book, spend_order
from headway.domain.facts import SHIPPING, TAX
from headway.domain.restoring import NO_LOT, restore
from headway.program.program import Programs

_PAYS = frozenset(("confirmed", "fulfilled"))


class Due(NamedTuple):
    """How much of a payment is to be restored in all: points, and minor units of its currency."""

    points: int
    minor: int


def restore_for(book: Book, programs: Programs, order_id: str, at: datetime) -> None:
    """Restore what has paid for what has come back of an order."""
    for payment, due in _due(book, order_id):
        if due > (payment.restored_points, payment.restored_minor):
            _restore(book, programs, payment, due, at)


def pay_again(book: Book, order_id: str, at: datetime) -> None:
    """Take what was restored for a return that has not been: it pays for the order again."""
    for payment, due in _due(book, order_id):
        if due < (payment.restored_points, payment.restored_minor):
            _pay_again(book, payment, due, at)


def all_back(lines: Iterable[OrderLine]) -> bool:
    """Whether every piece of an order has come back; tax and shipping come with the last."""
    return all(
        line.returned == line.quantity for line in lines if line.line_id not in (TAX, SHIPPING)
    )


def _due(book: Book, order_id: str) -> list[tuple[Payment, Due]]:
    """What is due back of each redemption that pays an order, in the order reserved."""
    paying = [p for p in book.payments.values() if p.order_id == order_id and p.state in _PAYS]
    lines = book.lines_of(order_id) if paying else []
    if not lines:
        return []
    paying.sort(key=lambda payment: (payment.reserved_at, payment.redemption_id))
    return list(zip(paying, due_back(paying, lines, book.orders[order_id].currency), strict=True))


def due_back(payments: Sequence[Payment], lines: Sequence[OrderLine], currency: str) -> list[Due]:
    """What is due back of each payment, in all.

    All of it with the last piece. Else what was paid with points for the pieces that came back,
    of the first payment first; where the shop said of no line that points paid for it, or paid in
    another currency, each payment's share by the lines' amounts.
    """
    if all_back(lines):
        return [Due(payment.points, payment.value_minor) for payment in payments]
    told = sum(line.paid_with_points for line in lines)
    whole = sum(line.full_amount for line in lines)
    money = sum(_share(line.paid_with_points, line) for line in lines)
    back = sum(_share(line.full_amount, line) for line in lines)
    due: list[Due] = []
    for payment in payments:
        value = payment.value_minor
        if told and payment.currency == currency:
            minor = min(value, money)
            money -= minor
        else:
            minor = value * back // whole if whole else 0
        due.append(Due(payment.points * minor // value if value else 0, minor))
    return due


def _share(minor: int, line: OrderLine) -> int:
    """The part of so much that the pieces which came back stand for: all of it with the last."""
    return minor * line.returned // line.quantity


def _restore(book: Book, programs: Programs, payment: Payment, due: Due, at: datetime) -> None:
    """Raise what is restored, from the latest-expiring lots first."""
    left = due.points - payment.restored_points
    taken = dict(payment.taken)
    for lot in _latest_first(book, taken):
        part = min(left, taken[lot])
        # Money may come back that is not worth a point yet: that, too, is a row.
        restore(book, programs, payment.redemption_id, lot, part, "redeemed", at, payment.order_id)
        taken[lot] -= part
        left -= part
        if not left:
            break
    _keep(book, payment, due, taken, at)


def _latest_first(book: Book, lots: Collection[int]) -> list[int]:
    """Lots in the reverse of spend order; before them what has none, and lives anew."""
    found = [lot for lot in lots if lot != NO_LOT]
    found.sort(key=lambda lot: spend_order(book.lot(lot)), reverse=True)
    return [*(lot for lot in lots if lot == NO_LOT), *found]


def _pay_again(book: Book, payment: Payment, due: Due, at: datetime) -> None:
    """Lower what is restored: from its own lots, then others in spend order; the rest is owed."""
    left = payment.restored_points - due.points
    taken = dict(payment.taken)
    if not left:
        _spend(book, payment, 0, payment.held[-1][0], at)
    for lot in dict.fromkeys((*(lot for lot, _ in payment.held), *_to_spend(book))):
        part = min(left, book.lot(lot).available)
        if part:
            _spend(book, payment, part, lot, at)
            taken[lot] = taken.get(lot, 0) + part
            left -= part
    if left:
        _spend(book, payment, left, None, at)
        taken[NO_LOT] = taken.get(NO_LOT, 0) + left
    _keep(book, payment, due, taken, at)


def _spend(book: Book, payment: Payment, points: int, lot: int | None, at: datetime) -> None:
    book.move(
        "redeem", points, "owed" if lot is None else "available", "redeemed", at, lot,
        group=payment.redemption_id, order_id=payment.order_id,
    )  # fmt: skip


def _to_spend(book: Book) -> list[int]:
    return [lot.lot for lot in book.open_lots()]


def _keep(book: Book, payment: Payment, due: Due, taken: dict[int, int], at: datetime) -> None:
    book.put_payment(
        payment._replace(
            taken=tuple((lot, part) for lot, part in taken.items() if part),
            restored_points=due.points,
            restored_minor=due.minor,
            updated_at=max(payment.updated_at, at),
        )
    )
    book.add_saved(payment.currency, payment.restored_minor - due.minor)
