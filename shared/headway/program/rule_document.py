"""A rule as its author writes it: on which event, under which conditions, how much."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from dateutil.rrule import rrulestr
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from headway.program.written import (
    Amount,
    Count,
    Currency,
    Day,
    Days,
    Hour,
    Part,
    Points,
    RuleId,
    ShortName,
    Words,
    one_or_more,
)

EventName = Literal[
    "order.paid",
    "member.joined",
    "review.published",
    "referral.completed",
    "activity.recorded",
    "birthday",
]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class PerMoney(Part):
    """`points` for every `every` of `currency`; parts of it count too unless `steps: full`."""

    points: Points
    every: Annotated[Decimal, Field(gt=0, le=10**9)]
    currency: Currency | None = None
    steps: Literal["part", "full"] = "part"


class Award(Part):
    """Exactly one of the first five; `to` says who gets a referral's points."""

    per_money: PerMoney | None = None
    per_item: Points | None = None
    percent: Annotated[Decimal, Field(gt=0, le=1000, decimal_places=3)] | None = None
    points: Points | None = None
    multiply: Annotated[Decimal, Field(gt=1, le=100, decimal_places=3)] | None = None
    to: Literal["friend", "referrer"] | None = None

    @model_validator(mode="after")
    def exactly_one(self) -> "Award":
        given = (self.per_money, self.per_item, self.percent, self.points, self.multiply)
        if sum(one is not None for one in given) != 1:
            raise ValueError("give exactly one of per_money, per_item, percent, points, multiply")
        return self


class Between(Part):
    """An amount of money between two others, both included."""

    min: Amount | None = None
    max: Amount | None = None

    @model_validator(mode="after")
    def something(self) -> "Between":
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min should not be above max")
        return self


class DaysBetween(Part):
    """A number of days between two others, both included."""

    min: Days | None = None
    max: Days | None = None

    @model_validator(mode="after")
    def something(self) -> "DaysBetween":
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min should not be above max")
        return self


class Dates(Part):
    """Local days, both included."""

    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None

    @model_validator(mode="after")
    def in_order(self) -> "Dates":
        if self.from_ is None and self.to is None:
            raise ValueError("give from, to or both")
        if self.from_ is not None and self.to is not None and self.from_ > self.to:
            raise ValueError("from should not be after to")
        return self


class Hours(Part):
    """Local hours: from the first, up to but without the second; past midnight where it is less."""

    from_: Hour = Field(alias="from")
    to: Hour

    @model_validator(mode="after")
    def some(self) -> "Hours":
        if self.from_ == self.to:
            raise ValueError("from and to should differ")
        return self


class Purchase(Part):
    """The member's purchase of that number, or every such one."""

    number: Count | None = None
    every: Count | None = None

    @model_validator(mode="after")
    def one(self) -> "Purchase":
        if (self.number is None) == (self.every is None):
            raise ValueError("give one of number, every")
        return self


def _recurs(text: str) -> str:
    try:
        rrulestr(text, dtstart=None)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(
            "should be a recurrence as in RFC 5545, such as FREQ=MONTHLY;BYDAY=1SA"
        ) from None
    return text


class Recurrence(Part):
    """The local days on which an RFC 5545 rule recurs, counted from `from`."""

    rule: Annotated[str, Field(max_length=500), AfterValidator(_recurs)]
    from_: Day = Field(default=date(2000, 1, 1), alias="from")


def _as_recurrence(value: object) -> object:
    return {"rule": value} if isinstance(value, str) else value


class Conditions(Part):
    """All that are given must hold; within one, any of the listed words."""

    currency: Annotated[list[Currency], BeforeValidator(one_or_more)] | None = None
    channel: Words | None = None
    store: Words | None = None
    partner: Words | None = None
    tier: Words | None = None
    membership: Words | None = None
    sku: Words | None = None
    category: Words | None = None
    brand: Words | None = None
    line_total: Between | None = None
    order_total: Between | None = None
    purchase: Literal["first"] | Purchase | None = None
    member_days: DaysBetween | None = None
    birthday: Literal["day", "week", "month"] | None = None
    weekday: list[Weekday] | None = Field(default=None, min_length=1)
    hours: Hours | None = None
    dates: Dates | None = None
    recurrence: Annotated[Recurrence | None, BeforeValidator(_as_recurrence)] = None
    activity: Words | None = None
    photo: Literal[True] | None = None
    verified: Literal[True] | None = None
    referral: Literal["signup", "first_purchase", "every_purchase"] | None = None


class Cap(Part):
    """At most so many points, so many times, or both, in each local period."""

    points: Points | None = None
    times: Count | None = None
    per: Literal["day", "week", "month", "year", "lifetime"]

    @model_validator(mode="after")
    def something(self) -> "Cap":
        if self.points is None and self.times is None:
            raise ValueError("give points, times or both")
        return self


class Pending(Part):
    """When points become available: days after the award, days after an event, or on a day."""

    days: Days | None = None
    until: Literal["order.fulfilled"] | None = None
    date: Day | None = None

    @model_validator(mode="after")
    def one_way(self) -> "Pending":
        if self.date is not None and (self.days is not None or self.until is not None):
            raise ValueError("give date alone, or days, until or both")
        if self.date is None and self.days is None and self.until is None:
            raise ValueError("give days, until or date")
        return self


class Rule(Part):
    """One way to earn."""

    id: RuleId
    on: EventName
    when: Conditions = Conditions()
    award: Award
    group: ShortName | None = None
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    cap: Annotated[list[Cap], BeforeValidator(one_or_more), Field(max_length=10)] = []
    round: Literal["carry", "down", "nearest", "up"] = "carry"
    pending_days: Days | None = None
    pending: Pending | None = None
    funder: ShortName = "brand"

    @model_validator(mode="after")
    def parts_fit(self) -> "Rule":
        for mistake in _misfits(self):
            raise ValueError(mistake)
        return self


ORDER_CONDITIONS = frozenset(
    ("sku", "category", "brand", "line_total", "order_total", "purchase", "currency")
)
"""Conditions that only a purchase can meet."""
_BY_AMOUNT = ("order.paid", "activity.recorded")
_ONLY_WITH = {
    "activity": "activity.recorded",
    "photo": "review.published",
    "verified": "review.published",
    "referral": "referral.completed",
}


def _misfits(rule: Rule) -> list[str]:
    """What does not go together in one rule, with what to do."""
    award, given, found = rule.award, rule.when.model_fields_set, []
    if award.points is None and rule.on not in _BY_AMOUNT:
        found.append(
            "per_money, per_item, percent and multiply go with order.paid or activity.recorded; "
            "use points here"
        )
    if (award.to is not None) != (rule.on == "referral.completed"):
        found.append("award.to (friend or referrer) goes with referral.completed, and only there")
    for field, event in _ONLY_WITH.items():
        if field in given and rule.on != event:
            found.append(f"when.{field} goes with {event}, and only there")
    by_order = sorted(ORDER_CONDITIONS & given)
    if (
        by_order
        and rule.on != "order.paid"
        and not (rule.on == "activity.recorded" and by_order == ["currency"])
    ):
        found.append(f"when.{by_order[0]} goes with order.paid, and only there")
    if rule.pending is not None and rule.pending_days is not None:
        found.append("give one of pending_days and pending")
    if rule.pending is not None and rule.pending.until and rule.on != "order.paid":
        found.append("pending.until order.fulfilled goes with order.paid, and only there")
    return found
