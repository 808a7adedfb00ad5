"""The routes of transfers between members and of household pools."""

from typing import Annotated, Any, NamedTuple, Protocol

from fastapi import FastAPI, Path, Request
from pydantic import BaseModel
from starlette.responses import Response

from headway.contracts.api.pools import (
    InviteRequest,
    MemberPool,
    PoolAct,
    PoolView,
    SpendingRequest,
    TransferAnswer,
    TransferRequest,
)
from headway.contracts.fields import Id
from headway.domain.transfer import SEND
from headway_redeem import problems
from headway_redeem.access import Caller
from headway_redeem.commanding import Command, Reply
from headway_redeem.gate import caller_of
from headway_redeem.refusal import Kind
from headway_redeem.routing import COMMAND, Key, answered, responses_of, shown

_POOL = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]


class TransferCommands(Protocol):
    """What sends points to other members."""

    async def send(self, command: Command, request: TransferRequest) -> Reply: ...


class PoolCommands(Protocol):
    """What changes pools."""

    async def create(self, command: Command, caller: Caller, request: PoolAct) -> Reply: ...

    async def invite(
        self, command: Command, caller: Caller, pool_id: str, request: InviteRequest
    ) -> Reply: ...

    async def accept(
        self, command: Command, caller: Caller, pool_id: str, request: PoolAct
    ) -> Reply: ...

    async def decline(
        self, command: Command, caller: Caller, pool_id: str, request: PoolAct
    ) -> Reply: ...

    async def leave(
        self, command: Command, caller: Caller, pool_id: str, request: PoolAct
    ) -> Reply: ...

    async def spending(
        self, command: Command, caller: Caller, pool_id: str, request: SpendingRequest
    ) -> Reply: ...

    async def dissolve(
        self, command: Command, caller: Caller, pool_id: str, request: PoolAct
    ) -> Reply: ...


class SharingCommands(NamedTuple):
    """What members can do with each other."""

    transfers: TransferCommands
    pools: PoolCommands


class PoolReads(Protocol):
    """What looks pools up."""

    async def pool(self, pool_id: str) -> PoolView: ...

    async def of_member(self, member_id: str) -> MemberPool: ...


def add_sharing(api: FastAPI, commands: SharingCommands, reads: PoolReads) -> None:
    """The routes of what members share. Before those of a member, whose id may hold slashes."""
    _transfers(api, commands.transfers)
    _reading(api, reads)
    _belonging(api, commands.pools)
    _owning(api, commands.pools)


def _transfers(api: FastAPI, commands: TransferCommands) -> None:
    @api.post(
        "/v1/transfers",
        status_code=201,
        response_model=TransferAnswer,
        responses=responses_of(
            *COMMAND, problems.UNKNOWN_MEMBER, problems.NO_TRANSFERS, problems.SAME_MEMBER,
            problems.MEMBER_LEFT, problems.RECEIVER_LEFT, problems.BELOW_MINIMUM,
            problems.ABOVE_MAXIMUM, problems.TOO_FEW_TO_SEND,
        ),
        summary="Send a member's points to another member",
    )  # fmt: skip
    async def transfer(request: Request, body: TransferRequest, key: Key) -> Response:
        return answered(await commands.send(_command(SEND, request, key, body), body))


def _reading(api: FastAPI, reads: PoolReads) -> None:
    @api.get(
        "/v1/pools/{pool_id}",
        response_model=PoolView,
        responses=responses_of(problems.UNKNOWN_POOL, problems.NO_PROGRAMME),
        summary="A pool: its members and what each has now",
    )
    async def pool(pool_id: _POOL) -> Response:
        return shown(await reads.pool(pool_id))

    @api.get(
        "/v1/members/{member_id:path}/pool",
        response_model=MemberPool,
        responses=responses_of(problems.UNKNOWN_MEMBER),
        summary="The pool a member is in, and invitations that wait for the member",
    )
    async def member_pool(member_id: Id) -> Response:
        return shown(await reads.of_member(member_id))


_ACT = (*COMMAND, problems.UNKNOWN_POOL)


def _answer(*kinds: Kind) -> dict[str, Any]:
    return {"response_model": PoolView, "responses": responses_of(*_ACT, *kinds)}


def _belonging(api: FastAPI, commands: PoolCommands) -> None:
    """What whoever was invited does."""

    @api.post(
        "/v1/pools/{pool_id}/accept", summary="Join the pool that one is invited to",
        **_answer(problems.NO_POOLS, problems.NOT_INVITED, problems.POOL_FULL,
                  problems.ALREADY_IN_POOL),
    )  # fmt: skip
    async def accept(request: Request, pool_id: _POOL, body: PoolAct, key: Key) -> Response:
        command = _command("pool.accept", request, key, body)
        return answered(await commands.accept(command, caller_of(request), pool_id, body))

    @api.post(
        "/v1/pools/{pool_id}/decline", summary="Turn an invitation down",
        **_answer(problems.NOT_INVITED),
    )  # fmt: skip
    async def decline(request: Request, pool_id: _POOL, body: PoolAct, key: Key) -> Response:
        command = _command("pool.decline", request, key, body)
        return answered(await commands.decline(command, caller_of(request), pool_id, body))

    @api.post(
        "/v1/pools/{pool_id}/leave", summary="Leave a pool, with all that is one's own",
        **_answer(problems.OWNER_STAYS, problems.NOT_A_POOL_MEMBER),
    )  # fmt: skip
    async def leave(request: Request, pool_id: _POOL, body: PoolAct, key: Key) -> Response:
        command = _command("pool.leave", request, key, body)
        return answered(await commands.leave(command, caller_of(request), pool_id, body))


def _owning(api: FastAPI, commands: PoolCommands) -> None:
    """What the owner does."""

    @api.post(
        "/v1/pools", status_code=201, response_model=PoolView,
        responses=responses_of(
            *COMMAND, problems.UNKNOWN_MEMBER, problems.NO_POOLS, problems.ALREADY_IN_POOL
        ),
        summary="Create a household pool",
    )  # fmt: skip
    async def create_pool(request: Request, body: PoolAct, key: Key) -> Response:
        command = _command("pool.create", request, key, body)
        return answered(await commands.create(command, caller_of(request), body))

    @api.post(
        "/v1/pools/{pool_id}/invite", summary="Ask a member into the pool",
        **_answer(problems.UNKNOWN_MEMBER, problems.NO_POOLS, problems.NOT_OWNER,
                  problems.ALREADY_IN_POOL, problems.POOL_FULL),
    )  # fmt: skip
    async def invite(request: Request, pool_id: _POOL, body: InviteRequest, key: Key) -> Response:
        command = _command("pool.invite", request, key, body)
        return answered(await commands.invite(command, caller_of(request), pool_id, body))

    @api.post(
        "/v1/pools/{pool_id}/spending", summary="Say whether a member may spend from the pool",
        **_answer(problems.NOT_OWNER, problems.OWNER_STAYS, problems.NOT_A_POOL_MEMBER),
    )  # fmt: skip
    async def spending(
        request: Request, pool_id: _POOL, body: SpendingRequest, key: Key
    ) -> Response:
        command = _command("pool.spending", request, key, body)
        return answered(await commands.spending(command, caller_of(request), pool_id, body))

    @api.post(
        "/v1/pools/{pool_id}/dissolve", summary="End a pool: everybody keeps their own points",
        **_answer(problems.NOT_OWNER),
    )  # fmt: skip
    async def dissolve(request: Request, pool_id: _POOL, body: PoolAct, key: Key) -> Response:
        command = _command("pool.dissolve", request, key, body)
        return answered(await commands.dissolve(command, caller_of(request), pool_id, body))


def _command(kind: str, request: Request, key: str, body: BaseModel) -> Command:
    return Command(kind, key, request.url.path, body.model_dump_json().encode())
