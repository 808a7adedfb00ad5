"""Whether what a message tells was so at the version that it names; whether notices are in time."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import yaml

from tests.oracle.days import local_day, start_of
from tests.oracle.published import Published
from tests.oracle.records import Record, moment

if TYPE_CHECKING:
    from tests.oracle.telling_members import Call, Decided, Key


def untrue(
    decided: "Mapping[Key, Decided]", wanted: "Mapping[Key, Call]",
    histories: Mapping[str, Sequence[Published]],
) -> list[str]:  # fmt: skip
    """Messages that went and told what was not so, or not any more."""
    claims = {
        (member, one.place): one.claims for member, history in histories.items() for one in history
    }
    problems = []
    for key, became in decided.items():
        if became.state == "skipped" or key not in wanted:
            continue
        so = claims.get((key[0], became.place))
        if so is None:
            problems.append(f"message {key}: names {became.place}, which was not published")
        elif not _is_so(key, wanted[key].said, so):
            problems.append(f"message {key}: was not so at {became.place}")
    return problems


def _is_so(key: "Key", said: Mapping[str, Any], so: Mapping[str, Any]) -> bool:
    _, kind, cause = key
    if kind == "reward_ready":
        return cause.rpartition("@")[0] in so["rewards_ready"]
    if kind == "certificate_issued":
        return cause in (so.get("certificates") or ())
    if kind == "tier_changed":
        return bool(said["tier_to"] == so["tier"])
    if kind == "tier_at_risk":
        return said["tier"] == so["tier"] and moment(said["at"]) > moment(so["account_time"])
    if kind == "points_expiring":
        return so["available"] > 0 and moment(said["at"]) > moment(so["account_time"])
    return True


def untimely(records: Iterable[Record], text: str) -> list[str]:
    """Notices of what is to come that are not told at a local midnight that the file says."""
    told = yaml.safe_load(text)
    zone, ahead = ZoneInfo(told["zone"]), _days_ahead(told)
    problems = []
    for record in records:
        if record.topic != "member-notices" or record.value is None:
            continue
        notice = json.loads(record.value)
        days = ahead.get(notice["type"])
        if days is None:
            continue
        at, end = moment(notice["time"]), moment(notice["data"]["at"])
        if at not in {start_of(local_day(end, zone) - timedelta(days=one), zone) for one in days}:
            problems.append(f"notice {notice['id']}: told at {at} of {end}, ahead are {days} days")
    return problems


def _days_ahead(told: Mapping[str, Any]) -> dict[str, list[int]]:
    points = (told.get("points") or {}).get("notices", [])
    tiers = (told.get("tiers") or {}).get("at_risk_days", [])
    return {
        "points.expiring.v1": [points] if isinstance(points, int) else points,
        "tier.at-risk.v1": [tiers] if isinstance(tiers, int) else tiers,
    }
