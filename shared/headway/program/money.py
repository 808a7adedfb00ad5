"""Money in the programme file: decimals as people write them, minor units inside (ISO 4217)."""

from decimal import Decimal

# Currencies whose minor unit is not a hundredth (ISO 4217, list one).
_EXPONENTS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
         "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip


def exponent(currency: str) -> int:
    """Digits after the point."""
    return _EXPONENTS.get(currency, 2)


def to_minor(amount: Decimal, currency: str) -> int:
    """Minor units; ValueError when the amount is finer than the currency's smallest coin."""
    minor = amount.scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        raise ValueError(f"{amount} is finer than the smallest unit of {currency}")
    return int(minor)


def to_text(minor: int, currency: str) -> str:
    """`1250, USD` as `12.50 USD`."""
    return f"{Decimal(minor).scaleb(-exponent(currency)):.{exponent(currency)}f} {currency}"
