"""Conditions of a rule as functions of the facts, each with the words that explain it."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from headway.program.birthdays import birthday_in
from headway.program.calendar import local_date
from headway.program.conditions import Condition, Facts, LineCondition, LineFacts
from headway.program.money import to_minor, to_text
from headway.program.rule_document import Between, Conditions, Dates, Hours, Purchase, Recurrence

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def on_event(when: Conditions, zone: ZoneInfo, currency: str) -> Iterator[Condition]:
    """The conditions on the whole event; amounts of money are in `currency`."""
    for field in ("currency", "channel", "store", "partner", "tier", "membership", "activity"):
        words: list[str] | None = getattr(when, field)
        if words is not None:
            yield _one_of(field, frozenset(words))
    if when.order_total is not None:
        low, high, text = _between(when.order_total, currency)
        yield Condition("order_total", f"orders {text}", lambda facts: low <= facts.amount <= high)
    if when.purchase is not None:
        yield _purchase(when.purchase)
    if when.member_days is not None:
        least = when.member_days.min or 0
        most = 10**6 if when.member_days.max is None else when.member_days.max
        yield Condition(
            "member_days",
            f"members for {least} days"
            + ("" if most == 10**6 else f" to {most}")
            + " or more" * (most == 10**6),
            lambda facts: (
                facts.joined_at is not None
                and least
                <= (local_date(facts.time, zone) - local_date(facts.joined_at, zone)).days
                <= most
            ),
        )
    if when.birthday is not None:
        yield _birthday(when.birthday, zone)
    if when.weekday is not None:
        days = frozenset(_WEEKDAYS.index(name) for name in when.weekday)
        yield Condition(
            "weekday",
            f"on {', '.join(when.weekday)}",
            lambda facts: local_date(facts.time, zone).weekday() in days,
        )
    if when.hours is not None:
        yield _hours(when.hours, zone)
    if when.dates is not None:
        yield _dates(when.dates, zone)
    if when.recurrence is not None:
        yield _recurrence(when.recurrence, zone)
    if when.photo:
        yield Condition("photo", "with a photo", lambda facts: facts.photo)
    if when.verified:
        yield Condition("verified", "of a verified purchase", lambda facts: facts.verified)


def on_line(when: Conditions, currency: str) -> Iterator[LineCondition]:
    """The conditions on each line."""
    if when.sku is not None:
        skus = frozenset(when.sku)
        yield LineCondition("sku", f"sku {_or(skus)}", lambda line: line.sku in skus)
    if when.category is not None:
        categories = frozenset(when.category)
        yield LineCondition(
            "category", f"category {_or(categories)}", lambda line: line.category in categories
        )
    if when.brand is not None:
        brands = frozenset(when.brand)
        yield LineCondition("brand", f"brand {_or(brands)}", lambda line: line.brand in brands)
    if when.line_total is not None:
        low, high, text = _between(when.line_total, currency)
        yield LineCondition("line_total", f"lines {text}", _amount_between(low, high))


def _amount_between(low: int, high: int) -> Callable[[LineFacts], bool]:
    return lambda line: low <= line.amount <= high


def _or(words: frozenset[str]) -> str:
    return " or ".join(sorted(words))


def _one_of(field: str, words: frozenset[str]) -> Condition:
    def holds(facts: Facts) -> bool:
        return getattr(facts, field) in words

    return Condition(field, f"{field} {_or(words)}", holds)


def _between(between: Between, currency: str) -> tuple[int, int, str]:
    low = to_minor(between.min or Decimal(0), currency)
    if between.max is None:
        return low, 10**18, f"of at least {to_text(low, currency)}"
    high = to_minor(between.max, currency)
    if between.min is None:
        return low, high, f"of at most {to_text(high, currency)}"
    return low, high, f"between {to_text(low, currency)} and {to_text(high, currency)}"


def _purchase(purchase: str | Purchase) -> Condition:
    if isinstance(purchase, str):
        return Condition("purchase", "on the first purchase", lambda facts: facts.purchase == 1)
    if purchase.number is not None:
        number = purchase.number
        return Condition(
            "purchase", f"on purchase number {number}", lambda facts: facts.purchase == number
        )
    every = purchase.every or 1
    return Condition(
        "purchase",
        f"on every {every}th purchase",
        lambda facts: facts.purchase > 0 and facts.purchase % every == 0,
    )


def _birthday(span: str, zone: ZoneInfo) -> Condition:
    def holds(facts: Facts) -> bool:
        if not facts.birthday:
            return False
        today = local_date(facts.time, zone)
        if span == "month":
            return today.month == int(facts.birthday[:2])
        # A week around the new year may hold a birthday of the year before or after.
        days = [birthday_in(facts.birthday, today.year + shift) for shift in (-1, 0, 1)]
        if span == "day":
            return today in days
        return any(today.isocalendar()[:2] == day.isocalendar()[:2] for day in days)

    return Condition("birthday", f"in the {span} of the birthday", holds)


def _hours(hours: Hours, zone: ZoneInfo) -> Condition:
    begin, end = hours.from_, hours.to

    def holds(facts: Facts) -> bool:
        now: time = facts.time.astimezone(zone).time()
        return begin <= now < end if begin < end else now >= begin or now < end

    return Condition("hours", f"between {begin:%H:%M} and {end:%H:%M}", holds)


def _dates(dates: Dates, zone: ZoneInfo) -> Condition:
    first, last = dates.from_ or date.min, dates.to or date.max
    since = f" from {first}" if dates.from_ else ""
    until = f" to {last}" if dates.to else ""
    return Condition(
        "dates",
        f"on days{since}{until}",
        lambda facts: first <= local_date(facts.time, zone) <= last,
    )


def _recurrence(recurrence: Recurrence, zone: ZoneInfo) -> Condition:
    start = datetime.combine(recurrence.from_, time(), UTC).replace(tzinfo=None)
    rule = rrulestr(recurrence.rule, dtstart=start, cache=False)

    @lru_cache(maxsize=4096)
    def recurs(day: date) -> bool:
        midnight = datetime.combine(day, time())
        found = rule.between(midnight, midnight + timedelta(days=1), inc=True)
        return any(one.date() == day for one in found)

    return Condition(
        "recurrence",
        f"on the days of {recurrence.rule}",
        lambda facts: recurs(local_date(facts.time, zone)),
    )
