"""From a decided message to what a platform is told: flat, scalar, under plain names. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from headway.program.money import exponent, to_text
from headway.program.program import Program
from headway_notify.details import CertificateIssued, RewardUsed
from headway_notify.messaging import Message
from headway_notify.roads.engagement import Occurrence, Scalar


def occurrence(
    message: Message, account: Mapping[str, Any], program: Program, *,
    now: datetime, history: timedelta,
) -> Occurrence:  # fmt: skip
    """What is told of a message. `account` is the data of balance.changed that its facts are of;
    what is older than `history` at `now` is late."""
    facts, detail = message.facts, message.detail
    value = None
    if isinstance(detail, RewardUsed | CertificateIssued) and detail.currency == program.currency:
        value = _units(detail.value_minor, detail.currency)
    return Occurrence(
        message.notification_id,
        message.kind,
        message.member_id,
        facts.account_time,
        {**_account(message, account, program), **_of_the_kind(message)},
        value,
        program.currency,
        now - facts.account_time > history,
    )


def _account(message: Message, account: Mapping[str, Any], program: Program) -> dict[str, Scalar]:
    facts = message.facts
    ready = facts.ready(program)
    saved = facts.saved.get(program.currency, 0)
    told: dict[str, Scalar] = {
        "points_balance": facts.available,
        "points_pending": facts.pending,
        "points_owed": -facts.owed,
        "rewards_available": len(ready),
        "rewards_available_ids": ",".join(reward.id for reward in ready),
        "saved_total": _units(saved, program.currency),
        "saved_total_text": to_text(saved, program.currency),
        "tier": facts.tier,
        "as_of": facts.account_time.isoformat(),
        "balance_epoch": facts.epoch,
        "balance_version": facts.version,
        "business_day": message.day.isoformat(),
    }
    if account.get("joined_at"):
        told["member_since"] = str(account["joined_at"])[:10]
    following, goal = facts.next_reward, facts.goal
    # Told of nobody's goal, too: a platform would keep the one that was given up.
    told |= {
        "goal_id": goal.id if goal else "",
        "goal_name": _name(program, goal.id) if goal else "",
        "goal_points": goal.points if goal else 0,
        "points_to_goal": goal.missing if goal else 0,
    }
    if following is not None:
        there = max(following.points - following.missing, 0)
        told |= {
            "next_reward_id": following.id,
            "next_reward_name": _name(program, following.id),
            "next_reward_points": following.points,
            "points_to_next_reward": following.missing,
            "progress_percent": there * 100 // following.points if following.points else 100,
        }
    return told


def _name(program: Program, reward_id: str) -> str:
    reward = program.reward(reward_id)
    return reward_id if reward is None else reward.name


_NAMES = {
    ("points_expiring", "points"): "points_expiring",
    ("points_expiring", "at"): "points_expiring_at",
    ("tier_at_risk", "at"): "tier_ends_at",
    ("tier_at_risk", "missing"): "tier_needed",
    ("tier_changed", "at"): "tier_changed_at",
}
"""Where a detail has a name that marketers know."""


def _of_the_kind(message: Message) -> dict[str, Scalar]:
    told: dict[str, Scalar] = {}
    for name, value in message.detail.model_dump(mode="json").items():
        known = _NAMES.get((message.kind, name), f"{message.kind}_{name}")
        if isinstance(value, list):
            value = "; ".join(map(str, value))
        if value is not None:
            told[known] = value
    return told


def _units(minor: int, currency: str) -> float:
    return float(Decimal(minor).scaleb(-exponent(currency)))
