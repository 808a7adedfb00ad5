"""Programmes and facts for tests: a rule or two of YAML, the rest filled in."""

from datetime import UTC, date, datetime
from typing import Any

from headway.program.caps import Counters
from headway.program.conditions import Facts, LineFacts
from headway.program.judging import judge
from headway.program.loading import load_program
from headway.program.program import Program
from headway.program.rules import MICRO

HEAD = """\
name: Test
zone: America/New_York
from: 2020-01-01T00:00:00Z
currency: USD
"""
TIERS = """\
tiers:
  window: calendar_year
  levels: [{id: club, name: Club, from: 0}, {id: gold, name: Gold, from: 200}]
membership:
  plans: [{id: prime, name: Prime, months: 12, price: "139.00 USD"}]
"""
BASE = "{id: base, on: order.paid, award: {per_money: {points: 1, every: 1}}}"
NOON = datetime(2026, 5, 4, 16, tzinfo=UTC)
"""A Monday, noon in New York."""


def text_of(*rules: str, more: str = TIERS) -> str:
    """A programme file with these rules, each in flow style."""
    return HEAD + "rules:\n" + "".join(f"  - {rule}\n" for rule in rules) + more


def program_of(*rules: str, more: str = TIERS) -> Program:
    """The programme with these rules."""
    return load_program(text_of(*rules, more=more))


def rule(id: str, award: str, when: str = "", *, on: str = "order.paid", rest: str = "") -> str:
    """One rule in flow style."""
    condition = f", when: {{{when}}}" if when else ""
    return f"{{id: {id}, on: {on}{condition}, award: {{{award}}}{', ' + rest if rest else ''}}}"


def line(amount: int, *, quantity: int = 1, sku: str = "a", category: str = "", brand: str = "",
         line_id: str = "1") -> LineFacts:  # fmt: skip
    """One line; amount in cents."""
    return LineFacts(line_id, sku, category, brand, quantity, amount)


def order(*lines: LineFacts, **more: Any) -> Facts:
    """An order of these lines, at noon on Monday 4 May 2026 in New York."""
    given = {
        "event": "order.paid", "time": NOON, "currency": "USD", "lines": lines,
        "amount": sum(one.amount for one in lines), "quantity": sum(one.quantity for one in lines),
        "purchase": 1, **more,
    }  # fmt: skip
    return Facts(**given)


def event(name: str, **more: Any) -> Facts:
    """An event without lines."""
    return Facts(**{"event": name, "time": NOON, **more})


def points(
    program: Program, facts: Facts, counters: Counters | None = None, day: date | None = None
) -> dict[str, float]:
    """Points by rule, all lines together."""
    found: dict[str, int] = {}
    for award in judge(program, facts, counters or {}, day or program.day(facts.time)):
        found[award.rule.id] = found.get(award.rule.id, 0) + award.exact
    return {name: exact / MICRO for name, exact in found.items()}


def by_line(program: Program, facts: Facts, rule_id: str) -> list[float]:
    """What a rule gives to each line."""
    shares = [0.0] * len(facts.lines)
    for award in judge(program, facts, {}, program.day(facts.time)):
        if award.rule.id == rule_id:
            shares[award.line] += award.exact / MICRO
    return shares
