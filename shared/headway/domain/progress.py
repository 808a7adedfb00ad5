"""The facts of a progress message (in the manner of DSW's): what is ready, how far the next is,
and how far the goal that the member has chosen."""

from bisect import bisect_right
from datetime import datetime
from typing import NamedTuple

from headway.program.program import Program
from headway.program.rewards import Reward


class Next(NamedTuple):
    """A reward to come, at its price, and how many points are missing."""

    reward: Reward
    missing: int


class Progress(NamedTuple):
    """Rewards affordable now (cheapest first), and the cheapest one that is not."""

    ready: tuple[Reward, ...]
    next: Next | None


def goal(
    program: Program, reward_id: str, available: int, owed: int, tier: str, at: datetime
) -> Next | None:
    """How far the goal is that a member has chosen (0 missing: within reach), at its price to them
    at that moment; None without one, or where the programme has no such reward, or no price of it.
    """
    reward = program.reward(reward_id) if reward_id else None
    if reward is None or reward.rate is not None:
        return None
    points = reward.price(tier, program.day(at))
    return Next(reward._replace(points=points), max(points - available - owed, 0))


def progress(program: Program, available: int, owed: int, tier: str, at: datetime) -> Progress:
    """What `available` points can become for a member of `tier`; `owed` (never positive) must be
    cleared first. Prices are those of that moment; stock and limits are asked when reserving."""
    rewards = program.menu(tier, at)
    split = bisect_right(rewards, available, key=lambda reward: reward.points)
    following = rewards[split] if split < len(rewards) else None
    missing = None if following is None else Next(following, following.points - available - owed)
    return Progress(rewards[:split], missing)
