"""The facts of a mail: what balance.changed said of the member, frozen when the mail is decided."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from headway.program.program import Program
from headway.program.rewards import Reward


class NextReward(BaseModel):
    """The cheapest reward not yet within reach, and the points still missing for it."""

    model_config = ConfigDict(frozen=True)

    id: str
    points: int
    missing: int


class Facts(BaseModel):
    """One version of one member's account, as published; money in minor units per currency."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    epoch: int
    version: int
    account_time: datetime
    pending: int
    available: int
    owed: int
    tier: str
    saved: dict[str, int]
    program_version: int
    rewards_ready: tuple[str, ...]
    next_reward: NextReward | None

    def ready(self, program: Program) -> list[Reward]:
        """The rewards the member can take now, in the order published (cheapest first)."""
        found = (program.reward(reward_id) for reward_id in self.rewards_ready)
        return [reward for reward in found if reward is not None]
