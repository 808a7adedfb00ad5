"""The facts of a mail: what balance.changed said of the member, frozen when the mail is decided."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from headway.program.program import Program
from headway.program.rewards import Reward


class Ahead(BaseModel):
    """A reward to come, its price, and the points still missing for it."""

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
    next_reward: Ahead | None
    """The cheapest reward not yet within reach."""
    goal: Ahead | None = None
    """The reward that the member chose to save for; 0 missing: within reach."""
    certificates: tuple[str, ...] | None = None
    """Certificates held that issued themselves, by their redemptions' ids."""

    @property
    def ahead(self) -> Ahead | None:
        """What the member is on the way to: the goal, if there is one, else the next reward."""
        return self.goal or self.next_reward

    def ready(self, program: Program) -> list[Reward]:
        """The rewards the member can take now, in the order published (cheapest first)."""
        found = (program.reward(reward_id) for reward_id in self.rewards_ready)
        return [reward for reward in found if reward is not None]
