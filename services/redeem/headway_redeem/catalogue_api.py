"""The routes of the catalogue: what rewards there are, and what one would cost."""

from typing import Annotated, Protocol

from fastapi import FastAPI, Query
from starlette.responses import Response

from headway.contracts.api.catalogue import CodeView, Quote, Rewards
from headway.contracts.api.redemptions import ReserveRequest
from headway.contracts.fields import Id
from headway.domain.terms import Wish
from headway_redeem import problems
from headway_redeem.routing import responses_of, shown, wish_of

_MEMBER = Annotated[Id | None, Query(description="Whose prices to show.")]


class CatalogueReads(Protocol):
    """What looks rewards and codes up."""

    async def rewards(self, member_id: str | None = None) -> Rewards: ...

    async def quote(
        self, member_id: str, reward_id: str, asked: Wish, *, from_pool: bool
    ) -> Quote: ...

    async def code(self, text: str) -> CodeView: ...


def add_catalogue(api: FastAPI, reads: CatalogueReads) -> None:
    """The catalogue's routes; nothing is written by them."""

    @api.get(
        "/v1/rewards",
        response_model=Rewards,
        responses=responses_of(problems.UNKNOWN_MEMBER, problems.NO_PROGRAMME),
        summary="The rewards of the programme in force, for a member if one is named",
    )
    async def rewards(member_id: _MEMBER = None) -> Response:
        return shown(await reads.rewards(member_id))

    @api.post(
        "/v1/quotes",
        response_model=Quote,
        responses=responses_of(
            problems.TOO_LARGE, problems.UNKNOWN_MEMBER,
            problems.UNKNOWN_REWARD, problems.NOT_IN_POOL, problems.MAY_NOT_SPEND,
        ),
        summary="What a reward would cost a member now, and save",
    )  # fmt: skip
    async def quote(body: ReserveRequest) -> Response:
        asked = wish_of(body)
        quoted = await reads.quote(body.member_id, body.reward_id, asked, from_pool=body.from_pool)
        return shown(quoted)
