"""What an event earns: base awards add, the best of a group wins, multipliers apply to the base.

The same rules in any order of the file decide the same. Each stage keeps what the one before it
said, so that `explaining` can tell which rules matched, lost or were capped.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from headway.program.caps import Counters, room
from headway.program.conditions import AnyLine, Facts, LineFacts
from headway.program.program import NO_RULES, Program
from headway.program.rules import MICRO, Rule

Shares = list[tuple[int, int]]
"""(place of the line in the event, millionths of a point), places rising."""


class Award(NamedTuple):
    """What one rule gives for one line of the event: `exact` > 0 millionths of a point."""

    line: int
    rule: Rule
    exact: int


class Stages(NamedTuple):
    """What each rule came to: what it matched, what is left after groups, rounding and caps."""

    matched: dict[str, Shares]
    contested: dict[str, Shares]
    given: dict[str, Shares]
    rules: tuple[Rule, ...]
    rounded: dict[str, Shares]


def judge(program: Program, facts: Facts, counters: Counters, day: date) -> list[Award]:
    """The awards of an event, line by line; base rules by id, then multipliers by id."""
    return verdict(program, facts, counters, day)[0]


def verdict(
    program: Program, facts: Facts, counters: Counters, day: date | None = None
) -> tuple[list[Award], list[str]]:
    """The awards of an event, and the rules that a cap has cut or kept from giving anything.

    `day`: the local day whose caps count; without it that of the event.
    """
    rules = program.rules_on.get(facts.event)
    if rules is None:
        return [], []
    if rules.plain:
        return _plainly(rules.base, rules.multipliers, facts), []
    stages = judge_stages(program, facts, counters, day or program.day(facts.time))
    awards = [
        Award(line, rule, exact)
        for rule in stages.rules
        for line, exact in stages.given.get(rule.id, ())
        if exact
    ]
    if len(awards) > 1:
        awards.sort(key=_in_order)
    capped = [
        rule.id
        for rule in stages.rules
        if rule.caps and _sum(stages.given.get(rule.id, ())) < _sum(stages.rounded.get(rule.id, ()))
    ]
    return awards, capped


def lines_of(facts: Facts) -> Sequence[AnyLine]:
    """The lines rules look at; an event without lines is one, but of an order nothing is left."""
    if facts.event == "order.paid":
        return facts.lines
    return facts.lines or (LineFacts("", "", "", "", facts.quantity, facts.amount),)


def _plainly(base: Sequence[Rule], multipliers: Sequence[Rule], facts: Facts) -> list[Award]:
    """The short way for rules on money without caps, steps and rounding: most of them.

    It gives what the stages give, and keeps nothing of what each of them said.
    """
    lines = facts.lines
    standing = [rule for rule in base if _applies(rule, facts)]
    if len(standing) > 1:
        standing = _best_on_lines(standing, lines)
    awards = []
    for rule in standing:
        for place, line in enumerate(lines):
            if not rule.line_conditions or _line_matches(rule, line):
                exact = line.amount * rule.numerator // rule.denominator
                if exact:
                    awards.append(Award(place, rule, exact))
    running = [rule for rule in multipliers if _applies(rule, facts)] if awards else ()
    for place in range(len(lines)) if running else ():
        total = sum([award.exact for award in awards if award.line == place])
        best: dict[str, Rule] = {}
        for rule in running:
            if total and (not rule.line_conditions or _line_matches(rule, lines[place])):
                _contest(best, rule)
        for rule in best.values():
            exact = total * rule.numerator // rule.denominator
            if exact:
                awards.append(Award(place, rule, exact))
    if len(awards) > 1:
        awards.sort(key=_in_order)
    return awards


def _best_on_lines(rules: list[Rule], lines: Sequence[AnyLine]) -> list[Rule]:
    """Of each group the rule that gives most; rules come by id, so equals keep the smaller one."""
    best: dict[str, tuple[tuple[int, int], Rule]] = {}
    for rule in rules:
        if rule.group:
            total = sum(
                line.amount * rule.numerator // rule.denominator
                for line in lines
                if not rule.line_conditions or _line_matches(rule, line)
            )
            worth = (total, rule.priority)
            if rule.group not in best or worth > best[rule.group][0]:
                best[rule.group] = worth, rule
    return [rule for rule in rules if not rule.group or best[rule.group][1] is rule]


def _in_order(award: Award) -> tuple[int, bool, str]:
    """Line by line; base rules by id, then multipliers by id."""
    return award.line, award.rule.multiplies, award.rule.id


def judge_stages(program: Program, facts: Facts, counters: Counters, day: date) -> Stages:
    """Every stage of judging an event."""
    rules = program.rules_on.get(facts.event, NO_RULES)
    lines = lines_of(facts)
    matched: dict[str, Shares] = {}
    for rule in rules.base:
        places = matching(rule, facts, lines)
        if places:
            matched[rule.id] = _shares(rule, facts, lines, places)
    contested = _group_winners(rules.base, matched)
    base = [0] * len(lines)
    for rule in rules.base:
        if rule.measure != "event":
            for place, exact in contested.get(rule.id, ()):
                base[place] += exact
    if any(base):
        _multiply(rules.multipliers, facts, lines, base, matched, contested)
    judged = (*rules.base, *rules.multipliers)
    rounded: dict[str, Shares] = {}
    given: dict[str, Shares] = {}
    for rule in judged:
        shares = contested.get(rule.id)
        if shares is None:
            continue
        if rule.rounding != "carry":
            shares = _rounded(rule, shares)
        rounded[rule.id] = shares
        given[rule.id] = _capped(rule, shares, counters, day) if rule.caps else shares
    return Stages(matched, contested, given, judged, rounded)


def matching(rule: Rule, facts: Facts, lines: Sequence[AnyLine]) -> list[int]:
    """The places of the lines that a rule applies to; none when it does not apply at all."""
    if not _applies(rule, facts):
        return []
    if not rule.line_conditions:
        return list(range(len(lines)))
    return [place for place, line in enumerate(lines) if _line_matches(rule, line)]


def _applies(rule: Rule, facts: Facts) -> bool:
    """Whether a rule looks at an event at all, whatever its lines."""
    if rule.currency and rule.currency != facts.currency:
        return False
    for condition in rule.conditions:  # noqa: SIM110 (a generator costs more than what it asks)
        if not condition.holds(facts):
            return False
    return True


def _line_matches(rule: Rule, line: AnyLine) -> bool:
    for condition in rule.line_conditions:  # noqa: SIM110
        if not condition.holds(line):
            return False
    return True


def _shares(rule: Rule, facts: Facts, lines: Sequence[AnyLine], places: list[int]) -> Shares:
    """What a base rule gives to each matching line."""
    if rule.measure == "pieces":
        return [(p, lines[p].quantity * rule.numerator // rule.denominator) for p in places]
    if rule.measure == "amount" and not rule.step:
        return [(p, lines[p].amount * rule.numerator // rule.denominator) for p in places]
    amounts = [(place, lines[place].amount) for place in places]
    if rule.measure == "event":
        return split(rule.numerator, amounts)
    total = sum(amount for _, amount in amounts)
    return split(total // rule.step * rule.step * rule.numerator // rule.denominator, amounts)


def split(total: int, weights: Sequence[tuple[int, int]]) -> Shares:
    """A total by weights, by cumulative floors, so that the shares add up to it.

    All of it goes to the first place when there is no weight at all.
    """
    whole = sum(weight for _, weight in weights)
    if not whole:
        return [(place, 0 if at else total) for at, (place, _) in enumerate(weights)]
    shares, so_far, given = [], 0, 0
    for place, weight in weights:
        so_far += weight
        reached = total * so_far // whole
        shares.append((place, reached - given))
        given = reached
    return shares


def _sum(shares: Iterable[tuple[int, int]]) -> int:
    return sum(exact for _, exact in shares)


def _group_winners(rules: Sequence[Rule], matched: dict[str, Shares]) -> dict[str, Shares]:
    """What is left when of each group only the best for the member stands."""
    best: dict[tuple[str, str], tuple[tuple[int, int], str]] = {}
    left: dict[str, Shares] = {}
    for rule in rules:  # by id, so that of equals the smaller id is there first
        shares = matched.get(rule.id)
        if shares is None:
            continue
        if not rule.group:
            left[rule.id] = shares
            continue
        worth = (_sum(shares), rule.priority)
        contest = (rule.group, rule.to)  # friend and referrer do not take from each other
        if contest not in best or worth > best[contest][0]:
            best[contest] = (worth, rule.id)
    for _, winner in best.values():
        left[winner] = matched[winner]
    return left


def _contest(best: dict[str, Rule], rule: Rule) -> None:
    """Keep the largest factor of its group; rules come by id, so equals keep the smaller one."""
    standing = best.get(rule.group)
    if standing is None or (rule.numerator * standing.denominator, rule.priority) > (
        standing.numerator * rule.denominator,
        standing.priority,
    ):
        best[rule.group] = rule


def _multiply(
    multipliers: Sequence[Rule],
    facts: Facts,
    lines: Sequence[AnyLine],
    base: Sequence[int],
    matched: dict[str, Shares],
    contested: dict[str, Shares],
) -> None:
    """Add to each line what the best multiplier of each group makes of its base."""
    winners: list[dict[str, Rule]] = [{} for _ in lines]
    found = False
    for rule in multipliers:
        for place in matching(rule, facts, lines):
            if base[place]:
                share = (place, base[place] * rule.numerator // rule.denominator)
                matched.setdefault(rule.id, []).append(share)
                _contest(winners[place], rule)
                found = True
    for rule in multipliers if found else ():
        kept = [s for s in matched.get(rule.id, ()) if winners[s[0]].get(rule.group) is rule]
        if kept:
            contested[rule.id] = kept


def _rounded(rule: Rule, shares: Shares) -> Shares:
    total = _sum(shares)
    up = {"down": 0, "nearest": MICRO // 2, "up": MICRO - 1}[rule.rounding]
    return split((total + up) // MICRO * MICRO, shares)


def _capped(rule: Rule, shares: Shares, counters: Counters, day: date) -> Shares:
    left = room(rule, counters, day)
    if left is None:
        return shares
    kept = []
    for place, exact in shares:
        part = min(exact, left)
        left -= part
        kept.append((place, part))
    return kept
