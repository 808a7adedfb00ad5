"""A message that waited while the account went on: brought up to date, or not sent at all. Pure.

Only what has never been tried is changed: what may have arrived once says the same again.
"""

from datetime import datetime
from typing import Final, NamedTuple

from headway.program.messages import Kind
from headway_notify.details import (
    CertificateIssued,
    Detail,
    PointsExpiring,
    RewardReady,
    TierAtRisk,
    TierChanged,
)
from headway_notify.facts import Facts

AS_FROZEN: Final[frozenset[Kind]] = frozenset(
    ("welcome", "progress", "statement", "points_taken_back")
)
"""Kinds whose figures are of their own day or event, and stay what they were then."""
OVERTAKEN: Final = "overtaken by what came after it"
"""Why it is skipped."""


class Refreshed(NamedTuple):
    """What a message is to say now."""

    facts: Facts
    detail: Detail


def refreshed(kind: Kind, detail: Detail, frozen: Facts, latest: Facts) -> Refreshed | None:
    """What it says when the account is at `latest`; None: overtaken, nothing is to be said."""
    if kind in AS_FROZEN or _version(latest) <= _version(frozen):
        return Refreshed(frozen, detail)
    now = true_of(kind, detail, latest)
    return None if now is None else Refreshed(latest, now)


def true_of(kind: Kind, detail: Detail, latest: Facts) -> Detail | None:
    """What there is to tell when the account is at `latest`; None: it has been overtaken."""
    if kind in AS_FROZEN:
        return detail
    match detail:
        case RewardReady():
            holds = detail.reward_id in latest.rewards_ready
        case CertificateIssued():
            holds = detail.redemption_id in (latest.certificates or ())
        case TierAtRisk():
            holds = detail.tier == latest.tier and not _over(detail.at, latest)
        case TierChanged():
            holds = detail.tier_to == latest.tier
        case PointsExpiring():
            left = min(detail.points, latest.available)
            detail = detail.model_copy(update={"points": left})
            holds = left > 0 and not _over(detail.at, latest)
        case _:
            holds = True
    return detail if holds else None


def _version(facts: Facts) -> tuple[int, int]:
    return facts.epoch, facts.version


def _over(at: datetime, latest: Facts) -> bool:
    """Whether what was to come has come: the account is settled beyond it."""
    return latest.account_time >= at
