"""A condition held against the facts, in words: `only tier Gold; the member is in club`."""

from collections.abc import Callable, Mapping

from headway.program.conditions import Condition, Facts
from headway.program.money import to_text
from headway.program.numbers_in_words import count, ordinal
from headway.program.program import Program

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def told(program: Program, facts: Facts) -> Facts:
    """The facts as people say them: local time, tiers and plans by their names."""
    tiers = {level.id: level.name for level in program.levels}
    plan = program.plans.get(facts.membership)
    return facts._replace(
        time=facts.time.astimezone(program.zone),
        tier=tiers.get(facts.tier, facts.tier),
        membership=facts.membership if plan is None else plan.name,
    )


def against(condition: Condition, facts: Facts) -> str:
    """Why a condition does not hold; `facts` are as `told` says them."""
    said = SAID[condition.field](facts)
    return f"only {condition.words}; {said}"


def _named(what: str, field: str) -> Callable[[Facts], str]:
    def said(facts: Facts) -> str:
        word = getattr(facts, field)
        return f"the {what} is {word}" if word else f"no {what} is named"

    return said


def _tier(facts: Facts) -> str:
    return f"the member is in {facts.tier}" if facts.tier else "the member has no tier"


def _membership(facts: Facts) -> str:
    return f"the member has {facts.membership}" if facts.membership else "the member has none"


def _order_total(facts: Facts) -> str:
    return f"this is {to_text(facts.amount, facts.currency)}"


def _purchase(facts: Facts) -> str:
    if not facts.purchase:
        return "this is no purchase that counts"
    return f"this is the {ordinal(facts.purchase)}"


def _member_days(facts: Facts) -> str:
    if facts.joined_at is None:
        return "the member has not joined"
    joined = facts.joined_at.astimezone(facts.time.tzinfo)
    days = (facts.time.date() - joined.date()).days
    return f"the member joined {count(days, 'day')} before" if days >= 0 else "that is to come"


def _birthday(facts: Facts) -> str:
    return f"it is {facts.birthday}" if facts.birthday else "no birthday is known"


def _time(facts: Facts) -> str:
    return f"this is {_WEEKDAYS[facts.time.weekday()]} {facts.time:%Y-%m-%d %H:%M}"


def _referral(facts: Facts) -> str:
    return {
        "signup": "this is for signing up",
        "first_purchase": "this is for the first purchase",
        "every_purchase": "this is for a further purchase",
    }.get(facts.referral, "this is for something else")


SAID: Mapping[str, Callable[[Facts], str]] = {
    "currency": _named("currency", "currency"),
    "channel": _named("channel", "channel"),
    "store": _named("store", "store"),
    "partner": _named("partner", "partner"),
    "activity": _named("activity", "activity"),
    "tier": _tier,
    "membership": _membership,
    "order_total": _order_total,
    "purchase": _purchase,
    "member_days": _member_days,
    "birthday": _birthday,
    "weekday": _time,
    "hours": _time,
    "dates": _time,
    "recurrence": _time,
    "photo": lambda _: "there is none",
    "verified": lambda _: "it is not known to be one",
    "referral": _referral,
}
"""By the condition's field; a test holds that none is missing."""
