"""Caps: how much of a rule is still to be had in a local day, week, month, year, or ever."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from headway.program.rules import Per, Rule


class Used(NamedTuple):
    """What was given in a period: millionths of a point, and how many times."""

    period: str
    exact: int
    times: int


Counters = Mapping[str, Used]
"""By 'RULE:PER'. Only the latest period is kept: decisions run forward in business time."""


def period_of(per: Per, day: date) -> str:
    """The period a local day lies in; weeks are ISO 8601's."""
    if per == "day":
        return day.isoformat()
    if per == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    if per == "month":
        return day.isoformat()[:7]
    return day.isoformat()[:4] if per == "year" else ""


def room(rule: Rule, counters: Counters, day: date) -> int | None:
    """Millionths of a point that the caps still leave on that day; None without a limit."""
    left: int | None = None
    for cap in rule.caps:
        used = _in_period(counters, rule.id, cap.per, day)
        if cap.times is not None and used.times >= cap.times:
            return 0
        if cap.exact is not None:
            here = max(cap.exact - used.exact, 0)
            left = here if left is None else min(left, here)
    return left


def counted(rule: Rule, counters: Counters, day: date, exact: int, times: int) -> dict[str, Used]:
    """The counters after `exact` and `times` more (or, below zero, given back) on that day.

    What is given back of a period that has passed changes nothing any more.
    """
    after = dict(counters)
    for cap in rule.caps:
        used = _in_period(counters, rule.id, cap.per, day)
        known = counters.get(_key(rule.id, cap.per))
        if known is not None and known.period > used.period:
            continue
        after[_key(rule.id, cap.per)] = Used(
            used.period, max(used.exact + exact, 0), max(used.times + times, 0)
        )
    return after


def used_in(counters: Counters, rule: Rule, per: Per, day: date) -> Used:
    """What the rule has given so far in the period that the day lies in."""
    return _in_period(counters, rule.id, per, day)


def _in_period(counters: Counters, rule: str, per: Per, day: date) -> Used:
    period = period_of(per, day)
    used = counters.get(_key(rule, per))
    return used if used is not None and used.period == period else Used(period, 0, 0)


def _key(rule: str, per: Per) -> str:
    return f"{rule}:{per}"
