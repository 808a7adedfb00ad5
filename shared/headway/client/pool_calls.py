"""Calls about what members share: transfers between them, and household pools."""

from urllib.parse import quote as quoted

from headway.client.calls import Call, command, of_member, read
from headway.contracts.api.pools import (
    InviteRequest,
    MemberPool,
    PoolAct,
    PoolView,
    SpendingRequest,
    TransferAnswer,
    TransferRequest,
)


def transfer(member_id: str, to_member_id: str, points: int, key: str) -> Call[TransferAnswer]:
    """POST /v1/transfers."""
    request = TransferRequest(member_id=member_id, to_member_id=to_member_id, points=points)
    return command("/v1/transfers", TransferAnswer, key, request)


def pool(pool_id: str) -> Call[PoolView]:
    """GET /v1/pools/{pool_id}."""
    return read(_of_pool(pool_id), PoolView)


def member_pool(member_id: str) -> Call[MemberPool]:
    """GET /v1/members/{member_id}/pool."""
    return read(of_member(member_id) + "/pool", MemberPool)


def create_pool(member_id: str, key: str) -> Call[PoolView]:
    """POST /v1/pools."""
    return command("/v1/pools", PoolView, key, PoolAct(member_id=member_id))


def act(how: str, pool_id: str, member_id: str, key: str) -> Call[PoolView]:
    """POST /v1/pools/{pool_id}/accept, decline, leave or dissolve."""
    return command(f"{_of_pool(pool_id)}/{how}", PoolView, key, PoolAct(member_id=member_id))


def invite(
    pool_id: str, member_id: str, invited_id: str, key: str, *, may_spend: bool
) -> Call[PoolView]:
    """POST /v1/pools/{pool_id}/invite."""
    request = InviteRequest(member_id=member_id, invited_id=invited_id, may_spend=may_spend)
    return command(f"{_of_pool(pool_id)}/invite", PoolView, key, request)


def spending(
    pool_id: str, member_id: str, of_member_id: str, key: str, *, may_spend: bool
) -> Call[PoolView]:
    """POST /v1/pools/{pool_id}/spending."""
    request = SpendingRequest(member_id=member_id, of_member_id=of_member_id, may_spend=may_spend)
    return command(f"{_of_pool(pool_id)}/spending", PoolView, key, request)


def _of_pool(pool_id: str) -> str:
    return f"/v1/pools/{quoted(pool_id, safe='')}"
