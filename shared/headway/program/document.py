"""The programme file as its author writes it: one YAML document, checked field by field."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from headway.contracts.fields import Time
from headway.program.life_document import Expiry, Notices, PointsLife
from headway.program.rule_document import Rule
from headway.program.written import (
    Amount,
    Currency,
    Days,
    Months,
    Name,
    Part,
    Points,
    Price,
    RuleId,
    ShortName,
    Zone,
)


class Level(Part):
    """A tier and the measure that reaches it; points earned in it may live longer."""

    id: RuleId
    name: ShortName
    from_: Amount = Field(alias="from")
    expiry: Expiry | Literal["never"] | None = None


class ByActivity(Part):
    """Tiers by a counted activity, such as elite miles or nights."""

    activity: ShortName


class Rolling(Part):
    """The last months, counted from today."""

    rolling_months: Annotated[int, Field(ge=1, le=120)]


class KeptMonths(Part):
    """A tier once reached is kept for so many months."""

    months: Months


class Tiers(Part):
    """How tiers are reached, kept and lost."""

    measure: Literal["spend", "points", "orders"] | ByActivity = "spend"
    window: Literal["calendar_year", "membership_year", "lifetime", "rolling_12_months"] | Rolling
    entry: Literal["at_once", "next_period"] = "at_once"
    keep: Literal["while_reached", "end_of_period", "end_of_next_period"] | KeptMonths | None = None
    grace_days: Days = 0
    downgrade: Literal["to_earned", "one_step"] = "to_earned"
    at_risk_days: Notices = []
    levels: Annotated[list[Level], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def ladder(self) -> "Tiers":
        steps = [level.from_ for level in self.levels]
        if steps != sorted(set(steps)) or steps[0] != 0:
            raise ValueError("levels rise, and the first one starts from 0")
        return self

    @property
    def by_year(self) -> bool:
        """Whether the window is a year with a beginning and an end."""
        return self.window in ("calendar_year", "membership_year")


class Plan(Part):
    """A membership that is paid for."""

    id: RuleId
    name: Name
    months: Annotated[int, Field(ge=1, le=120)]
    price: Price


class MembershipRefund(Part):
    """What is given back when a membership is cancelled, by whether a benefit was used."""

    unused: Literal["full", "prorated", "none"] = "full"
    used: Literal["full", "prorated", "none"] = "none"


class Membership(Part):
    """Paid membership: plans, and the refund on cancelling."""

    plans: Annotated[list[Plan], Field(min_length=1, max_length=20)]
    refund: MembershipRefund = MembershipRefund()


class Referrals(Part):
    """The least purchase that completes a referral, in the programme's currency."""

    minimum_order: Amount = Decimal(0)


class Reward(Part):
    """What points can become: a price in points and a value in money ('5.00 USD')."""

    id: RuleId
    name: Name
    points: Points
    value: Price


class Document(Part):
    """The whole file."""

    name: Name
    zone: Zone
    from_: Time = Field(alias="from")
    currency: Currency
    points: PointsLife = PointsLife()
    rules: Annotated[list[Rule], Field(min_length=1, max_length=500)]
    tiers: Tiers | None = None
    referrals: Referrals = Referrals()
    membership: Membership | None = None
    rewards: Annotated[list[Reward], Field(max_length=200)] = []
