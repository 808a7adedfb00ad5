"""The rules of one programme version, compiled: frozen values, integers only."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple

from headway.program.conditions import Condition, LineCondition

MICRO = 1_000_000
"""Millionths of a point: the unit of every `exact`."""

Measure = Literal["amount", "pieces", "event", "base"]
"""What an award grows with: money, pieces, nothing (once per event), or the base (multipliers)."""
Per = Literal["day", "week", "month", "year", "lifetime"]
Rounding = Literal["carry", "down", "nearest", "up"]


class Cap(NamedTuple):
    """At most so much (millionths of a point) and so many times in each period."""

    per: Per
    exact: int | None
    times: int | None


class Pending(NamedTuple):
    """When points become available: `days` after the award or after an event; or on a day."""

    days: int = 0
    after: Literal["", "order.fulfilled"] = ""
    on: date | None = None

    @property
    def wait(self) -> timedelta:
        """The days, after the award or after the event."""
        return timedelta(days=self.days)

    @property
    def soonest(self) -> timedelta:
        """How long it takes at least, if nothing else happens to the purchase."""
        if self.after:
            return timedelta.max
        return timedelta() if self.on is not None else self.wait


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to earn.

    exact = measure * numerator // denominator: millionths of a point per minor unit of money, per
    piece, for the event, or of the base. With `step`, only whole steps of the amount count.
    """

    id: str
    event: str
    measure: Measure
    numerator: int
    denominator: int
    step: int
    currency: str
    conditions: tuple[Condition, ...]
    line_conditions: tuple[LineCondition, ...]
    group: str
    priority: int
    caps: tuple[Cap, ...]
    rounding: Rounding
    pending: Pending
    to: Literal["", "friend", "referrer"]
    funder: str
    referral: Literal["", "signup", "first_purchase", "every_purchase"]
    plain: bool
    """Whether it is about money, or what that gives, with no cap, rounding or step."""
    gives: str = ""
    """What it gives, in words, without its conditions: '1 point for every 1.00 USD'."""

    @property
    def multiplies(self) -> bool:
        """Whether it adds to what other rules give."""
        return self.measure == "base"


@dataclass(frozen=True, slots=True)
class Level:
    """A tier, from a measure (minor units, millionths of a point, or a count)."""

    id: str
    name: str
    start: int
    expiry: "Expiry | None" = None


class Expiry(NamedTuple):
    """How long points are valid. Exactly one of the first five says so; none: for ever."""

    months: int = 0
    days: int = 0
    yearly: tuple[int, int] | None = None
    on: date | None = None
    inactive_months: int = 0
    round_up: Literal["day", "month", "quarter", "year"] = "day"
    qualifying: frozenset[str] = frozenset()


NEVER = Expiry()


class Plan(NamedTuple):
    """A paid membership."""

    id: str
    name: str
    months: int
    price_minor: int
    currency: str


class Tiers(NamedTuple):
    """How tiers are reached, kept and lost. Levels rise; the first one starts from 0."""

    measure: Literal["spend", "points", "orders", "activity"] = "spend"
    activity: str = ""
    window: Literal["calendar_year", "membership_year", "lifetime", "rolling"] = "calendar_year"
    rolling_months: int = 0
    entry: Literal["at_once", "next_period"] = "at_once"
    keep: Literal["while_reached", "end_of_period", "end_of_next_period", "months"] = (
        "end_of_period"
    )
    keep_months: int = 0
    grace_days: int = 0
    one_step: bool = False
    at_risk_days: tuple[int, ...] = ()
    levels: tuple[Level, ...] = ()
    measured_as: str = ""
    """Under which name an account keeps what these tiers go by: 'spend', 'activity:NAME', ..."""
