"""The facts of a progress message (in the manner of DSW's): what is ready, how far the next is."""

from bisect import bisect_right
from datetime import datetime
from typing import NamedTuple

from headway.program.program import Program
from headway.program.rewards import Reward


class Next(NamedTuple):
    """The next reward and how many points are missing."""

    reward: Reward
    missing: int


class Progress(NamedTuple):
    """Rewards affordable now (cheapest first), and the cheapest one that is not."""

    ready: tuple[Reward, ...]
    next: Next | None


def progress(program: Program, available: int, owed: int, tier: str, at: datetime) -> Progress:
    """What `available` points can become for a member of `tier`; `owed` (never positive) must be
    cleared first. Prices are those of that moment; stock and limits are asked when reserving."""
    rewards = program.menu(tier, at)
    split = bisect_right(rewards, available, key=lambda reward: reward.points)
    following = rewards[split] if split < len(rewards) else None
    missing = None if following is None else Next(following, following.points - available - owed)
    return Progress(rewards[:split], missing)
