"""Rules as data, and what they are asked about: a scene and its pieces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from tests.oracle.lives import Pending

POINT = 10**6


@dataclass(frozen=True)
class Cap:
    """So many millionths of a point, or so many times, per period."""

    points: int | None
    times: int | None
    per: str

    def period(self, day: date) -> object:
        """What all days of one period have in common."""
        if self.per == "day":
            return day
        if self.per == "week":
            return day.isocalendar()[:2]
        if self.per == "month":
            return day.year, day.month
        return day.year if self.per == "year" else None


@dataclass(frozen=True)
class Rule:
    """One rule. `gives` names the kind of award, `amount` is its number.

    `only` is the one currency whose amounts it can be about; '' where any will do.
    """

    id: str
    on: str
    when: Mapping[str, Any]
    gives: str
    amount: Fraction
    every: int = 0
    full: bool = False
    only: str = ""
    to: str = ""
    group: str = ""
    priority: int = 0
    caps: Sequence[Cap] = ()
    rounding: str = "carry"
    pending: Pending = field(default_factory=Pending)

    @property
    def referral(self) -> str:
        """At what a referral is complete."""
        return str(self.when.get("referral", "first_purchase"))


@dataclass(frozen=True)
class Piece:
    """What points can be earned on: an order line, or anything else as a whole.

    `base` is the amount that can earn; nothing at all is earned unless `earns`.
    """

    id: str = ""
    base: int = 0
    quantity: int = 1
    sku: str = ""
    category: str = ""
    brand: str = ""
    earns: bool = True


@dataclass(frozen=True)
class Scene:
    """An event, and what the member was when it happened. `local` is its time on the wall."""

    on: str
    local: datetime
    joined: date
    tier: str
    plan: str
    birthday: str | None
    said: Mapping[str, Any]
    currency: str = ""
    total: int = 0
    number: int = 0
    to: str = ""
    referral: str = ""
