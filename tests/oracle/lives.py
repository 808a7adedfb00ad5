"""How long points wait before they can be spent, and how long they live after that."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from tests.oracle import days


@dataclass(frozen=True)
class Pending:
    """From the award until the points can be spent."""

    days: int = 0
    fulfilled: bool = False
    on_day: date | None = None

    @classmethod
    def read(cls, told: Mapping[str, Any], otherwise: Self) -> Self:
        """`pending` or `pending_days` of a rule or of all points."""
        pending = told.get("pending")
        if pending is None:
            return cls(told["pending_days"]) if "pending_days" in told else otherwise
        if "date" in pending:
            return cls(on_day=days.as_day(pending["date"]))
        return cls(pending.get("days", 0), pending.get("until") == "order.fulfilled")

    def ends(
        self, earned_at: datetime, zone: ZoneInfo, *, of_order: bool, fulfilled: datetime | None
    ) -> datetime | None:
        """When the points can be spent; None while an order has not been handed over.

        What was not earned by an order has nothing to be handed over, and waits the days alone.
        """
        if self.on_day is not None:
            return max(earned_at, days.start_of(self.on_day, zone))
        if self.fulfilled and of_order:
            if fulfilled is None:
                return None
            earned_at = max(earned_at, fulfilled)
        return earned_at + timedelta(seconds=self.days * 86400)


@dataclass(frozen=True)
class Expiry:
    """When points are dead. Nothing given: never."""

    months: int | None = None
    days: int | None = None
    round_up: str = "day"
    every_year_on: str = ""
    on_day: date | None = None
    inactive_months: int | None = None
    qualifying: tuple[str, ...] = ("order.paid",)

    @classmethod
    def read(cls, told: object) -> Self:
        """`expiry` of all points or of a level."""
        if told is None or told == "never":
            return cls()
        assert isinstance(told, dict)
        if "every_year_on" in told:
            return cls(every_year_on=told["every_year_on"])
        if "date" in told:
            return cls(on_day=days.as_day(told["date"]))
        qualifying = told.get("qualifying", "order.paid")
        return cls(
            told.get("months"),
            told.get("days"),
            told.get("round_up", "month" if "months" in told else "day"),
            inactive_months=told.get("inactive_months"),
            qualifying=(qualifying,) if isinstance(qualifying, str) else tuple(qualifying),
        )

    def after(self, activates_at: datetime, zone: ZoneInfo) -> datetime | None:
        """When points that become spendable then are dead; None where no day says so."""
        if self.months is not None:
            return days.expiry(activates_at, self.months, self.round_up, zone)
        day = days.local_day(activates_at, zone)
        if self.days is not None:
            last = day + timedelta(days=self.days)
            return days.start_of(days.rounded_up(last, self.round_up), zone)
        if self.every_year_on:
            return days.end_of(days.next_yearly(self.every_year_on, day), zone)
        return None if self.on_day is None else days.end_of(self.on_day, zone)

    def idle(self, since: datetime, zone: ZoneInfo) -> datetime:
        """When all is dead after the last activity that qualifies."""
        assert self.inactive_months is not None
        return days.expiry(since, self.inactive_months, self.round_up, zone)
