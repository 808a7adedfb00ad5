"""The routes: each reads its request, calls one function, and passes the answer on."""

from datetime import timedelta
from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated, Any, Protocol

from fastapi import FastAPI, Path, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from headway.contracts.api.redemptions import (
    MemberToken,
    RedemptionAnswer,
    RedemptionView,
    ReserveRequest,
    TokenRequest,
)
from headway.domain.terms import Wish
from headway.runtime.requests import RequestLines
from headway_redeem import problems
from headway_redeem.admin_api import AdminCommands, AdminReads, add_admin
from headway_redeem.catalogue_api import CatalogueReads, add_catalogue
from headway_redeem.codes_api import add_codes
from headway_redeem.gate import Gate, caller_of, forbidden, put_before, refuse_ungated
from headway_redeem.goals_api import GoalCommands, add_goals
from headway_redeem.guard import Guard, problem_response
from headway_redeem.headers import REQUEST_ID, Headers, answer_headers
from headway_redeem.member_routes import MemberReads, add_member_routes
from headway_redeem.openapi import Api
from headway_redeem.pools_api import PoolReads, SharingCommands, add_sharing
from headway_redeem.problems import KINDS
from headway_redeem.redemptions import Command, Reply
from headway_redeem.refusal import Kind, Refusal
from headway_redeem.routing import COMMAND, KEY_HEADER, Key, answered, responses_of, shown, wish_of
from headway_redeem.settings import RedeemSettings
from headway_redeem.tokens import Claims, Tokens

_EXPOSED = [REQUEST_ID, "Idempotency-Replayed", "RateLimit", "RateLimit-Policy", "Retry-After"]
RedemptionPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]


class Commands(Protocol):
    """What changes the ledger."""

    async def reserve(
        self, command: Command, member_id: str, reward_id: str, asked: Wish, *, from_pool: bool
    ) -> Reply: ...

    async def step(self, command: Command, redemption_id: str) -> Reply: ...

    async def use_code(self, command: Command, code: str, order_id: str | None) -> Reply: ...


class Reads(CatalogueReads, Protocol):
    """What looks things up."""

    @property
    def members(self) -> MemberReads: ...

    @property
    def admin(self) -> AdminReads: ...

    @property
    def pools(self) -> PoolReads: ...

    async def redemption(self, redemption_id: str) -> RedemptionView: ...


def build(
    settings: RedeemSettings, commands: Commands, reads: Reads, gate: Gate, admin: AdminCommands,
    sharing: SharingCommands,
    goals: GoalCommands,
) -> FastAPI:  # fmt: skip
    """The API over what does the work. LookupError if a route says not who may use it."""
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
    _middleware(api, settings)
    put_before(api, gate)
    _redemptions(api, commands, reads)
    _explanations(api)
    add_admin(api, admin, reads.admin)
    add_sharing(api, sharing, reads.pools)
    add_goals(api, goals)
    add_member_routes(api, reads.members)
    add_catalogue(api, reads)
    add_codes(api, commands, reads)
    _tokens(api, gate.tokens)
    _refusals(api)
    refuse_ungated(api)
    return api


def _middleware(api: FastAPI, settings: RedeemSettings) -> None:
    """The last one added is the outermost."""
    api.add_middleware(
        Guard, limit=settings.redeem_body_limit, seconds=settings.redeem_request_seconds
    )
    if settings.cors_origins:
        api.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", KEY_HEADER, REQUEST_ID],
            expose_headers=_EXPOSED,
        )
    api.add_middleware(Headers)
    api.add_middleware(RequestLines)


_RESERVE = (
    *COMMAND, problems.UNKNOWN_MEMBER, problems.INSUFFICIENT_POINTS, problems.UNKNOWN_REWARD,
    problems.MEMBER_LEFT, problems.NOT_FOR_MEMBER, problems.LIMIT_REACHED, problems.OUT_OF_STOCK,
    problems.ORDER_NEEDED, problems.OTHER_CURRENCY, problems.NOTHING_TO_PAY, problems.UNFIT_POINTS,
    problems.NO_POOLS, problems.NOT_IN_POOL, problems.MAY_NOT_SPEND, problems.PAYS_NO_ORDER,
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
        if body.order_id is not None and caller_of(request).member_id is not None:
            # Else a member could name an order to return, and pay another.
            raise forbidden(request, "Which order this pays is for the checkout's own key to say.")
        command = Command(
            # What is not given is left out, so that a key means the same as before it was known.
            "redemption.reserve", key, request.url.path,
            body.model_dump_json(exclude_none=True, exclude=_as_ever(body)).encode(),
        )  # fmt: skip
        reply = await commands.reserve(
            command, body.member_id, body.reward_id, wish_of(body), from_pool=body.from_pool
        )
        return answered(reply)

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
        responses=responses_of(problems.UNKNOWN_REDEMPTION),
        summary="A redemption as it stands",
    )
    async def redemption(redemption_id: RedemptionPath) -> Response:
        return shown(await reads.redemption(redemption_id))


def _as_ever(body: ReserveRequest) -> set[str]:
    return set() if body.from_pool else {"from_pool"}


def _explanations(api: FastAPI) -> None:
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


def _tokens(api: FastAPI, tokens: Tokens) -> None:
    @api.post(
        "/v1/member-tokens",
        status_code=201,
        response_model=MemberToken,
        responses=responses_of(problems.TOO_LARGE, problems.TOKENS_OFF),
        summary="A token with which one member may ask for itself",
    )
    async def member_token(request: Request, body: TokenRequest) -> Response:
        if not tokens.on:
            raise Refusal(problems.TOKENS_OFF, "There is nothing to sign them with.")
        claims = Claims(body.member_id, caller_of(request).key_id)
        token, ends = tokens.issue(claims, timedelta(minutes=body.minutes))
        return shown(MemberToken(token=token, member_id=body.member_id, expires_at=ends), 201)


def _refusals(api: FastAPI) -> None:
    @api.exception_handler(RequestValidationError)
    async def unreadable(request: Request, error: RequestValidationError) -> Response:
        return problem_response(_unreadable(error.errors()), request.url.path)

    @api.exception_handler(HTTPException)
    async def no_route(request: Request, error: HTTPException) -> Response:
        kind = Kind("", HTTPStatus(error.status_code), error.detail, "See /v1/openapi.json.")
        refusal = Refusal(kind, f"{request.method} is not to be had here.")
        answer_headers(request.scope).update(error.headers or {})
        return problem_response(refusal, request.url.path)


def _unreadable(errors: Any) -> Refusal:
    """What is wrong with a request, field by field, without repeating its values."""
    fields = [
        {"field": ".".join(str(part) for part in error["loc"]), "message": error["msg"]}
        for error in errors
    ]
    if any(tuple(error["loc"]) == ("header", KEY_HEADER) for error in errors):
        return Refusal(problems.INVALID_KEY, "Every command needs one.", errors=fields)
    if len(fields) == 1:
        return problems.unreadable(**fields[0])
    return Refusal(problems.INVALID_REQUEST, f"{len(fields)} fields cannot be used.", errors=fields)
