"""Why an event earns what it earns: each rule on it, with what it gives or why it gives nothing.

Built on the stages of judging, so that it can never say anything else than what is awarded.
"""

from datetime import date
from typing import Literal, NamedTuple

from headway.program.caps import Counters, used_in
from headway.program.conditions import Facts
from headway.program.explaining_facts import against, told
from headway.program.judging import Shares, Stages, judge_stages, lines_of
from headway.program.numbers_in_words import count
from headway.program.program import Program
from headway.program.rules import MICRO, Rule
from headway.program.words import caps_in_words

Verdict = Literal["gives", "lost", "capped", "no"]
"""It gives; another rule of its group gave more; a cap cut it; it does not apply."""


class Explanation(NamedTuple):
    """What one rule makes of an event. `why` is empty for a rule that simply gives."""

    rule: Rule
    verdict: Verdict
    why: str
    exact: int
    """Millionths of a point: the rule's awards for all lines together."""

    @property
    def points(self) -> int:
        """Whole points; what is left over waits for the next award when the rule carries."""
        return self.exact // MICRO


def explain(program: Program, facts: Facts, counters: Counters, day: date) -> list[Explanation]:
    """Every rule on the event: base rules by id, then multipliers by id."""
    stages = judge_stages(program, facts, counters, day)
    said = told(program, facts)
    return [_explained(rule, stages, (facts, said), counters, day) for rule in stages.rules]


def _explained(
    rule: Rule, stages: Stages, facts: tuple[Facts, Facts], counters: Counters, day: date
) -> Explanation:
    if rule.id not in stages.matched:
        return Explanation(rule, "no", _no_match(rule, *facts), 0)
    if rule.id not in stages.contested:
        return Explanation(
            rule, "lost", f"{_winners(rule, stages)} of the same group counts instead", 0
        )
    exact = _total(stages.given[rule.id])
    before = _total(stages.rounded[rule.id])
    if exact < before:
        return Explanation(rule, "capped", _cap_reached(rule, counters, day, before), exact)
    if exact:
        return Explanation(rule, "gives", _partly_lost(rule, stages), exact)
    if _total(stages.contested[rule.id]):
        return Explanation(rule, "no", "less than a whole point, which is rounded down", 0)
    return Explanation(rule, "no", "there is nothing to earn on", 0)


def _total(shares: Shares) -> int:
    return sum(exact for _, exact in shares)


def _no_match(rule: Rule, facts: Facts, said: Facts) -> str:
    """The conditions that do not hold, in words."""
    lines = lines_of(facts)
    against_it = []
    if rule.currency and rule.currency != facts.currency:
        against_it.append(f"only {rule.currency}; this is in {facts.currency or 'no currency'}")
    against_it += [against(one, said) for one in rule.conditions if not one.holds(facts)]
    if against_it:
        return ". Also ".join(against_it)
    if not lines:
        return "no line has anything to earn on"
    conditions = rule.line_conditions
    if not any(all(one.holds(line) for one in conditions) for line in lines):
        return f"only {', '.join(one.words for one in conditions)}; no line is"
    return "there is no base to multiply"


def _winners(rule: Rule, stages: Stages) -> str:
    """The rules of the same group that won where this one applied."""
    places = {place for place, _ in stages.matched[rule.id]}
    winners = [
        other.id
        for other in stages.rules
        if (other.group, other.to, other.multiplies) == (rule.group, rule.to, rule.multiplies)
        and other.id != rule.id
        and (not rule.multiplies or places & {p for p, _ in stages.contested.get(other.id, ())})
        and other.id in stages.contested
    ]
    return " or ".join(winners)


def _partly_lost(rule: Rule, stages: Stages) -> str:
    lost = len(stages.matched[rule.id]) - len(stages.contested[rule.id])
    if not lost:
        return ""
    return f"on {count(lost, 'line')} another one of the group {rule.group} counts instead"


def _cap_reached(rule: Rule, counters: Counters, day: date, before: int) -> str:
    """`at most 500 points a month: 480 points so far; it would be 40 points`."""
    told = []
    for cap in rule.caps:
        used = used_in(counters, rule, cap.per, day)
        over = cap.exact is not None and used.exact + before > cap.exact
        if over or (cap.times is not None and used.times >= cap.times):
            so_far = f"{in_points(used.exact)} so far"
            if cap.times is not None:
                so_far += f", {count(used.times, 'time')}"
            told.append(f"{caps_in_words((cap,))}: {so_far}")
    return f"{'; '.join(told)}; it would be {in_points(before)}"


def in_points(exact: int) -> str:
    """`12 points`, `0.25 points`: with as many digits as it takes."""
    whole, rest = divmod(exact, MICRO)
    if not rest:
        return count(whole, "point")
    return f"{whole:,}.{str(rest).rjust(6, '0').rstrip('0')} points"
