"""A reward as its author writes it: what it is, what it costs, who may have it, how often."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from headway.program.rule_document import Dates, Percent
from headway.program.written import (
    Count,
    Name,
    OneOrMore,
    Part,
    Points,
    Price,
    RuleId,
    Word,
    Words,
    no_truth_value,
)

RewardKind = Literal[
    "money_off", "percent_off", "free_product", "voucher", "early_access", "experience",
    "donation", "pay_with_points",
]  # fmt: skip
Stock = Annotated[int, Field(ge=0, le=10**9), BeforeValidator(no_truth_value)]
Share = Annotated[Decimal, Field(gt=0, le=100, decimal_places=3), BeforeValidator(no_truth_value)]


class SpecialPrice(Part):
    """Another price in points, for some tiers, on some local days, or both."""

    points: Points
    tier: Words | None = None
    dates: Dates | None = None


class Who(Part):
    """Who may have a reward: members of some tiers, on some local days."""

    tier: Words | None = None
    dates: Dates | None = None


class Limit(Part):
    """At most so many times for each member in each local period."""

    times: Count
    per: Literal["day", "week", "month", "year", "lifetime"]


class Rate(Part):
    """So many points pay so much money."""

    points: Points
    pays: Price


class Codes(Part):
    """The pool that codes come from, for how many days each is valid, one for each member or one
    for all."""

    pool: RuleId
    valid_days: Annotated[int, Field(ge=1, le=3650), BeforeValidator(no_truth_value)] | None = None
    uses: Literal[1, "many"] = 1


class Reward(Part):
    """What points can become: a price in points and a value in money ('5.00 USD')."""

    id: RuleId
    name: Name
    kind: RewardKind = "money_off"
    points: Points | None = None
    prices: Annotated[tuple[SpecialPrice, ...], Field(max_length=50), OneOrMore] = ()
    value: Price | None = None
    cash: Price | None = None
    percent: Percent | None = None
    maximum: Price | None = None
    sku: Word | None = None
    cause: Name | None = None
    codes: Codes | None = None
    rate: Rate | None = None
    step: Points | None = None
    minimum: Points | None = None
    maximum_share: Share | None = None
    stock: Stock | None = None
    places: Stock | None = None
    limit: Limit | None = None
    who: Who | None = None
    automatic: bool = False
