"""Rewards and tiers that nobody can reach, as far as the caps of the rules tell."""

from math import ceil

from headway.program.checking_rules import Mistakes
from headway.program.document import Document
from headway.program.program import Program
from headway.program.rules import MICRO, Expiry, Per, Rule

_A_YEAR: dict[Per, int] = {"day": 366, "week": 53, "month": 12, "year": 1, "lifetime": 1}
"""The most periods that lie in a calendar year."""
_ROUNDING_DAYS = {"day": 1, "month": 31, "quarter": 92, "year": 366}


def out_of_reach(document: Document, program: Program) -> Mistakes:
    """Of every reward, and of every tier by points."""
    ever, yearly = _most(program, "lifetime"), _most(program, "year")
    yield from _rewards(document, program, ever, yearly)
    if program.tiers.measure != "points":
        return
    by_calendar = program.tiers.window == "calendar_year"
    for number, level in enumerate(program.levels):
        start = level.start // MICRO
        if ever is not None and start > ever:
            told = f"nobody can reach it: all rules together give at most {ever:,} points ever"
        elif by_calendar and yearly is not None and start > yearly:
            told = f"nobody can reach it: all rules together give at most {yearly:,} points a year"
        else:
            continue
        yield ("tiers", "levels", number, "from"), f"{told}; lower it, or raise their caps"


def _rewards(
    document: Document, program: Program, ever: int | None, yearly: int | None
) -> Mistakes:
    years = _years_alive(program)
    for number, reward in enumerate(document.rewards):
        prices = [price for price in (reward.points, *(p.points for p in reward.prices)) if price]
        if not prices:
            continue
        where, least = ("rewards", number, "points"), min(prices)
        if ever is not None and least > ever:
            yield (
                where,
                f"nobody can reach it: all rules together give at most {ever:,} points ever; "
                "lower the price, or raise their caps",
            )
        elif yearly is None or years is None:
            continue
        elif least > yearly * years:
            yield (
                where,
                f"nobody can reach it: all rules together give at most {yearly:,} points a year, "
                "and points expire before more come together; lower the price, raise the caps, "
                "or let points live longer",
            )
        elif least > yearly and years <= _ABOUT_A_YEAR:
            yield (
                where,
                f"hardly anybody can reach it: all rules together give at most {yearly:,} points "
                "a year, and points live for about one; lower the price, raise the caps, or let "
                "points live longer",
            )


_ABOUT_A_YEAR = 3
"""Calendar years that a life of twelve months, rounded up, can touch."""


def _years_alive(program: Program) -> int | None:
    """How many calendar years the points that are alive at one time can be of; None: any."""
    lives = [program.expiry, *(level.expiry for level in program.levels if level.expiry)]
    touched = [_years(life) for life in lives]
    known = [years for years in touched if years is not None]
    return max(known) if len(known) == len(touched) else None


def _years(life: Expiry) -> int | None:
    if life.yearly is not None:
        return 2
    days = life.days or life.months * 31
    return ceil((days + _ROUNDING_DAYS[life.round_up]) / 365) + 1 if days else None


def _most(program: Program, per: Per) -> int | None:
    """The most points that all rules together give in a year, or ever; None: no limit."""
    total = 0
    for rule in program.rules.values():
        limits = [
            limit
            for cap in rule.caps
            for limit in _limits(rule, cap.per, cap.exact, cap.times, per)
        ]
        limits += _by_nature(rule, per)
        if not limits:
            return None
        total += min(limits)
    return total // MICRO


def _limits(rule: Rule, capped: Per, exact: int | None, times: int | None, per: Per) -> list[int]:
    if per == "lifetime" and capped != "lifetime":
        return []
    periods = _A_YEAR[capped]
    found = [] if exact is None else [exact * periods]
    if times is not None and rule.measure == "event":
        found.append(times * rule.numerator * periods)
    return found


def _by_nature(rule: Rule, per: Per) -> list[int]:
    """What happens to a member once, or once a year."""
    once = rule.event == "member.joined" or (
        rule.to == "friend" and rule.referral in ("signup", "first_purchase")
    )
    if once or (rule.event == "birthday" and per == "year"):
        return [rule.numerator]
    return []
