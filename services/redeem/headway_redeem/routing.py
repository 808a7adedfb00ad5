"""What the modules of routes share: the key of a command, answers, and the problems they may be."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from headway.contracts.api.redemptions import Problem, ReserveRequest
from headway.domain.terms import Wish
from headway.program.rewards import Order
from headway_redeem import problems
from headway_redeem.gate import caller_of
from headway_redeem.redemptions import Reply
from headway_redeem.refusal import MEDIA_TYPE, Kind

KEY_HEADER = "Idempotency-Key"


async def _command_key(  # a function that is not async would run in a thread
    request: Request,
    key: Annotated[
        str,
        Header(
            alias=KEY_HEADER,
            min_length=1,
            max_length=128,
            pattern=r"^[\x20-\x7e]+$",
            description="New for each command, the same for each retry of it.",
        ),
    ],
) -> str:
    return caller_of(request).command_key(key)


Key = Annotated[str, Depends(_command_key)]
"""The command's key; a member's are kept apart from everybody else's."""
COMMAND = (problems.INVALID_KEY, problems.TOO_LARGE, problems.KEY_REUSED)
"""What every command may be answered with."""


def responses_of(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route, from the problems that it may answer with beside those of all:
    a request that cannot be read, and a service that is busy."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in (*kinds, problems.INVALID_REQUEST, problems.TRY_AGAIN):
        named = found.setdefault(int(kind.status), {"model": Problem, "description": ""})
        named["description"] = "; ".join(filter(None, (named["description"], kind.name)))
    return found


def answered(reply: Reply) -> Response:
    """A command's answer."""
    headers: Mapping[str, str] = {"Idempotency-Replayed": "true"} if reply.repeated else {}
    media_type = MEDIA_TYPE if reply.status >= 400 else "application/json"
    return Response(reply.body, reply.status, dict(headers), media_type)


def shown(model: BaseModel, status: int = 200) -> Response:
    """A value, as JSON."""
    body = model.model_dump_json(by_alias=True)
    return Response(body, status, media_type="application/json")


def wish_of(body: ReserveRequest) -> Wish:
    """What was asked for, beside the reward."""
    order = None if body.order is None else Order(body.order.total_minor, body.order.currency)
    return Wish(order, body.pay_points, order_id=body.order_id)
