"""The routes: each reads its request, calls one function, and passes the answer on."""

from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated, Any, Protocol

from fastapi import FastAPI, Path, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from headway.contracts.fields import Id
from headway.domain.terms import Wish
from headway_redeem import problems
from headway_redeem.catalogue_api import CatalogueReads, add_catalogue
from headway_redeem.codes_api import add_codes
from headway_redeem.guard import Guard, problem_response
from headway_redeem.models import (
    MemberView,
    RedemptionAnswer,
    RedemptionView,
    ReserveRequest,
)
from headway_redeem.problems import KINDS, MEDIA_TYPE, Kind, Refusal
from headway_redeem.redemptions import Command, Reply
from headway_redeem.routing import COMMAND, KEY_HEADER, Key, answered, responses_of, shown, wish_of
from headway_redeem.settings import RedeemSettings

RedemptionPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]


class Commands(Protocol):
    """What changes the ledger."""

    async def reserve(
        self, command: Command, member_id: str, reward_id: str, asked: Wish
    ) -> Reply: ...

    async def step(self, command: Command, redemption_id: str) -> Reply: ...

    async def use_code(self, command: Command, code: str, order_id: str | None) -> Reply: ...


class Reads(CatalogueReads, Protocol):
    """What looks things up."""

    async def member(self, member_id: str) -> MemberView: ...

    async def redemption(self, redemption_id: str) -> RedemptionView: ...


class Api(FastAPI):
    """FastAPI, with problem documents under their own media type in the OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        if self.openapi_schema is None:
            made = super().openapi()
            for operations in made["paths"].values():
                for operation in operations.values():
                    operation["responses"] = _truly(operation["responses"])
            for unused in ("HTTPValidationError", "ValidationError"):
                made["components"]["schemas"].pop(unused, None)
        return super().openapi()


def _truly(responses: dict[str, Any]) -> dict[str, Any]:
    """Problems under their media type, without the validation error that FastAPI would answer."""
    found = {}
    for status, response in sorted(responses.items()):
        content = response["content"]
        if int(status) >= 400:
            content = {MEDIA_TYPE: content["application/json"]}
            if content[MEDIA_TYPE]["schema"]["$ref"].endswith("HTTPValidationError"):
                continue
        found[status] = {**response, "content": content}
    return found


def build(settings: RedeemSettings, commands: Commands, reads: Reads) -> FastAPI:
    """The API over what does the work."""
    api = Api(
        title="Headway redeem",
        description="Balances, rewards and redemptions. Points are whole numbers, money is in "
        "minor units, times are UTC. Problems are RFC 9457 documents.",
        version=version("headway"),
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    api.add_middleware(
        Guard, limit=settings.redeem_body_limit, seconds=settings.redeem_request_seconds
    )
    _redemptions(api, commands, reads)
    _lookups(api, reads)
    add_catalogue(api, reads)
    add_codes(api, commands, reads)
    _refusals(api)
    return api


_RESERVE = (
    *COMMAND, problems.UNKNOWN_MEMBER, problems.INSUFFICIENT_POINTS, problems.UNKNOWN_REWARD,
    problems.MEMBER_LEFT, problems.NOT_FOR_MEMBER, problems.LIMIT_REACHED, problems.OUT_OF_STOCK,
    problems.ORDER_NEEDED, problems.OTHER_CURRENCY, problems.NOTHING_TO_PAY, problems.UNFIT_POINTS,
)  # fmt: skip
_STEP = (*COMMAND, problems.UNKNOWN_REDEMPTION, problems.WRONG_STATE)


def _redemptions(api: FastAPI, commands: Commands, reads: Reads) -> None:
    @api.post(
        "/v1/redemptions",
        status_code=201,
        response_model=RedemptionAnswer,
        responses=responses_of(*_RESERVE),
        summary="Hold the points of a reward",
    )
    async def reserve(request: Request, body: ReserveRequest, key: Key) -> Response:
        command = Command(
            # What is not given is left out, so that a key means the same as before it was known.
            "redemption.reserve", key, request.url.path,
            body.model_dump_json(exclude_none=True).encode(),
        )  # fmt: skip
        asked = wish_of(body)
        return answered(await commands.reserve(command, body.member_id, body.reward_id, asked))

    async def step(name: str, request: Request, redemption_id: str, key: str) -> Response:
        command = Command(f"redemption.{name}", key, request.url.path)
        return answered(await commands.step(command, redemption_id))

    stepping: dict[str, Any] = {
        "response_model": RedemptionAnswer,
        "responses": responses_of(*_STEP),
    }

    @api.post("/v1/redemptions/{redemption_id}/confirm", summary="Give the reward", **stepping)
    async def confirm(request: Request, redemption_id: RedemptionPath, key: Key) -> Response:
        return await step("confirm", request, redemption_id, key)

    @api.post("/v1/redemptions/{redemption_id}/fulfil", summary="The reward arrived", **stepping)
    async def fulfil(request: Request, redemption_id: RedemptionPath, key: Key) -> Response:
        return await step("fulfil", request, redemption_id, key)

    @api.post("/v1/redemptions/{redemption_id}/cancel", summary="Let the points go", **stepping)
    async def cancel(request: Request, redemption_id: RedemptionPath, key: Key) -> Response:
        return await step("cancel", request, redemption_id, key)

    stepping["responses"] = responses_of(*_STEP, problems.CODE_USED)

    @api.post("/v1/redemptions/{redemption_id}/reverse", summary="Undo a reward", **stepping)
    async def reverse(request: Request, redemption_id: RedemptionPath, key: Key) -> Response:
        return await step("reverse", request, redemption_id, key)

    @api.get(
        "/v1/redemptions/{redemption_id}",
        response_model=RedemptionView,
        responses=responses_of(problems.INVALID_REQUEST, problems.UNKNOWN_REDEMPTION),
        summary="A redemption as it stands",
    )
    async def redemption(redemption_id: RedemptionPath) -> Response:
        return shown(await reads.redemption(redemption_id))


def _lookups(api: FastAPI, reads: Reads) -> None:
    @api.get(
        "/v1/members/{member_id:path}",
        response_model=MemberView,
        responses=responses_of(problems.INVALID_REQUEST, problems.UNKNOWN_MEMBER),
        summary="A member's balances and progress as of now",
    )
    async def member(member_id: Id) -> Response:
        return shown(await reads.member(member_id))

    @api.get("/problems/{name}", include_in_schema=False)
    async def explain(name: str) -> dict[str, str | int]:
        kind = KINDS.get(name)
        if kind is None:
            raise HTTPException(404)
        return {
            "type": kind.type,
            "title": kind.title,
            "status": int(kind.status),
            "what_to_do": kind.advice,
        }


def _refusals(api: FastAPI) -> None:
    @api.exception_handler(RequestValidationError)
    async def unreadable(request: Request, error: RequestValidationError) -> Response:
        return problem_response(_unreadable(error.errors()), request.url.path)

    @api.exception_handler(HTTPException)
    async def no_route(request: Request, error: HTTPException) -> Response:
        kind = Kind("", HTTPStatus(error.status_code), error.detail, "See /v1/openapi.json.")
        refusal = Refusal(kind, f"{request.method} is not to be had here.")
        return problem_response(refusal, request.url.path)


def _unreadable(errors: Any) -> Refusal:
    """What is wrong with a request, field by field, without repeating its values."""
    fields = [
        {"field": ".".join(str(part) for part in error["loc"]), "message": error["msg"]}
        for error in errors
    ]
    if any(tuple(error["loc"]) == ("header", KEY_HEADER) for error in errors):
        return Refusal(problems.INVALID_KEY, "Every command needs one.", errors=fields)
    return Refusal(problems.INVALID_REQUEST, f"{len(fields)} things are wrong.", errors=fields)
