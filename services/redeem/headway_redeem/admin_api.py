"""The routes of operators: adjustments, redemptions of all members, the state of the catalogue."""

from typing import Annotated, Any, NamedTuple, Protocol

from fastapi import FastAPI, Path, Query, Request
from starlette.responses import Response

from headway.contracts.api.admin import (
    AdjustmentAnswer,
    Adjustments,
    AdjustmentState,
    AdjustRequest,
    CatalogueState,
    CodePools,
    Erased,
    EraseRequest,
    MemberExport,
    Redemptions,
    SecondRequest,
    StockRequest,
    StockView,
)
from headway.contracts.fields import Id
from headway.domain.adjustment import ADJUST
from headway.domain.erasing import ERASE
from headway.domain.redemption import State
from headway.ledger.redemptions import Wanted
from headway_redeem import problems
from headway_redeem.access import Caller
from headway_redeem.adjustments import Act
from headway_redeem.commanding import Command, Reply
from headway_redeem.cursor import before_id_of, before_of
from headway_redeem.gate import caller_of
from headway_redeem.headers import request_id
from headway_redeem.member_routes import Cursor, Limit, Since
from headway_redeem.routing import COMMAND, Key, answered, responses_of, shown

_ADJUSTMENT = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
_OF_MEMBER = Annotated[Id | None, Query(description="Of this member alone.")]


class AdjustCommands(Protocol):
    """What adjusts balances."""

    async def adjust(self, command: Command, act: Act, request: AdjustRequest) -> Reply: ...

    async def approve(self, command: Command, act: Act, adjustment_id: str) -> Reply: ...

    async def reject(self, command: Command, act: Act, adjustment_id: str) -> Reply: ...


class StockCommands(Protocol):
    """What sets stock."""

    async def set_stock(
        self, command: Command, act: Act, reward_id: str, request: StockRequest
    ) -> Reply: ...


class Exports(Protocol):
    """What reads all of one member, and notes who did."""

    async def export(self, caller: Caller, request_id: str, member_id: str) -> bytes: ...


class EraseCommands(Protocol):
    """What erases members."""

    async def erase(
        self, command: Command, act: Act, member_id: str, request: EraseRequest
    ) -> Reply: ...


class AdminCommands(NamedTuple):
    """What operators can do."""

    adjustments: AdjustCommands
    stock: StockCommands
    exports: Exports
    erasing: EraseCommands


class AdminReads(Protocol):
    """What looks up for operators."""

    async def adjustments(
        self, before: int | None, limit: int, state: AdjustmentState | None, member_id: str | None
    ) -> Adjustments: ...

    async def redemptions(self, before: str | None, limit: int, wanted: Wanted) -> Redemptions: ...

    async def catalogue(self) -> CatalogueState: ...

    async def code_pools(self) -> CodePools: ...


def add_admin(api: FastAPI, commands: AdminCommands, reads: AdminReads) -> None:
    """The routes of operators."""
    _adjusting(api, commands.adjustments, reads)
    _redemptions(api, reads)
    _catalogue(api, commands.stock, reads)
    _exporting(api, commands.exports)
    _erasing(api, commands.erasing)


def _adjusting(api: FastAPI, commands: AdjustCommands, reads: AdminReads) -> None:
    proposed = {"model": AdjustmentAnswer, "description": "Kept until a second person approves"}

    @api.post(
        "/v1/adjustments",
        status_code=201,
        response_model=AdjustmentAnswer,
        responses={
            202: proposed,
            **responses_of(*COMMAND, problems.UNKNOWN_MEMBER, problems.TOO_FEW_POINTS),
        },
        summary="Give a member points by hand, or take some; above a limit a proposal",
    )
    async def adjust(request: Request, body: AdjustRequest, key: Key) -> Response:
        command, act = acting(ADJUST, request, body.by, key, body.model_dump_json())
        return answered(await commands.adjust(command, act, body))

    second: dict[str, Any] = {
        "response_model": AdjustmentAnswer,
        "responses": responses_of(
            *COMMAND, problems.UNKNOWN_ADJUSTMENT, problems.SECOND_PERSON_NEEDED,
            problems.ADJUSTMENT_DECIDED, problems.TOO_FEW_POINTS,
        ),
    }  # fmt: skip

    @api.post(
        "/v1/adjustments/{adjustment_id}/approve",
        summary="Apply a proposal, as a second person",
        **second,
    )
    async def approve_adjustment(
        request: Request, adjustment_id: _ADJUSTMENT, body: SecondRequest, key: Key
    ) -> Response:
        command, act = acting("admin.approve", request, body.by, key, body.model_dump_json())
        return answered(await commands.approve(command, act, adjustment_id))

    second["responses"] = responses_of(
        *COMMAND, problems.UNKNOWN_ADJUSTMENT, problems.ADJUSTMENT_DECIDED
    )

    @api.post("/v1/adjustments/{adjustment_id}/reject", summary="Turn a proposal down", **second)
    async def reject_adjustment(
        request: Request, adjustment_id: _ADJUSTMENT, body: SecondRequest, key: Key
    ) -> Response:
        command, act = acting("admin.reject", request, body.by, key, body.model_dump_json())
        return answered(await commands.reject(command, act, adjustment_id))

    @api.get(
        "/v1/adjustments",
        response_model=Adjustments,
        responses=responses_of(),
        summary="Adjustments, newest first",
    )
    async def adjustments(
        state: AdjustmentState | None = None, member_id: _OF_MEMBER = None, cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response:  # fmt: skip
        before = before_of("adjustments", cursor)
        return shown(await reads.adjustments(before, limit, state, member_id))


def _redemptions(api: FastAPI, reads: AdminReads) -> None:
    @api.get(
        "/v1/redemptions",
        response_model=Redemptions,
        responses=responses_of(),
        summary="Redemptions of all members or of one, newest first",
    )
    async def redemptions(
        member_id: _OF_MEMBER = None, state: State | None = None, since: Since = None,
        cursor: Cursor = None, limit: Limit = 50,
    ) -> Response:  # fmt: skip
        before = before_id_of("redemptions", cursor)
        return shown(await reads.redemptions(before, limit, Wanted(member_id, state, since)))


def _catalogue(api: FastAPI, commands: StockCommands, reads: AdminReads) -> None:
    @api.get(
        "/v1/admin/rewards",
        response_model=CatalogueState,
        responses=responses_of(problems.NO_PROGRAMME),
        summary="The rewards in force, with what is left of stock and codes",
    )
    async def catalogue_state() -> Response:
        return shown(await reads.catalogue())

    @api.get(
        "/v1/admin/codes",
        response_model=CodePools,
        responses=responses_of(),
        summary="How many voucher codes each pool has, by state",
    )
    async def code_pools() -> Response:
        return shown(await reads.code_pools())

    @api.post(
        "/v1/admin/rewards/{reward_id}/stock",
        response_model=StockView,
        responses=responses_of(
            *COMMAND, problems.UNKNOWN_REWARD, problems.NOT_COUNTED, problems.STOCK_TAKEN,
            problems.NO_PROGRAMME,
        ),
        summary="Say how many of a reward there are in all",
    )  # fmt: skip
    async def set_stock(request: Request, reward_id: Id, body: StockRequest, key: Key) -> Response:
        command, act = acting("admin.stock", request, body.by, key, body.model_dump_json())
        return answered(await commands.set_stock(command, act, reward_id, body))


def _exporting(api: FastAPI, exports: Exports) -> None:
    @api.get(
        "/v1/members/{member_id:path}/export",
        response_model=MemberExport,
        responses=responses_of(problems.UNKNOWN_MEMBER, problems.EXPORT_TOO_LARGE),
        summary="Everything the ledger holds of a member",
    )
    async def export(request: Request, member_id: Id) -> Response:
        caller = caller_of(request)
        body = await exports.export(caller, request_id(request.scope), member_id)
        return Response(body, media_type="application/json")


def _erasing(api: FastAPI, commands: EraseCommands) -> None:
    @api.post(
        "/v1/members/{member_id:path}/erase",
        response_model=Erased,
        responses=responses_of(*COMMAND, problems.UNKNOWN_MEMBER),
        summary="Take a member's name out of everything, for good; the ledger's totals stay",
    )
    async def erase(request: Request, member_id: Id, body: EraseRequest, key: Key) -> Response:
        command, act = acting(ERASE, request, body.by, key, body.model_dump_json())
        return answered(await commands.erase(command, act, member_id, body))


def acting(kind: str, request: Request, person: str, key: str, body: str) -> tuple[Command, Act]:
    """An admin act and who does it. With another API key it is another command: who acts is part
    of the act."""
    caller = caller_of(request)
    asked = b"%b\0%b" % (body.encode(), caller.key_id.encode())
    act = Act(caller, person, request_id(request.scope))
    return Command(kind, key, request.url.path, asked), act
