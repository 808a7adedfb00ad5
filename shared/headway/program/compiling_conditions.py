"""Conditions of a rule as functions of the facts, each with the words that explain it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from headway.program.birthdays import birthday_in, birthday_of
from headway.program.calendar import local_date
from headway.program.conditions import AnyLine, Condition, Facts, LineCondition
from headway.program.money import to_minor, to_text
from headway.program.numbers_in_words import ordinal
from headway.program.recurring import recurring
from headway.program.recurring_in_words import recurrence_in_words
from headway.program.rule_document import (
    Between,
    Conditions,
    Dates,
    DaysBetween,
    Hours,
    Purchase,
    Recurrence,
)

_WEEKDAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
_REFERRALS = {
    "signup": "for signing up",
    "first_purchase": "for the friend's first purchase",
    "every_purchase": "for every purchase of the friend",
}
Names = Mapping[tuple[str, str], str]
"""What people call the words of a condition, by (field, word)."""
_NO_NAMES: Names = {}
_NO_LIMIT = 10**18


def on_event(
    when: Conditions, zone: ZoneInfo, currency: str, names: Names = _NO_NAMES
) -> Iterator[Condition]:
    """The conditions on the whole event.

    Amounts of money are in `currency`; `names` are those of tiers and plans.
    """
    for field in ("currency", "channel", "store", "partner", "tier", "membership", "activity"):
        words: list[str] | None = getattr(when, field)
        if words is not None:
            yield _one_of(field, frozenset(words), names)
    if when.order_total is not None:
        yield _order_total(when.order_total, currency)
    if when.purchase is not None:
        yield _purchase(when.purchase)
    if when.member_days is not None:
        yield _member_days(when.member_days, zone)
    yield from _by_time(when, zone)
    if when.photo:
        yield Condition("photo", "with a photo", lambda facts: facts.photo)
    if when.verified:
        yield Condition("verified", "of a verified purchase", lambda facts: facts.verified)


def on_referral(kind: str) -> Condition:
    """What of a referral is rewarded; facts that do not say are about what the rule is about."""
    return Condition(
        "referral", _REFERRALS[kind], lambda facts: not facts.referral or facts.referral == kind
    )


def on_line(when: Conditions, currency: str) -> Iterator[LineCondition]:
    """The conditions on each line."""
    for field in ("sku", "category", "brand"):
        words: list[str] | None = getattr(when, field)
        if words is not None:
            yield _line_is(field, frozenset(words))
    if when.line_total is not None:
        yield _line_total(when.line_total, currency)


def or_words(words: Iterable[str]) -> str:
    """`a, b or c`, in their order."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _by_time(when: Conditions, zone: ZoneInfo) -> Iterator[Condition]:
    if when.birthday is not None:
        yield _birthday(when.birthday, zone)
    if when.weekday is not None:
        yield _weekday(frozenset(when.weekday), zone)
    if when.hours is not None:
        yield _hours(when.hours, zone)
    if when.dates is not None:
        yield _dates(when.dates, zone)
    if when.recurrence is not None:
        yield _recurrence(when.recurrence, zone)


def _one_of(field: str, words: frozenset[str], names: Names) -> Condition:
    def holds(facts: Facts) -> bool:
        return getattr(facts, field) in words

    named = (names.get((field, word), word) for word in sorted(words))
    return Condition(field, f"{field} {or_words(named)}", holds)


def _line_is(field: str, words: frozenset[str]) -> LineCondition:
    def holds(line: AnyLine) -> bool:
        return getattr(line, field) in words

    return LineCondition(field, f"{field} {or_words(sorted(words))}", holds)


def _order_total(between: Between, currency: str) -> Condition:
    low, high, text = _between(between, currency)
    return Condition("order_total", f"orders {text}", lambda facts: low <= facts.amount <= high)


def _line_total(between: Between, currency: str) -> LineCondition:
    low, high, text = _between(between, currency)
    return LineCondition("line_total", f"lines {text}", lambda line: low <= line.amount <= high)


def _between(between: Between, currency: str) -> tuple[int, int, str]:
    low = to_minor(between.min or Decimal(0), currency)
    if between.max is None:
        return low, _NO_LIMIT, f"of at least {to_text(low, currency)}"
    high = to_minor(between.max, currency)
    if between.min is None:
        return low, high, f"of at most {to_text(high, currency)}"
    return low, high, f"between {to_text(low, currency)} and {to_text(high, currency)}"


def _purchase(purchase: str | Purchase) -> Condition:
    if isinstance(purchase, str):
        return Condition("purchase", "on the first purchase", lambda facts: facts.purchase == 1)
    if purchase.number is not None:
        number = purchase.number
        words = f"on the {ordinal(number)} purchase"
        return Condition("purchase", words, lambda facts: facts.purchase == number)
    every = purchase.every or 1
    return Condition(
        "purchase",
        "on every purchase" if every == 1 else f"on every {ordinal(every)} purchase",
        lambda facts: facts.purchase > 0 and facts.purchase % every == 0,
    )


def _member_days(between: DaysBetween, zone: ZoneInfo) -> Condition:
    least, most = between.min or 0, _NO_LIMIT if between.max is None else between.max
    if between.max is None:
        words = f"members for at least {least} days"
    elif between.min is None:
        words = f"members for at most {most} days"
    else:
        words = f"members for {least} to {most} days"

    def holds(facts: Facts) -> bool:
        if facts.joined_at is None:
            return False
        days = (local_date(facts.time, zone) - local_date(facts.joined_at, zone)).days
        return least <= days <= most

    return Condition("member_days", words, holds)


def _birthday(span: str, zone: ZoneInfo) -> Condition:
    def holds(facts: Facts) -> bool:
        born = birthday_of(facts.birthday)
        if born is None:
            return False
        today = local_date(facts.time, zone)
        if span == "month":
            return today.month == born[0]
        if span == "day":
            return today == birthday_in(facts.birthday, today.year)
        # A week around the new year may hold a birthday of the year before or after.
        days = (birthday_in(facts.birthday, today.year + shift) for shift in (-1, 0, 1))
        return today.isocalendar()[:2] in [day.isocalendar()[:2] for day in days]

    words = "on the birthday" if span == "day" else f"in the {span} of the birthday"
    return Condition("birthday", words, holds)


def _weekday(names: frozenset[str], zone: ZoneInfo) -> Condition:
    order = list(_WEEKDAYS)
    days = frozenset(order.index(name) for name in names)
    words = or_words(f"{_WEEKDAYS[order[day]]}s" for day in sorted(days))
    return Condition(
        "weekday", f"on {words}", lambda facts: local_date(facts.time, zone).weekday() in days
    )


def _hours(hours: Hours, zone: ZoneInfo) -> Condition:
    begin, end = hours.from_, hours.to

    def holds(facts: Facts) -> bool:
        now: time = facts.time.astimezone(zone).time()
        return begin <= now < end if begin < end else now >= begin or now < end

    return Condition("hours", f"between {begin:%H:%M} and {end:%H:%M}", holds)


def _dates(dates: Dates, zone: ZoneInfo) -> Condition:
    first, last = dates.from_ or date.min, dates.to or date.max
    if dates.to is None:
        words = f"from {first} on"
    elif dates.from_ is None:
        words = f"until {last}"
    else:
        words = f"on {first}" if first == last else f"from {first} to {last}"
    return Condition("dates", words, lambda facts: first <= local_date(facts.time, zone) <= last)


def _recurrence(recurrence: Recurrence, zone: ZoneInfo) -> Condition:
    recurs: Callable[[date], bool] = recurring(recurrence.rule, recurrence.from_)
    return Condition(
        "recurrence",
        recurrence_in_words(recurrence.rule),
        lambda facts: recurs(local_date(facts.time, zone)),
    )
