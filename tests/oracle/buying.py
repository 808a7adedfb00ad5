"""What an order earns."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from tests.oracle import referring
from tests.oracle.entries import Entry
from tests.oracle.fold import Fold
from tests.oracle.given import Award
from tests.oracle.judging import cut, judge
from tests.oracle.programme import Programme
from tests.oracle.rules import Piece, Scene

TAX, SHIPPING = "#tax", "#shipping"


@dataclass
class Line:
    """One line of an order, and its awards by rule; what it cost, and what points paid of that."""

    piece: Piece
    amount: int = 0
    paid: int = 0
    returned: int = 0
    awards: dict[str, Award] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """Pieces that did not come back."""
        return self.piece.quantity - self.returned

    def back(self, returned: int) -> int:
        """The money of so many pieces."""
        return self.piece.base * returned // self.piece.quantity


@dataclass
class Order:
    """An order. `scene` and `rooms` are what it was judged in, None where it was not."""

    id: str
    paid_at: datetime
    programme: Programme
    currency: str
    lines: dict[str, Line]
    day: date
    scene: Scene | None = None
    rooms: Mapping[str, int] = field(default_factory=dict)
    referred: bool = False

    @property
    def gone(self) -> bool:
        """Everything of it came back."""
        return all(line.left == 0 for line in self.lines.values())

    @property
    def total(self) -> int:
        """What can earn."""
        return sum(line.piece.base for line in self.lines.values())


def paid(state: Fold, entry: Entry) -> None:
    """An order, as last told, at the place where it was first told."""
    told, programme = entry.data, state.programme(entry.time)
    order = state.orders[told["order_id"]] = Order(
        told["order_id"], entry.time, programme, told["currency"],
        {piece.id: Line(piece) for piece in pieces(told, programme)}, state.day(entry.time),
    )  # fmt: skip
    for said in told["lines"]:
        line = order.lines[said["line_id"]]
        line.amount, line.paid = said["amount"], said["paid_with_points"]
    if state.refusal(entry.time, order=True) or order.total == 0:
        return
    state.purchases += 1
    order.scene = state.scene(
        entry.kind, entry.time, told,
        currency=order.currency, total=order.total, number=state.purchases,
    )  # fmt: skip
    order.rooms = state.rooms(programme, entry.kind, order.day)
    _earn(state, order)
    if order.currency == programme.currency:
        state.count("spend", entry.time, order.total)
    state.count("orders", entry.time, 1)
    referring.bought(state, order)


def pieces(told: Mapping[str, Any], programme: Programme) -> list[Piece]:
    """What can earn, in the order of the lines; tax and shipping after them, where they do."""
    found = [_piece(line, programme.earn_on) for line in told["lines"]]
    for name, id_ in (("tax", TAX), ("shipping", SHIPPING)):
        if name in programme.earn_on and told.get(name, 0):
            found.append(Piece(id_, told[name]))
    return found


def _piece(line: Mapping[str, Any], earn_on: frozenset[str]) -> Piece:
    """A gift card, or what points paid for, earns nothing; what is worth nothing is not there."""
    base = line["amount"]
    if "paid_with_points" not in earn_on:
        base -= line["paid_with_points"]
    if line["gift_card"] and "gift_cards" not in earn_on:
        base = 0
    return Piece(
        line["line_id"], base, line["quantity"], line["sku"], line["category"],
        line.get("brand", ""), earns=base > 0,
    )  # fmt: skip


def _earn(state: Fold, order: Order) -> None:
    """What each rule gives to each line."""
    assert order.scene is not None
    event = f"order:{order.id}"
    lines = list(order.lines.values())
    for rule, exacts in judge(order.programme, order.scene, [line.piece for line in lines]):
        told = [
            (line.piece.id, f"{event}:{line.piece.id}", exact)
            for line, exact in zip(lines, exacts, strict=True)
        ]
        for award in state.give(
            event, rule, told, order.programme, order.paid_at,
            tier=order.scene.tier, day=order.day, order_id=order.id,
        ):  # fmt: skip
            order.lines[award.key[1]].awards[rule.id] = award
    # Caps are cut rule by rule; told they are line by line.
    for line in lines:
        for award in line.awards.values():
            state.awards[award.key] = state.awards.pop(award.key)


def judged_again(order: Order) -> dict[tuple[str, str], int]:
    """What the lines would have earned without what came back, by line and rule."""
    assert order.scene is not None
    net = [
        replace(
            line.piece,
            base=line.piece.base - line.back(line.returned),
            quantity=line.left,
        )
        for line in order.lines.values()
        if line.left
    ]
    scene = replace(order.scene, total=sum(piece.base for piece in net))
    return {
        (piece.id, rule.id): exact
        for rule, exacts in judge(order.programme, scene, net)
        for piece, exact in zip(net, cut(exacts, order.rooms.get(rule.id)), strict=True)
    }
