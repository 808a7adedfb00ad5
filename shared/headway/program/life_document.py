"""How long points are pending and live, and what a return does, as the file says it."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from headway.program.rule_document import Pending
from headway.program.written import (
    EITHER,
    PARTS,
    WORD,
    Day,
    DayOfYear,
    Days,
    Months,
    OneOrMore,
    Part,
    no_truth_value,
)

QualifyingEvent = Literal[
    "order.paid", "member.joined", "review.published", "referral.completed", "activity.recorded"
]


class Expiry(Part):
    """Validity from activation, rounded up to the end of a local day, month, quarter or year."""

    months: Months | None = None
    days: Annotated[int, Field(ge=1, le=36500), BeforeValidator(no_truth_value)] | None = None
    every_year_on: DayOfYear | None = None
    date: Day | None = None
    inactive_months: Months | None = None
    round_up: Literal["day", "month", "quarter", "year"] | None = None
    qualifying: Annotated[list[QualifyingEvent], Field(min_length=1), OneOrMore] | None = None

    @model_validator(mode="after")
    def one_way(self) -> "Expiry":
        ways = (self.months, self.days, self.every_year_on, self.date, self.inactive_months)
        if sum(way is not None for way in ways) != 1:
            raise ValueError(
                "give exactly one of months, days, every_year_on, date, inactive_months"
            )
        if self.round_up is not None and (self.date or self.every_year_on):
            raise ValueError("round_up goes with months, days and inactive_months")
        if self.qualifying is not None and self.inactive_months is None:
            raise ValueError("qualifying goes with inactive_months")
        return self


ExpiryOrNever = Annotated[
    Annotated[Expiry, PARTS] | Annotated[Literal["never"], WORD],
    EITHER,
]
EarnOn = Literal["tax", "shipping", "gift_cards", "paid_with_points"]
Notice = Annotated[int, Field(ge=1, le=730), BeforeValidator(no_truth_value)]
Notices = Annotated[tuple[Notice, ...], Field(max_length=10), OneOrMore]


class PointsLife(Part):
    """How long points are pending, how long they live, what a return may take back."""

    pending_days: Days | None = None
    pending: Pending | None = None
    expiry: ExpiryOrNever = "never"
    reinstate_days: Days = 0
    notices: Notices = ()
    clawback: Literal["allow_negative", "within_balance", "only_pending"] = "allow_negative"
    attribution: Literal["per_line", "by_money", "recompute"] = "per_line"
    earn_on: Annotated[tuple[EarnOn, ...], OneOrMore] = ()
    before_joining_days: Days = 0

    @model_validator(mode="after")
    def one_pending(self) -> "PointsLife":
        if self.pending_days is not None and self.pending is not None:
            raise ValueError("give one of pending_days and pending")
        return self
