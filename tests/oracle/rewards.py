"""Rewards as the programme file has them: what they cost whom, and on which days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.oracle.money import minor


@dataclass(frozen=True)
class Span:
    """Some tiers (none: all) on some days; ISO days compare as they are."""

    tiers: frozenset[str]
    first: str
    last: str

    def holds(self, tier: str, day: date) -> bool:
        """Whether a member of that tier is meant on that day."""
        return self.first <= day.isoformat() <= self.last and (not self.tiers or tier in self.tiers)


@dataclass(frozen=True)
class Reward:
    """Something to redeem. `priced`: it costs so many points whatever the order is; `automatic`:
    it is issued by itself, and saves so many minor units of the currency."""

    id: str
    points: int
    better: tuple[tuple[int, Span], ...]
    who: Span
    priced: bool
    donation: bool
    automatic: bool
    saves: int
    currency: str

    def price(self, tier: str, day: date) -> int:
        """What it costs a member of that tier on that day."""
        return min(
            [self.points, *(points for points, span in self.better if span.holds(tier, day))]
        )

    def open_to(self, tier: str, day: date) -> bool:
        """Whether a member of that tier can have it on that day."""
        return self.who.holds(tier, day)


def read_reward(told: Mapping[str, Any]) -> Reward:
    """One of the file's `rewards`."""
    kind, prices = told.get("kind", "money_off"), told.get("prices") or []
    amount, _, currency = str(told.get("value", "0 USD")).partition(" ")
    return Reward(
        told["id"],
        told.get("points", 0),
        tuple((p["points"], _span(p)) for p in ([prices] if isinstance(prices, dict) else prices)),
        _span(told.get("who") or {}),
        kind != "pay_with_points",
        kind == "donation",
        told.get("automatic", False),
        minor(amount, currency),
        currency,
    )


def _span(told: Mapping[str, Any]) -> Span:
    tiers, dates = told.get("tier") or [], told.get("dates") or {}
    return Span(
        frozenset([tiers] if isinstance(tiers, str) else tiers),
        str(dates.get("from", "0001-01-01")),
        str(dates.get("to", "9999-12-31")),
    )
