"""The routes that show one member: balances, history, a past balance, the explanation of one."""

from datetime import datetime
from typing import Annotated, Any, Literal, Protocol

from fastapi import FastAPI, Query
from starlette.responses import Response

from headway.contracts.api.members import BalanceAsOf, Explanation, History, MemberView
from headway.contracts.fields import Id, Time
from headway.domain.points import Kind
from headway.ledger.history import Wanted
from headway_redeem import problems
from headway_redeem.cursor import before_of
from headway_redeem.routing import responses_of, shown

Cursor = Annotated[
    str | None,
    Query(max_length=64, description="`next_cursor` of the page before; without it, the newest."),
]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
LotLimit = Annotated[int, Query(ge=1, le=50, description="How many lots at most.")]
Kinds = Annotated[
    list[Kind] | None, Query(max_length=16, description="Of these kinds alone; may be repeated.")
]
Since = Annotated[Time | None, Query(description="From this business time on.")]
Until = Annotated[Time | None, Query(description="Before this business time.")]
Which = Annotated[
    Literal["open", "all"], Query(description="Lots that hold points now, or all there ever were.")
]
At = Annotated[
    Time, Query(description="What had been recorded until this moment, the moment included.")
]


class MemberReads(Protocol):
    """What looks one member up."""

    async def view(self, member_id: str) -> MemberView: ...

    async def history(
        self, member_id: str, wanted: Wanted, before: int | None, limit: int
    ) -> History: ...

    async def balance(self, member_id: str, at: datetime) -> BalanceAsOf: ...

    async def explanation(
        self, member_id: str, before: int | None, limit: int, *, all_lots: bool
    ) -> Explanation: ...


def add_member_routes(api: FastAPI, reads: MemberReads) -> None:
    """The routes, those below a member before the member itself, whose id may hold slashes."""
    responses: dict[int | str, dict[str, Any]] = responses_of(problems.UNKNOWN_MEMBER)

    @api.get(
        "/v1/members/{member_id:path}/history",
        response_model=History,
        responses=responses,
        summary="A member's points history with reasons, newest first",
    )
    async def history(
        member_id: Id, cursor: Cursor = None, limit: Limit = 50, kind: Kinds = None,
        since: Since = None, until: Until = None,
    ) -> Response:  # fmt: skip
        wanted = Wanted(kind or None, since, until)
        return shown(await reads.history(member_id, wanted, before_of("history", cursor), limit))

    @api.get(
        "/v1/members/{member_id:path}/balance",
        response_model=BalanceAsOf,
        responses=responses,
        summary="A member's balance as of a past recorded moment",
    )
    async def balance(member_id: Id, at: At) -> Response:
        return shown(await reads.balance(member_id, at))

    @api.get(
        "/v1/members/{member_id:path}/explanation",
        response_model=Explanation,
        responses=responses,
        summary="A member's balance down to lots, rules and source events",
    )
    async def explanation(
        member_id: Id, cursor: Cursor = None, limit: LotLimit = 20, lots: Which = "open"
    ) -> Response:
        before, every = before_of("lots", cursor), lots == "all"
        return shown(await reads.explanation(member_id, before, limit, all_lots=every))

    @api.get(
        "/v1/members/{member_id:path}",
        response_model=MemberView,
        responses=responses,
        summary="A member's balances and progress as of now",
    )
    async def member(member_id: Id) -> Response:
        return shown(await reads.view(member_id))
