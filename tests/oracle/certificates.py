"""Certificates that issue themselves, and the goals that members choose."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

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
    member.unused.append(
        members.Redemption(
            taken, price, "confirmed", reward_id=reward.id, saves=reward.saves,
            currency=reward.currency,
        )
    )  # fmt: skip
    member.changes += 1


def void_newest(member: Member) -> bool:
    """Its points go back to where they came from, and it saves nothing; False: there is none."""
    if not member.unused:
        return False
    gone = member.unused.pop()
    gone.state = "reversed"
    for lot, points in gone.taken:
        member.give_back(lot, points)
    member.saved[gone.currency] -= gone.saves
    member.changes += 1
    return True
