"""The programme file, read from its text alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from tests.oracle.lives import Expiry, Pending
from tests.oracle.money import minor
from tests.oracle.reading_rules import read_rule
from tests.oracle.rewards import Reward, read_reward
from tests.oracle.rules import POINT, Rule
from tests.oracle.tiers import Level, Tiers


@dataclass(frozen=True)
class Parts:
    """A programme in pieces."""

    settings: dict[str, Any]
    tiers: Tiers
    rules: Sequence[Rule]
    rewards: Sequence[Reward]
    plans: Sequence[tuple[str, int, int]]


def read_parts(text: str) -> Parts:
    """Everything that the file says."""
    doc = yaml.safe_load(text)
    points, currency, zone = doc.get("points") or {}, doc["currency"], ZoneInfo(doc["zone"])
    since = _moment(doc["from"])
    pending = Pending.read(points, Pending())
    members = doc.get("membership") or {}
    refund = members.get("refund") or {}
    earn_on = points.get("earn_on", ())
    smallest = (doc.get("referrals") or {}).get("minimum_order")
    settings = {
        "since": since,
        "zone": zone,
        "currency": currency,
        "clawback": points.get("clawback", "allow_negative"),
        "attribution": points.get("attribution", "per_line"),
        "earn_on": frozenset([earn_on] if isinstance(earn_on, str) else earn_on),
        "before_joining_days": points.get("before_joining_days", 0),
        "reinstate_days": points.get("reinstate_days", 0),
        "expiry": Expiry.read(points.get("expiry")),
        "minimum_order": 0 if smallest is None else minor(smallest, currency),
        "refund_unused": refund.get("unused", "full"),
        "refund_used": refund.get("used", "none"),
    }
    rules = [read_rule(rule, currency, pending) for rule in doc["rules"]]
    return Parts(
        settings,
        read_tiers(doc.get("tiers") or {}, currency),
        sorted(rules, key=lambda rule: rule.id),
        [read_reward(reward) for reward in doc.get("rewards") or []],
        [_plan(plan) for plan in members.get("plans") or []],
    )


def _moment(told: object) -> datetime:
    if isinstance(told, str):
        told = datetime.fromisoformat(told)
    if not isinstance(told, datetime):
        assert isinstance(told, date)
        told = datetime(told.year, told.month, told.day, tzinfo=UTC)
    return told.replace(tzinfo=told.tzinfo or UTC)


def _plan(told: Mapping[str, Any]) -> tuple[str, int, int]:
    amount, _, currency = str(told.get("price", "0 USD")).partition(" ")
    return told["id"], told["months"], minor(amount, currency)


def read_tiers(told: Mapping[str, Any], currency: str) -> Tiers:
    """The `tiers` of the file."""
    measure, window = told.get("measure", "spend"), told.get("window", "calendar_year")
    if isinstance(measure, dict):
        measure = f"activity:{measure['activity']}"
    rolling = 12
    if isinstance(window, dict):
        rolling, window = window["rolling_months"], "rolling"
    yearly = window in ("calendar_year", "membership_year")
    keep = told.get("keep", "end_of_period" if yearly else "while_reached")
    months = keep["months"] if isinstance(keep, dict) else 0
    return Tiers(
        sorted((_level(one, measure, currency) for one in told.get("levels") or []), key=_place),
        measure,
        "rolling" if window == "rolling_12_months" else window,
        rolling,
        told.get("entry", "at_once") == "next_period",
        "months" if months else keep,
        months,
        told.get("grace_days", 0),
        told.get("downgrade", "to_earned") == "one_step",
    )


def _level(told: Mapping[str, Any], measure: str, currency: str) -> Level:
    """Money in minor units, points in millionths, anything else as it is counted."""
    start = minor(told["from"], currency) if measure == "spend" else 0
    if measure != "spend":
        start = int(Decimal(str(told["from"])) * (POINT if measure == "points" else 1))
    expiry = Expiry.read(told["expiry"]) if "expiry" in told else None
    return Level(start, told["id"], expiry)


def _place(level: Level) -> tuple[int, str]:
    return level.start, level.id
