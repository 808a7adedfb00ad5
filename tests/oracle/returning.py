"""What comes back, and what it takes along."""

from collections import Counter

from tests.oracle import buying, referring
from tests.oracle.buying import SHIPPING, TAX, Order
from tests.oracle.entries import Entry
from tests.oracle.fold import Fold


def refunded(state: Fold, entry: Entry) -> None:
    """Goods came back, with or without their order. More than was bought cannot."""
    if entry.data["order_id"] is None:
        _till_return(state, entry)
        return
    wanted: Counter[str] = Counter()
    for line in entry.data["lines"]:
        wanted[line["line_id"]] += line["quantity"]
    bring_back(state, state.orders[entry.data["order_id"]], wanted)


def cancelled(state: Fold, entry: Entry) -> None:
    """All that is left of the order is undone."""
    order = state.orders[entry.data["order_id"]]
    bring_back(state, order, Counter({id_: line.left for id_, line in order.lines.items()}))


def _till_return(state: Fold, entry: Entry) -> None:
    """Pieces of a sku go to the latest lines of it that have some left."""
    for wanted in entry.data["lines"]:
        quantity = wanted["quantity"]
        bought = [
            (order.paid_at, order.id, id_, order, line)
            for order in state.orders.values()
            for id_, line in order.lines.items()
            if line.piece.sku == wanted["sku"] and id_ not in (TAX, SHIPPING)
        ]
        for *_, id_, order, line in sorted(bought, key=lambda one: one[:3], reverse=True):
            pieces = min(quantity, line.left)
            quantity -= pieces
            bring_back(state, order, Counter({id_: pieces}))


def bring_back(state: Fold, order: Order, wanted: Counter[str]) -> None:
    """One return of pieces of one order."""
    pieces = {
        id_: min(wanted[id_], line.left)
        for id_, line in order.lines.items()
        if min(wanted[id_], line.left) > 0 and id_ not in (TAX, SHIPPING)
    }
    if not pieces:
        return
    state.returns += 1
    rest = {
        id_: line.left - pieces.get(id_, 0)
        for id_, line in order.lines.items()
        if id_ not in (TAX, SHIPPING)
    }
    if not any(rest.values()):  # tax and shipping come back with the last piece
        pieces |= {id_: 1 for id_ in (TAX, SHIPPING) if id_ in order.lines}
    out = sum(line.piece.base - line.back(line.returned) for line in order.lines.values())
    money = 0
    left = {id_: line.left for id_, line in order.lines.items()}
    for id_, count in pieces.items():
        line = order.lines[id_]
        money += line.back(line.returned + count) - line.back(line.returned)
        line.returned += count
    if order.scene is None:
        return
    how = order.programme.attribution
    if how == "recompute":
        _recompute(state, order)
    elif how == "by_money" and out:
        _by_share(state, order, dict.fromkeys(order.lines, (money, out)))
    else:
        _by_share(state, order, {id_: (count, left[id_]) for id_, count in pieces.items()})
    if order.currency == order.programme.currency:
        state.count("spend", order.paid_at, -money)
    if order.gone:
        state.count("orders", order.paid_at, -1)
        referring.undo(state, order)


def _by_share(state: Fold, order: Order, shares: dict[str, tuple[int, int]]) -> None:
    """Of each line's awards so much of so much, rounded down, is taken back."""
    for id_, (part, whole) in shares.items():
        for award in order.lines[id_].awards.values():
            state.take(award, award.standing * part // whole)


def _recompute(state: Fold, order: Order) -> None:
    """Nothing stands beyond what the rest of the order would have earned."""
    worth = buying.judged_again(order)
    for id_, line in order.lines.items():
        for rule, award in line.awards.items():
            state.take(award, max(0, award.standing - worth.get((id_, rule), 0)))
