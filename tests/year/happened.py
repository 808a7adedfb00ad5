"""What one member's events are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from headway.local.history.dice import Dice
from headway.local.history.happenings import SYNTHETIC, SourceEvent


@dataclass(frozen=True)
class Calendar:
    """Where and when it all happens, and the chance in it."""

    first_day: date
    days: int
    zone: ZoneInfo
    dice: Dice

    def time(self, day: int, *what: str | int) -> datetime:
        """A moment in opening hours of that day of the year."""
        return self.dice.opening_hours(self.first_day + timedelta(days=day), self.zone, *what)

    def chance(self, of_thousand: int, *what: str | int) -> bool:
        """Whether something happens that does so many times of a thousand."""
        return self.dice.roll(1000, *what) < of_thousand


def event(
    kind: str, of: str, member: str, time: datetime, facts: Mapping[str, object]
) -> SourceEvent:
    """One event, named by its kind and what it is about."""
    return SourceEvent(kind, f"{kind}:{of}", SYNTHETIC, member, time, facts)
