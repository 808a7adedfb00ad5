"""Chance that is the same in every run and does not depend on the order of asking."""

from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

_OPENS = time(9)
_OPEN_SECONDS = 12 * 60 * 60


class Dice:
    """Rolls named by what they are for: the same seed and names give the same result."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def roll(self, sides: int, *what: str | int) -> int:
        """A number in [0, sides)."""
        named = "/".join(map(str, (self._seed, *what))).encode()
        return int.from_bytes(blake2b(named, digest_size=8).digest()) % sides

    def opening_hours(self, day: date, zone: ZoneInfo, *what: str | int) -> datetime:
        """A moment of that local day between 09:00:00 and 20:59:59, in UTC."""
        opened = datetime.combine(day, _OPENS, zone)
        return (opened + timedelta(seconds=self.roll(_OPEN_SECONDS, "hour", *what))).astimezone(UTC)
