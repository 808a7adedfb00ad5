"""Certificates that issue themselves, and the goals that members choose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.oracle import member as members
from tests.oracle.rewards import Reward

if TYPE_CHECKING:
    from tests.oracle.member import Member

AT_MOST = 100
"""Unused ones at a time."""


def issue(member: Member, now: datetime) -> None:
    """Whatever changed, as long as the points pay for one: one."""
    while (state := (member.changes, member.tier, member.goal)) != member.looked:
        member.looked = state
        left = member.state.left_at
        if member.state.joined_at is None or (left is not None and now >= left):
            return
        found = _chosen(member, now)
        if found is None or len(member.unused) >= AT_MOST:
            return
        price, reward = found
        if price <= member.available:
            _give(member, price, reward)


def _chosen(member: Member, now: datetime) -> tuple[int, Reward] | None:
    """By the goal, where that is still a reward; else the cheapest that issues itself."""
    programme = member.programme(now)
    menu = [one for one in programme.menu(member.state.tier_at(now), now) if one[1].automatic]
    if any(reward.id == member.goal for reward in programme.rewards):
        menu = [one for one in menu if one[1].id == member.goal]
    return menu[0] if menu else None


def _give(member: Member, price: int, reward: Reward) -> None:
    missing, taken = price, []
    for lot in member.by_spend_order():
        part = min(missing, lot.available)
        if part:
            lot.available -= part
            taken.append((lot, part))
            missing -= part
    member.saved[reward.currency] = member.saved.get(reward.currency, 0) + reward.saves
    one = members.Redemption(
        taken, price, "confirmed", reward_id=reward.id, saves=reward.saves,
        currency=reward.currency,
    )  # fmt: skip
    member.unused.append(one)
    member.fresh.append(one)
    member.changes += 1


def differences(member: Member, told: Mapping[str, Any]) -> list[str]:
    """What a balance.changed says otherwise of the certificates that were issued since the one
    before it, and of those unused. Their names alone are taken from it."""
    issued, problems = told.get("issued") or [], []
    ours = [(one.reward_id, one.points, one.saves, one.currency) for one in member.fresh]
    theirs = [
        (one["reward_id"], one["points"], one["value_minor"], one["currency"]) for one in issued
    ]
    if ours != theirs:
        problems.append(f"issued {theirs}, not {ours}")
    for one, name in zip(member.fresh, issued, strict=False):
        one.id = name["redemption_id"]
        if one.id in member.named:
            problems.append(f"issued {one.id} again")
        member.named.add(one.id)
    member.fresh = []
    held = [one.id for one in member.unused]
    if (told.get("certificates") or []) != held:
        problems.append(f"certificates {told.get('certificates')}, not {held}")
    return problems


def void_newest(member: Member) -> bool:
    """Its points go back to where they came from, and it saves nothing; False: there is none."""
    if not member.unused:
        return False
    gone = member.unused.pop()
    member.fresh = [one for one in member.fresh if one is not gone]
    gone.state = "reversed"
    for lot, points in gone.taken:
        member.give_back(lot, points)
    member.saved[gone.currency] -= gone.saves
    member.changes += 1
    return True
