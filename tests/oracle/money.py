"""Decimal amounts in minor units."""

from decimal import Decimal
from functools import cache

# ISO 4217: digits after the point where they are not two.
EXPONENTS = {"JPY": 0, "KRW": 0, "ISK": 0, "CLP": 0, "VND": 0, "BHD": 3, "KWD": 3, "TND": 3}


@cache
def minor(text: object, currency: str) -> int:
    """A decimal amount in minor units."""
    scaled = Decimal(str(text)).scaleb(EXPONENTS.get(currency, 2))
    if scaled != int(scaled):
        raise ValueError(f"{text} {currency}")
    return int(scaled)
