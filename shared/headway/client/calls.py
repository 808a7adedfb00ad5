"""Calls of the redeem API as values: what is sent, and what the answer must look like."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import quote as quoted

from pydantic import BaseModel

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
from headway.contracts.api.catalogue import CodeView, Quote, Rewards, UseCodeRequest
from headway.contracts.api.members import (
    BalanceAsOf,
    Explanation,
    GoalAnswer,
    GoalRequest,
    History,
    MemberView,
)
from headway.contracts.api.redemptions import (
    MemberToken,
    OrderTotal,
    RedemptionAnswer,
    RedemptionView,
    ReserveRequest,
    TokenRequest,
)
from headway.domain.redemption import State

Answer = TypeVar("Answer", bound=BaseModel)
Query = Mapping[str, str | int | list[str]]
_NO_QUERY: Query = {}


class Call(NamedTuple, Generic[Answer]):
    """One request. `key` is the Idempotency-Key of a command: the same for each of its tries."""

    method: str
    path: str
    answer: type[Answer]
    key: str = ""
    body: bytes = b""
    query: Query = _NO_QUERY

    def request(self) -> dict[str, Any]:
        """What httpx is given."""
        headers = {"Accept": "application/json"}
        if self.key:
            headers["Idempotency-Key"] = self.key
        if self.body:
            headers["Content-Type"] = "application/json"
        return {
            "method": self.method,
            "url": self.path,
            "headers": headers,
            "content": self.body or None,
            "params": self.query or None,
        }

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


# -- reading ---------------------------------------------------------------------------------------


def member(member_id: str) -> Call[MemberView]:
    """GET /v1/members/{member_id}."""
    return read(of_member(member_id), MemberView)


def history(
    member_id: str, cursor: str | None, limit: int, kinds: Iterable[str],
    since: datetime | None, until: datetime | None,
) -> Call[History]:  # fmt: skip
    """GET /v1/members/{member_id}/history."""
    query: dict[str, str | int | list[str]] = {"limit": limit, "kind": list(kinds)}
    for name, moment in (("since", since), ("until", until)):
        if moment is not None:
            query[name] = moment.isoformat()
    return read(of_member(member_id) + "/history", History, _page(query, cursor))


def balance(member_id: str, at: datetime) -> Call[BalanceAsOf]:
    """GET /v1/members/{member_id}/balance."""
    return read(of_member(member_id) + "/balance", BalanceAsOf, {"at": at.isoformat()})


def explanation(
    member_id: str, cursor: str | None, limit: int, *, all_lots: bool
) -> Call[Explanation]:
    """GET /v1/members/{member_id}/explanation."""
    query: Query = {"limit": limit, "lots": "all" if all_lots else "open"}
    return read(of_member(member_id) + "/explanation", Explanation, _page(query, cursor))


def rewards(member_id: str | None) -> Call[Rewards]:
    """GET /v1/rewards."""
    return read("/v1/rewards", Rewards, {} if member_id is None else {"member_id": member_id})


def redemption(redemption_id: str) -> Call[RedemptionView]:
    """GET /v1/redemptions/{redemption_id}."""
    return read(f"/v1/redemptions/{_in_path(redemption_id)}", RedemptionView)


def code(text: str) -> Call[CodeView]:
    """GET /v1/codes/{code}."""
    return read(f"/v1/codes/{_in_path(text)}", CodeView)


def redemptions(
    member_id: str | None, state: State | None, since: datetime | None, cursor: str | None,
    limit: int,
) -> Call[Redemptions]:  # fmt: skip
    """GET /v1/redemptions."""
    moment = None if since is None else since.isoformat()
    query = _given(limit=limit, member_id=member_id, state=state, since=moment)
    return read("/v1/redemptions", Redemptions, _page(query, cursor))


def adjustments(
    state: AdjustmentState | None, member_id: str | None, cursor: str | None, limit: int
) -> Call[Adjustments]:
    """GET /v1/adjustments."""
    query = _given(limit=limit, member_id=member_id, state=state)
    return read("/v1/adjustments", Adjustments, _page(query, cursor))


def catalogue_state() -> Call[CatalogueState]:
    """GET /v1/admin/rewards."""
    return read("/v1/admin/rewards", CatalogueState)


def code_pools() -> Call[CodePools]:
    """GET /v1/admin/codes."""
    return read("/v1/admin/codes", CodePools)


def export(member_id: str) -> Call[MemberExport]:
    """GET /v1/members/{member_id}/export."""
    return read(of_member(member_id) + "/export", MemberExport)


def quote(request: ReserveRequest) -> Call[Quote]:
    """POST /v1/quotes, which writes nothing and takes no key."""
    return Call("POST", "/v1/quotes", Quote, body=_body(request))


# -- commands --------------------------------------------------------------------------------------


def reserve(request: ReserveRequest, key: str) -> Call[RedemptionAnswer]:
    """POST /v1/redemptions."""
    return command("/v1/redemptions", RedemptionAnswer, key, request)


def step(name: str, redemption_id: str, key: str) -> Call[RedemptionAnswer]:
    """POST /v1/redemptions/{redemption_id}/confirm, fulfil, cancel or reverse."""
    return command(f"/v1/redemptions/{_in_path(redemption_id)}/{name}", RedemptionAnswer, key)


def use_code(text: str, order_id: str | None, key: str) -> Call[CodeView]:
    """POST /v1/codes/{code}/use."""
    request = UseCodeRequest(order_id=order_id)
    return command(f"/v1/codes/{_in_path(text)}/use", CodeView, key, request)


def set_goal(member_id: str, reward_id: str, key: str) -> Call[GoalAnswer]:
    """PUT /v1/members/{member_id}/goal."""
    request = GoalRequest(reward_id=reward_id)
    call = command(of_member(member_id) + "/goal", GoalAnswer, key, request)
    return call._replace(method="PUT")


def clear_goal(member_id: str, key: str) -> Call[GoalAnswer]:
    """DELETE /v1/members/{member_id}/goal."""
    call = command(of_member(member_id) + "/goal", GoalAnswer, key)
    return call._replace(method="DELETE")


def adjust(member_id: str, points: int, reason: str, by: str, key: str) -> Call[AdjustmentAnswer]:
    """POST /v1/adjustments."""
    request = AdjustRequest(member_id=member_id, points=points, reason=reason, by=by)
    return command("/v1/adjustments", AdjustmentAnswer, key, request)


def decide_adjustment(how: str, adjustment_id: str, by: str, key: str) -> Call[AdjustmentAnswer]:
    """POST /v1/adjustments/{adjustment_id}/approve or reject."""
    path = f"/v1/adjustments/{_in_path(adjustment_id)}/{how}"
    return command(path, AdjustmentAnswer, key, SecondRequest(by=by))


def erase(member_id: str, reason: str, by: str, key: str) -> Call[Erased]:
    """POST /v1/members/{member_id}/erase."""
    request = EraseRequest(reason=reason, by=by)
    return command(of_member(member_id) + "/erase", Erased, key, request)


def set_stock(reward_id: str, total: int, by: str, key: str) -> Call[StockView]:
    """POST /v1/admin/rewards/{reward_id}/stock."""
    path = f"/v1/admin/rewards/{_in_path(reward_id)}/stock"
    return command(path, StockView, key, StockRequest(total=total, by=by))


def member_token(member_id: str, minutes: int) -> Call[MemberToken]:
    """POST /v1/member-tokens, which writes nothing and takes no key."""
    request = TokenRequest(member_id=member_id, minutes=minutes)
    return Call("POST", "/v1/member-tokens", MemberToken, body=_body(request))


def wish(
    member_id: str, reward_id: str, order: tuple[int, str] | None, pay_points: int | None,
    order_id: str | None = None, *, from_pool: bool = False,
) -> ReserveRequest:  # fmt: skip
    """What is asked for; `order` is a total in minor units and its currency."""
    total = None if order is None else OrderTotal(total_minor=order[0], currency=order[1])
    return ReserveRequest(
        member_id=member_id, reward_id=reward_id, order=total, pay_points=pay_points,
        order_id=order_id,
        from_pool=from_pool,
    )  # fmt: skip


def read(path: str, answer: type[Answer], query: Query = _NO_QUERY) -> Call[Answer]:
    """A call that changes nothing."""
    return Call("GET", path, answer, query=query)


def command(
    path: str, answer: type[Answer], key: str, request: BaseModel | None = None
) -> Call[Answer]:
    """A call that changes something, under a key; under a new one if none is given."""
    body = b"" if request is None else _body(request)
    return Call("POST", path, answer, key or secrets.token_urlsafe(18), body)


def _body(request: BaseModel) -> bytes:
    return request.model_dump_json(exclude_none=True).encode()


def _given(**query: str | int | None) -> Query:
    return {name: value for name, value in query.items() if value is not None}


def _page(query: Query, cursor: str | None) -> Query:
    return query if cursor is None else {**query, "cursor": cursor}


def of_member(member_id: str) -> str:
    """The path of a member."""
    return f"/v1/members/{_in_path(member_id)}"


def _in_path(id_: str) -> str:
    """Ids may hold anything, slashes too."""
    return quoted(id_, safe="")
