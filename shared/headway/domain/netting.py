"""What an order would have earned had only the kept part been bought (recompute attribution)."""

from collections.abc import Mapping

from headway.domain.account import Order, OrderLine
from headway.domain.book import Book
from headway.errors import InvariantViolated
from headway.program.conditions import Facts, LineFacts
from headway.program.judging import judge
from headway.program.program import Program


def due_on_net(
    book: Book, program: Program, order: Order, lines: Mapping[str, OrderLine]
) -> dict[tuple[str, str], int]:
    """By rule and line, what the order's awards are when judged again, in its own context, on what
    was kept. Only a shadow knows that context."""
    judged = book.judged.get(order.order_id)
    if judged is None:
        raise InvariantViolated(f"order {order.order_id} was not judged here; decide from the log")
    facts = _net(judged.facts, lines)
    if not facts.lines:
        return {}
    found: dict[tuple[str, str], int] = {}
    for award in judge(program, facts, judged.counters, judged.day):
        key = award.rule.id, facts.lines[award.line].line_id
        found[key] = found.get(key, 0) + award.exact
    return found


def _net(facts: Facts, lines: Mapping[str, OrderLine]) -> Facts:
    kept: list[LineFacts] = []
    for line in facts.lines:
        now = lines[line.line_id]
        amount = now.amount - now.amount * now.returned // now.quantity
        if amount:
            quantity = now.quantity - now.returned
            kept.append(
                LineFacts(line.line_id, line.sku, line.category, line.brand, quantity, amount)
            )
    return facts._replace(lines=tuple(kept), amount=sum(line.amount for line in kept))
