"""Numbers and times as the status says them. Pure."""

from datetime import datetime

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def counted(number: int, what: str) -> str:
    """'1 record', '1,234 records'."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def duration(seconds: float | None) -> str:
    """Seconds as people say them: '0.4 s', '12 s', '3 min 5 s', '2 h 10 min', '3 d 4 h'; '-' for
    None."""
    if seconds is None:
        return "-"
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = int(seconds)
    for place, (size, unit) in enumerate(_UNITS):
        if whole >= size:
            smaller, name = (*_UNITS, (1, "s"))[place + 1]
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{whole} s"


def away(seconds: float) -> str:
    """How far a moment is from now: '3 s ago', 'in 17 s' where it is still to come, 'now'."""
    if abs(seconds) < 1:
        return "now"
    whole = duration(float(int(abs(seconds))))
    return f"{whole} ago" if seconds > 0 else f"in {whole}"


def rate(per_second: float | None) -> str:
    """Records a second: '0', '0.4', '1,250'; '-' for None."""
    if per_second is None:
        return "-"
    return f"{per_second:,.1f}" if 0 < per_second < 10 else f"{per_second:,.0f}"


def moment(at: datetime | None) -> str:
    """'2024-06-01 12:34:56 UTC'; '-' for None."""
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"
