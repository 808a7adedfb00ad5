"""One rule of the programme file."""

from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from tests.oracle import conditions
from tests.oracle.days import as_day
from tests.oracle.lives import Pending
from tests.oracle.money import minor
from tests.oracle.occurrences import Occurrences, occurrences
from tests.oracle.rules import POINT, Cap, Rule

_FIRST_DAY = date(2000, 1, 1)
_AWARDS = ("per_money", "per_item", "percent", "multiply", "points")


def read_rule(told: Mapping[object, Any], currency: str, pending: Pending) -> Rule:
    """One rule; what is unknown is refused, so that nothing is judged by half of it."""
    award = told["award"]
    (gives,) = (name for name in _AWARDS if name in award)
    money = award.get("per_money") or {}
    paid_in = money.get("currency", currency)
    caps, when = told.get("cap") or [], told.get("when") or {}
    return Rule(
        id=str(told["id"]),
        on=str(told["on"] if "on" in told else told[True]),  # YAML 1.1 reads `on` as true
        when={name: _asked(name, asked) for name, asked in when.items()},
        gives=gives,
        amount=Fraction(str(money["points"] if money else award[gives])),
        every=minor(money["every"], paid_in) if money else 0,
        full=money.get("steps", "part") == "full",
        only=paid_in if money or _by_amount(award, when) else "",
        to=award.get("to", ""),
        group=told.get("group") or ("multiplier" if gives == "multiply" else ""),
        priority=told.get("priority", 0),
        caps=[_cap(cap) for cap in (caps if isinstance(caps, list) else [caps])],
        rounding=told.get("round", "carry"),
        pending=Pending.read({str(name): value for name, value in told.items()}, pending),
    )


def _by_amount(award: Mapping[str, Any], when: Mapping[str, Any]) -> bool:
    """Whether amounts matter of which the file does not say in which currency they are."""
    asks = "percent" in award or "line_total" in when or "order_total" in when
    return asks and "currency" not in when


def _cap(told: Mapping[str, Any]) -> Cap:
    points = told.get("points")
    return Cap(None if points is None else points * POINT, told.get("times"), told["per"])


def _asked(name: str, told: Any) -> Any:
    if name in _READ:
        return _READ[name](told)
    if name == "recurrence":
        return _recurrence(told)
    if name not in (*conditions.WHOLE, *conditions.PIECES, *conditions.ELSEWHERE):
        raise ValueError(f"condition {name}")
    return told


def _recurrence(told: Any) -> Occurrences:
    """Counted from the day it says, or from the beginning of 2000."""
    if isinstance(told, str):
        return occurrences(told, _FIRST_DAY)
    return occurrences(told["rule"], as_day(told.get("from", _FIRST_DAY)))


def _words(told: Any) -> list[str]:
    return [told] if isinstance(told, str) else [str(word) for word in told]


def _seconds(told: object) -> int:
    """`17:00` of a day; YAML 1.1 reads it, unquoted, as so many minutes."""
    if isinstance(told, int):
        return told * 60
    hours, minutes = str(told).split(":")[:2]
    return int(hours) * 3600 + int(minutes) * 60


def _hours(told: Mapping[str, object]) -> tuple[int, int]:
    return _seconds(told["from"]), _seconds(told["to"])


def _dates(told: Mapping[object, object]) -> dict[str, date]:
    return {str(name): as_day(day) for name, day in told.items()}


_READ: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(
        ("sku", "category", "brand", "currency", "channel", "store", "partner", "activity",
         "tier", "membership", "weekday"),
        _words,
    ),
    "hours": _hours,
    "dates": _dates,
}  # fmt: skip
