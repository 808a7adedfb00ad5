"""The routes of goals: the reward that a member saves for."""

from typing import Any, Protocol

from fastapi import FastAPI, Request
from starlette.responses import Response

from headway.contracts.api.members import GoalAnswer, GoalRequest
from headway.contracts.fields import Id
from headway.domain.goal import CLEAR_GOAL, SET_GOAL
from headway_redeem import problems
from headway_redeem.redemptions import Command, Reply
from headway_redeem.routing import COMMAND, Key, answered, responses_of


class GoalCommands(Protocol):
    """What chooses goals."""

    async def choose(self, command: Command, member_id: str, reward_id: str = "") -> Reply: ...


def add_goals(api: FastAPI, commands: GoalCommands) -> None:
    """The routes of goals."""
    path = "/v1/members/{member_id:path}/goal"
    choosing: dict[str, Any] = {"response_model": GoalAnswer}

    @api.put(
        path,
        responses=responses_of(
            *COMMAND, problems.UNKNOWN_MEMBER, problems.UNKNOWN_REWARD, problems.MEMBER_LEFT,
            problems.NOT_A_GOAL,
        ),
        summary="Save for a reward",
        **choosing,
    )  # fmt: skip
    async def set_goal(request: Request, member_id: Id, body: GoalRequest, key: Key) -> Response:
        command = Command(SET_GOAL, key, request.url.path, body.model_dump_json().encode())
        return answered(await commands.choose(command, member_id, body.reward_id))

    @api.delete(
        path,
        responses=responses_of(*COMMAND, problems.UNKNOWN_MEMBER),
        summary="Save for nothing in particular",
        **choosing,
    )
    async def clear_goal(request: Request, member_id: Id, key: Key) -> Response:
        command = Command(CLEAR_GOAL, key, request.url.path)
        return answered(await commands.choose(command, member_id))
