"""The programme file as its author writes it: one YAML document, checked field by field."""

import re
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.fields import FieldInfo

from headway.contracts.fields import Time


def _written(pattern: str, fix: str) -> tuple[AfterValidator, FieldInfo]:
    """A text of that form; `fix` tells a person what to write."""
    fits = re.compile(pattern).fullmatch

    def check(text: str) -> str:
        if fits(text) is None:
            raise ValueError(fix)
        return text

    return AfterValidator(check), Field(json_schema_extra={"pattern": f"^{pattern}$"})


def _no_truth_value(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("should be a number")
    return value


RuleId = Annotated[
    str,
    *_written(
        r"[a-z][a-z0-9_-]{0,63}",
        "should be up to 64 small letters, digits, - and _, the first one a letter",
    ),
]
Currency = Annotated[str, *_written("[A-Z]{3}", "should be three capital letters, such as USD")]
Words = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=128)]], Field(min_length=1)
]
Points = Annotated[int, BeforeValidator(_no_truth_value), Field(ge=1, le=10**9)]
Amount = Annotated[Decimal, Field(ge=0, le=10**9)]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("not an IANA time zone; write one such as America/New_York") from error
    return name


class Part(BaseModel):
    """A part of the file: unknown fields are errors, so that a typo never goes unnoticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PerMoney(Part):
    """`points` for every full or part `every` of `currency`; the fraction is carried."""

    points: Points
    every: Annotated[Decimal, Field(gt=0, le=10**9)]
    currency: Currency | None = None


class Award(Part):
    """Exactly one of: points per money, a fixed number of points, a multiplier of the base."""

    per_money: PerMoney | None = None
    points: Points | None = None
    multiply: Annotated[Decimal, Field(gt=1, le=100, decimal_places=3)] | None = None
    to: Literal["friend", "referrer"] | None = None

    @model_validator(mode="after")
    def exactly_one(self) -> "Award":
        if sum(given is not None for given in (self.per_money, self.points, self.multiply)) != 1:
            raise ValueError("give exactly one of per_money, points, multiply")
        return self


class Conditions(Part):
    """All that are given must hold; within one, any of the listed words."""

    category: Words | None = None
    tier: Words | None = None
    activity: Words | None = None


EventName = Literal[
    "order.paid", "member.joined", "review.published", "referral.completed", "activity.recorded"
]


class Rule(Part):
    """One way to earn: on which event, under which conditions, how much."""

    id: RuleId
    on: EventName
    when: Conditions = Conditions()
    award: Award
    group: Annotated[str, StringConstraints(min_length=1, max_length=64)] = "multiplier"
    pending_days: Annotated[int, Field(ge=0, le=3650)] | None = None

    @model_validator(mode="after")
    def award_fits_event(self) -> "Rule":
        by_order = self.award.points is None
        if by_order and self.on != "order.paid":
            raise ValueError("per_money and multiply go with order.paid; use points here")
        if not by_order and self.on == "order.paid":
            raise ValueError("order.paid takes per_money or multiply")
        if (self.award.to is not None) != (self.on == "referral.completed"):
            raise ValueError(
                "award.to (friend or referrer) goes with referral.completed, and only there"
            )
        if self.award.per_money is not None and self.when.tier is not None:
            raise ValueError(
                "a base rule cannot depend on the tier; use a multiplier with when.tier"
            )
        if self.when.activity is not None and self.on != "activity.recorded":
            raise ValueError("when.activity goes with activity.recorded")
        if self.on != "order.paid" and (self.when.category or self.when.tier):
            raise ValueError("when.category and when.tier go with order.paid")
        return self


class Expiry(Part):
    """Validity from activation, rounded up to the end of a local day, month, quarter or year."""

    months: Annotated[int, Field(ge=1, le=1200)]
    round_up: Literal["day", "month", "quarter", "year"] = "month"


class PointsLife(Part):
    """How long points are pending, how long they live, what a return may take back."""

    pending_days: Annotated[int, Field(ge=0, le=3650)] = 0
    expiry: Expiry | Literal["never"] = "never"
    clawback: Literal["allow_negative", "within_balance", "only_pending"] = "allow_negative"


class Level(Part):
    """A tier and the measure that reaches it (in the programme's currency)."""

    id: RuleId
    name: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    from_: Amount = Field(alias="from")


class Tiers(Part):
    """Tiers by spend in the local calendar year, or in the last twelve months."""

    measure: Literal["spend"] = "spend"
    window: Literal["calendar_year", "rolling_12_months"]
    levels: Annotated[list[Level], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def ladder(self) -> "Tiers":
        steps = [level.from_ for level in self.levels]
        if steps != sorted(set(steps)) or steps[0] != 0:
            raise ValueError("levels rise, and the first one starts from 0")
        return self


class Reward(Part):
    """What points can become: a price in points and a value in money ('5.00 USD')."""

    id: RuleId
    name: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    points: Points
    value: Annotated[
        str,
        *_written(
            r"[0-9]{1,9}(\.[0-9]{1,4})? [A-Z]{3}",
            "should be an amount and its currency, such as 5.00 USD",
        ),
    ]


class Document(Part):
    """The whole file."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    zone: Annotated[str, AfterValidator(_known_zone)]
    from_: Time = Field(alias="from")
    currency: Currency
    points: PointsLife = PointsLife()
    rules: Annotated[list[Rule], Field(min_length=1, max_length=500)]
    tiers: Tiers | None = None
    rewards: Annotated[list[Reward], Field(max_length=200)] = []
