"""What orders and returns mean."""

from typing import Any

from tests.oracle import rewards
from tests.oracle.lots import POINT
from tests.oracle.member import APPLIED, CONFLICT, Line, Member, Order
from tests.oracle.programme import Programme, Rule
from tests.oracle.records import Input


def paid(member: Member, event: Input) -> str:
    """An order, for the first time or again."""
    bought = {name: told for name, told in event.data.items() if name != "order_version"}
    known = member.orders.get(event.data["order_id"])
    if known is not None:
        return _again(member, known, bought, event)
    order = Order(
        event.data["order_id"],
        bought,
        event.data["order_version"],
        event.time,
        event.data["currency"],
        {line["line_id"]: _line(line) for line in bought["lines"]},
        member.tier,
    )
    member.orders[order.id] = order
    refused = rewards.refusal(member, event.time)
    if refused:
        return refused
    order.counted = True
    if not any(line.base for line in order.lines.values()):
        return "nothing: nothing to earn on"
    _earn(member, order)
    member.count(order, sum(line.base for line in order.lines.values()))
    if member.first_order is None:
        member.first_order = order
        rewards.award_referral(member, event.time)
    return APPLIED


def _line(told: dict[str, Any]) -> Line:
    base = 0 if told["gift_card"] else told["amount"] - told["paid_with_points"]
    return Line(told["sku"], told["quantity"], base, told["category"])


def _again(member: Member, known: Order, bought: dict[str, Any], event: Input) -> str:
    if known.content == bought and event.data["order_version"] <= known.version:
        return "nothing: already paid"
    if event.data["order_version"] == known.version:
        return CONFLICT
    if event.data["order_version"] < known.version:
        return "nothing: overtaken"
    return _amend(member, known, bought, event.data["order_version"])


def _amend(member: Member, order: Order, bought: dict[str, Any], version: int) -> str:
    """The order was another one: judged again as of its first time, differences given or taken."""
    for told in bought["lines"]:
        new = _line(told)
        old = order.lines.get(told["line_id"])
        if old is not None:
            new.returned = min(old.returned, new.quantity)
            new.awards = old.awards
            member.count(order, -old.kept_of(old.base))
        member.count(order, new.kept_of(new.base))
        order.lines[told["line_id"]] = new
    for gone in order.lines.keys() - {told["line_id"] for told in bought["lines"]}:
        line = order.lines[gone]
        member.count(order, -line.kept_of(line.base))
        line.base = 0
    order.content, order.version = bought, version
    if order.counted:
        _earn(member, order)
    return APPLIED


def _earn(member: Member, order: Order) -> None:
    """Bring the awards of each line to what the rules give for what is left of it."""
    programme = member.programme(order.paid_at)
    for line_id, line in order.lines.items():
        for rule, exact in entitled(programme, order, line):
            lots = line.awards.setdefault(rule.id, [])
            line.worth[rule.id] = exact
            difference = line.kept_of(exact) - sum(lot.standing for lot in lots)
            if difference > 0:
                what = f"order:{order.id}:{line_id}"
                lots.append(member.award(rule, what, difference, order.paid_at))
            for lot in reversed(lots):
                taken = min(-difference, lot.standing) if difference < 0 else 0
                difference += taken
                member.take_back(lot, taken)


def entitled(programme: Programme, order: Order, line: Line) -> list[tuple[Rule, int]]:
    """What each rule gives for the whole line, in millionths of a point: base, then multipliers."""
    rules = [
        rule
        for rule in programme.on("order.paid")
        if rule.wants(category=line.category, tier=order.tier)
    ]
    given = [
        (rule, line.base * rule.points_per * POINT // rule.every)
        for rule in rules
        if rule.every is not None and rule.currency == order.currency
    ]
    base = sum(exact for _, exact in given)
    best: dict[str, Rule] = {}
    for rule in rules:
        if rule.thousandths is None:
            continue
        rival = best.get(rule.group)
        if rival is None or rule.thousandths > (rival.thousandths or 0):
            best[rule.group] = rule
    given += [
        (rule, base * ((rule.thousandths or 0) - 1000) // 1000)
        for rule in sorted(best.values(), key=lambda rule: rule.id)
    ]
    # A rule that gave something before the order was amended may give nothing now.
    gone = line.awards.keys() - {rule.id for rule, _ in given}
    given += [(rule, 0) for rule in programme.on("order.paid") if rule.id in gone]
    return [(rule, exact) for rule, exact in given if exact > 0 or rule.id in line.awards]


def refunded(member: Member, event: Input) -> str:
    """Goods came back, with or without their order."""
    told = {name: value for name, value in event.data.items() if name != "reason"}
    known = member.refunds.setdefault(event.data["refund_id"], told)
    if known is not told:
        return "nothing: already refunded" if known == told else CONFLICT
    if event.data["order_id"] is None:
        return _till_return(member, event)
    order = member.orders[event.data["order_id"]]
    over = unknown = False
    for wanted in event.data["lines"]:
        line = order.lines.get(wanted["line_id"])
        if line is None:
            unknown = True
            continue
        over |= _return(member, order, line, wanted["quantity"]) > 0
    _undo_referral(member, order, event)
    if unknown:
        return "refused: unknown line"
    return "applied: returned more than bought" if over else APPLIED


def _till_return(member: Member, event: Input) -> str:
    unmatched = False
    for wanted in event.data["lines"]:
        left = wanted["quantity"]
        bought = [
            (order.paid_at, order.id, line_id, order, line)
            for order in member.orders.values()
            for line_id, line in order.lines.items()
            if line.sku == wanted["sku"]
        ]
        for _, _, _, order, line in sorted(bought, key=lambda found: found[:3], reverse=True):
            left = _return(member, order, line, left)
            _undo_referral(member, order, event)
        unmatched |= left > 0
    return "refused: unmatched" if unmatched else APPLIED


def cancelled(member: Member, event: Input) -> str:
    """All that is left of the order is undone."""
    order = member.orders[event.data["order_id"]]
    for line in order.lines.values():
        _return(member, order, line, line.quantity - line.returned)
    _undo_referral(member, order, event)
    return APPLIED


def _return(member: Member, order: Order, line: Line, quantity: int) -> int:
    """Take back what these pieces earned; says how many were not there to return."""
    pieces = min(quantity, line.quantity - line.returned)
    if pieces == 0:
        return quantity
    before = line.returned
    line.returned += pieces
    for rule_id, lots in line.awards.items():
        excess = sum(lot.standing for lot in lots) - line.kept_of(line.worth[rule_id])
        for lot in lots:
            taken = min(excess, lot.standing)
            excess -= taken
            member.take_back(lot, taken)
    back = line.base * line.returned // line.quantity - line.base * before // line.quantity
    member.count(order, -back)
    return quantity - pieces


def _undo_referral(member: Member, order: Order, event: Input) -> None:
    if order is member.first_order and order.gone:
        rewards.undo_referral(member, event.time)
