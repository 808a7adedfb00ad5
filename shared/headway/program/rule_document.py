"""A rule as its author writes it: on which event, under which conditions, how much."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic.annotated_handlers import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from headway.program.recurring import readable
from headway.program.written import (
    EITHER,
    PARTS,
    WORD,
    Amount,
    Count,
    Currency,
    Day,
    Days,
    Hour,
    OneOrMore,
    Part,
    Points,
    RuleId,
    ShortName,
    Words,
    no_truth_value,
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


Percent = Annotated[
    Decimal, Field(gt=0, le=1000, decimal_places=3), BeforeValidator(no_truth_value)
]
Factor = Annotated[Decimal, Field(gt=1, le=100, decimal_places=3), BeforeValidator(no_truth_value)]
Step = Annotated[Decimal, Field(gt=0, le=10**9, decimal_places=4), BeforeValidator(no_truth_value)]


class PerMoney(Part):
    """`points` for every `every` of `currency`; parts of it count too unless `steps: full`."""

    points: Points
    every: Step
    currency: Currency | None = None
    steps: Literal["part", "full"] = "part"


class Award(Part):
    """Exactly one of the first five; `to` says who gets a referral's points."""

    per_money: PerMoney | None = None
    per_item: Points | None = None
    percent: Percent | None = None
    points: Points | None = None
    multiply: Factor | None = None
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


class Recurrence(Part):
    """The local days on which an RFC 5545 rule recurs, counted from `from`."""

    rule: Annotated[str, Field(max_length=500), AfterValidator(readable)]
    from_: Day = Field(default=date(2000, 1, 1), alias="from")


def _as_recurrence(value: object) -> object:
    return {"rule": value} if isinstance(value, str) else value


class _OrItsRule:
    """Tells the JSON Schema what `_as_recurrence` takes."""

    @staticmethod
    def __get_pydantic_json_schema__(
        core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "maxLength": 500}, handler(core)]}


class Conditions(Part):
    """All that are given must hold; within one, any of the listed words."""

    currency: Annotated[list[Currency], Field(min_length=1, max_length=100), OneOrMore] | None = (
        None
    )
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
    purchase: (
        Annotated[
            Annotated[Literal["first"], WORD] | Annotated[Purchase, PARTS],
            EITHER,
        ]
        | None
    ) = None
    member_days: DaysBetween | None = None
    birthday: Literal["day", "week", "month"] | None = None
    weekday: Annotated[list[Weekday], Field(min_length=1, max_length=7), OneOrMore] | None = None
    hours: Hours | None = None
    dates: Dates | None = None
    recurrence: Annotated[Recurrence, BeforeValidator(_as_recurrence), _OrItsRule] | None = None
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
    priority: Annotated[int, Field(ge=-1000, le=1000), BeforeValidator(no_truth_value)] = 0
    cap: Annotated[tuple[Cap, ...], Field(max_length=10), OneOrMore] = ()
    round: Literal["carry", "down", "nearest", "up"] = "carry"
    pending_days: Days | None = None
    pending: Pending | None = None
    funder: ShortName = "brand"
