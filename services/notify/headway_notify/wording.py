"""Numbers, money and moments as an American English reader expects them."""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from headway.program.money import exponent

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


def number(value: int) -> str:
    """`12500` as `12,500`."""
    return f"{value:,}"


def points(value: int) -> str:
    """`1` as `1 point`, `60` as `60 points`."""
    return f"{value:,} {unit(value)}"


def unit(value: int) -> str:
    """The noun that goes with a number of points."""
    return "point" if value == 1 else "points"


def money(minor: int, currency: str) -> str:
    """Minor units as people write them: `$12.50`, `CHF 12.50`, `¥1,200`."""
    digits = exponent(currency)
    amount = f"{Decimal(minor).scaleb(-digits):,.{digits}f}"
    sign = _SIGNS.get(currency)
    return f"{sign}{amount}" if sign else f"{currency} {amount}"


def several(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


@lru_cache(maxsize=4096)
def day(value: date) -> str:
    """`Tuesday, March 3, 2026`."""
    return f"{value:%A, %B} {value.day}, {value.year}"


def moment(value: datetime, zone: ZoneInfo) -> str:
    """`March 3, 2026, 6:12 PM` on the wall of the programme's zone."""
    local = value.astimezone(zone)
    return f"{local:%B} {local.day}, {local.year}, {local.hour % 12 or 12}:{local:%M %p}"
