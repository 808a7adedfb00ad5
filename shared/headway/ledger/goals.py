"""How the input log keeps the goals that members choose."""

import orjson

from headway.domain.goal import Goal


def body_of(goal: Goal) -> bytes:
    """The fields decided on, as canonical JSON."""
    return orjson.dumps({"reward_id": goal.reward_id} if goal.reward_id else {})


def goal_from(body: bytes | str) -> Goal:
    """The inverse of `body_of`, for replaying the input log."""
    return Goal(**orjson.loads(body))
