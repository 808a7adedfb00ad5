"""Orders paid with points: what came back of one brings back what paid for it.

How much must have come back in all is computed from the order alone, as the fold has it; the
difference to what has come back is given, or taken again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.oracle.buying import SHIPPING, TAX, Order
from tests.oracle.fold import Fold
from tests.oracle.given import Award
from tests.oracle.lots import Lot

if TYPE_CHECKING:
    from tests.oracle.member import Member, Redemption

Shape = tuple[object, ...]


def shapes(member: "Member", state: Fold) -> dict[str, Shape]:
    """How each order stands that points pay for: what a return, or an amendment, changes."""
    found: dict[str, Shape] = {}
    for one in member.redemptions.values():
        order = state.orders.get(one.order_id or "")
        if order is not None:
            found[order.id] = tuple(
                (line.piece, line.returned, line.amount, line.paid) for line in order.lines.values()
            )
    return found


def changed(before: Mapping[str, Shape], member: "Member", state: Fold) -> list[Order]:
    """The orders that points pay for and that stand otherwise now."""
    now = shapes(member, state)
    return [state.orders[id_] for id_, shape in now.items() if shape != before.get(id_)]


def moves(before: Mapping[str, Shape], member: "Member", state: Fold) -> bool:
    """Whether anything is to come back, or to pay again, for what has changed."""
    return any(
        (points, money) != (one.back, one.money_back)
        for order in changed(before, member, state)
        for one, points, money in _due(member, order)
    )


def come_back(member: "Member", orders: Iterable[Order]) -> None:
    """What paid for what came back is given back."""
    for order in orders:
        for one, points, money in _due(member, order):
            if (points, money) > (one.back, one.money_back):
                _give(member, one, points - one.back)
                _note(member, one, points, money)


def pay_again(member: "Member", orders: Iterable[Order]) -> None:
    """What was given back for a return that has not been pays again."""
    for order in orders:
        for one, points, money in _due(member, order):
            if (points, money) < (one.back, one.money_back):
                _take(member, one, one.back - points)
                _note(member, one, points, money)


def give_all(member: "Member", one: "Redemption") -> None:
    """It is undone by hand: what has not come back yet does."""
    _give(member, one, one.points - one.back)
    one.back, one.money_back = one.points, one.value


def _note(member: "Member", one: "Redemption", points: int, money: int) -> None:
    member.saved[one.currency] = member.saved.get(one.currency, 0) + one.money_back - money
    one.back, one.money_back = points, money
    member.changes += 1


def _due(member: "Member", order: Order) -> "list[tuple[Redemption, int, int]]":
    """Each redemption that pays it, in the order reserved, with points and money due back."""
    paying = [
        (one.since, id_, one)
        for id_, one in member.redemptions.items()
        if one.order_id == order.id and one.state in ("confirmed", "fulfilled")
    ]
    lines = [line for id_, line in order.lines.items() if id_ not in (TAX, SHIPPING)]
    told = any(line.paid for line in lines)
    purse = sum(line.paid * line.returned // line.piece.quantity for line in lines)
    amount = sum(line.amount for line in lines)
    gone = sum(line.amount * line.returned // line.piece.quantity for line in lines)
    found = []
    for _, _, one in sorted(paying, key=lambda each: each[:2]):
        if all(line.left == 0 for line in lines):
            found.append((one, one.points, one.value))
            continue
        if told and one.currency == order.currency:
            money = min(one.value, purse)
            purse -= money
        else:
            money = one.value * gone // amount if amount else 0
        found.append((one, one.points * money // one.value if one.value else 0, money))
    return found


def _give(member: "Member", one: "Redemption", points: int) -> None:
    """To the lots it is taken from, the latest to die first; what was owed is a lot of its own."""
    if one.owed:
        part = min(points, one.owed)
        one.owed -= part
        points -= part
        _new_lot(member, one, part)
    lots = [member.lots[number] for number, part in one.paid_from.items() if part]
    for lot in sorted(lots, key=lambda lot: lot.spend_order, reverse=True):
        part = min(points, one.paid_from[lot.number])
        one.paid_from[lot.number] -= part
        points -= part
        member.give_back(lot, part)


def _new_lot(member: "Member", one: "Redemption", points: int) -> None:
    """Points that nothing earned: they live as if earned now."""
    programme = member.programme(member.time)
    expiry = programme.expires(member.tier)
    rule = replace(programme.rules[0], id="restored")
    key = "restored", "", "restored", programme.since, member.time
    award = Award(key, rule, f"restored:{one.id}", member.time, programme, expiry, None, 0)
    dies = expiry.after(member.time, programme.zone)
    lot = Lot(len(member.lots), award, 0, member.time, dies, available=points)
    lot.idles = expiry.inactive_months is not None
    member.lots.append(lot)


def _take(member: "Member", one: "Redemption", points: int) -> None:
    """From its own lots first, then others in spend order; the rest is owed."""
    for lot in (*(lot for lot, _ in one.taken), *member.by_spend_order()):
        part = min(points, lot.available)
        lot.available -= part
        points -= part
        one.paid_from[lot.number] = one.paid_from.get(lot.number, 0) + part
    member.owed -= points
    one.owed += points
