"""Whether a rule means this event, and which of its pieces."""

from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any

from tests.oracle.days import yearly
from tests.oracle.money import minor
from tests.oracle.rules import Piece, Rule, Scene

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def holds(rule: Rule, scene: Scene) -> bool:
    """Whether everything that is asked of the event as a whole is so."""
    if rule.to != scene.to or (
        scene.on == "referral.completed" and rule.referral != scene.referral
    ):
        return False
    if rule.only and rule.only != scene.currency:
        return False
    return all(WHOLE[name](wanted, scene) for name, wanted in rule.when.items() if name in WHOLE)


def wants(rule: Rule, piece: Piece, currency: str) -> bool:
    """Whether this piece may earn under the rule."""
    asked = rule.when
    return (
        piece.earns
        and all(getattr(piece, n) in asked[n] for n in ("sku", "category", "brand") if n in asked)
        and _in_range(asked.get("line_total", {}), piece.base, currency)
    )


def _in_range(asked: Mapping[str, Any], amount: int, currency: str) -> bool:
    low, high = asked.get("min"), asked.get("max")
    return (low is None or amount >= minor(low, currency)) and (
        high is None or amount <= minor(high, currency)
    )


def _total(asked: Mapping[str, Any], scene: Scene) -> bool:
    return bool(scene.currency) and _in_range(asked, scene.total, scene.currency)


def _purchase(asked: Any, scene: Scene) -> bool:
    if scene.number == 0:
        return False
    if asked == "first":
        return scene.number == 1
    if "number" in asked:
        return bool(scene.number == asked["number"])
    return bool(scene.number % asked["every"] == 0)


def _member_days(asked: Mapping[str, int], scene: Scene) -> bool:
    days = (scene.local.date() - scene.joined).days
    return asked.get("min", days) <= days <= asked.get("max", days)


def _birthday(asked: str, scene: Scene) -> bool:
    if scene.birthday is None:
        return False
    today = scene.local.date()
    birthday = yearly(scene.birthday, today.year)
    if asked == "day":
        return birthday == today
    if asked == "week":  # one around the new year may hold last year's, or next year's
        near = (yearly(scene.birthday, today.year + shift) for shift in (-1, 0, 1))
        return today.isocalendar()[:2] in [day.isocalendar()[:2] for day in near]
    return birthday.month == today.month


def _hours(asked: tuple[int, int], scene: Scene) -> bool:
    now, (start, end) = _second(scene.local.time()), asked
    return start <= now < end if start <= end else now >= start or now < end


def _second(moment: time) -> float:
    return moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6


def _dates(asked: Mapping[str, date], scene: Scene) -> bool:
    today = scene.local.date()
    return asked.get("from", today) <= today <= asked.get("to", today)


def _word(name: str) -> Callable[[Any, Scene], bool]:
    return lambda asked, scene: scene.said.get(name) in asked


WHOLE: dict[str, Callable[[Any, Scene], bool]] = {
    "currency": lambda asked, scene: scene.currency in asked,
    "channel": _word("channel"),
    "store": _word("store"),
    "partner": _word("partner"),
    "activity": _word("activity"),
    "photo": lambda asked, scene: bool(scene.said.get("photo")) == asked,
    "verified": lambda asked, scene: bool(scene.said.get("verified")) == asked,
    "tier": lambda asked, scene: scene.tier in asked,
    "membership": lambda asked, scene: scene.plan in asked,
    "order_total": _total,
    "purchase": _purchase,
    "member_days": _member_days,
    "birthday": _birthday,
    "weekday": lambda asked, scene: _DAYS[scene.local.weekday()] in asked,
    "hours": _hours,
    "dates": _dates,
    "recurrence": lambda asked, scene: scene.local.date() in asked,
}
"""By name of the condition: whether it holds, given what is asked and the scene."""
PIECES = ("sku", "category", "brand", "line_total")
ELSEWHERE = ("referral",)
