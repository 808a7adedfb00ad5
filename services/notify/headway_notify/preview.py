"""A sample mail to look at, without servers."""

from datetime import UTC, date, datetime

from headway.program.program import Program
from headway_notify.facts import Facts, NextReward
from headway_notify.render import Rendered, render


def sample(program: Program, *, day: date) -> Rendered:
    """The mail of a member half-way between two rewards of this programme."""
    rewards = sorted(program.rewards, key=lambda reward: reward.points)
    middle = len(rewards) // 2
    ready, ahead = rewards[:middle], rewards[middle:]
    goal = ahead[0] if ahead else None
    floor = ready[-1].points if ready else 0
    available = (floor + goal.points) // 2 if goal else floor
    facts = Facts(
        epoch=1,
        version=12,
        account_time=datetime(day.year, day.month, day.day, 23, tzinfo=UTC),
        pending=(goal.points - available) // 3 if goal else 0,
        available=available,
        owed=0,
        tier=program.levels[-1].id if program.levels else "",
        saved={reward.currency: reward.value_minor for reward in ready[:1]},
        program_version=program.version,
        rewards_ready=tuple(reward.id for reward in ready),
        next_reward=goal
        and NextReward(id=goal.id, points=goal.points, missing=goal.points - available),
    )
    return render(facts, program, name="Maria", day=day)
