"""Household pools: create, invite, accept, decline, leave, who may spend, dissolve.

No act moves points, so none is an input of the ledger; each is in the pool's own log.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import asyncpg

from headway.contracts.api.pools import InviteRequest, PoolAct, SpendingRequest
from headway.ledger import pools as ledger
from headway.ledger.pools import By, Member, Pool
from headway_redeem import problems
from headway_redeem.access import Caller
from headway_redeem.commanding import Command, Commanding, Reply, refused
from headway_redeem.pool_views import PoolReader
from headway_redeem.redemptions import unknown_member
from headway_redeem.refusal import Refusal

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


class Acting(NamedTuple):
    """An act on a locked pool: who acts, as a member of it, and as its log names them."""

    pool: Pool
    member: Member
    by: By


_Act: TypeAlias = Callable[["Connection", Acting], Awaitable[Refusal | None]]


class Pools(Commanding):
    """Everything that changes who is in a pool, or may spend from it."""

    async def create(self, command: Command, caller: Caller, request: PoolAct) -> Reply:
        """A new pool, with its owner. Raises Refusal for what is not kept."""

        async def work(connection: "Connection") -> Reply:
            owner = await _account_of(connection, request.member_id)
            if not await self._household(connection):
                return refused(Refusal(problems.NO_POOLS, "Nothing was created."), command)
            pool_id = "pool_" + secrets.token_urlsafe(18)
            try:
                async with connection.transaction():
                    await ledger.create(connection, pool_id, owner)
            except asyncpg.UniqueViolationError:
                return refused(_in_another(), command)
            by = By(owner, caller.key_id, caller.member_id is not None)
            await ledger.note(connection, pool_id, "create", by, owner)
            return await self._told(connection, pool_id, 201)

        return await self.once(command, work)

    async def invite(
        self, command: Command, caller: Caller, pool_id: str, request: InviteRequest
    ) -> Reply:
        """Ask a member in. Raises Refusal as `create`, and for a pool that is not the caller's."""

        async def act(connection: "Connection", acting: Acting) -> Refusal | None:
            pool = acting.pool
            invited = await _account_of(connection, request.invited_id)
            household = await self._household(connection)
            if not household:
                return Refusal(problems.NO_POOLS, "Nobody was invited.")
            if acting.member.role != "owner":
                return Refusal(problems.NOT_OWNER, "Nobody was invited.")
            if pool.member(request.invited_id) is not None:
                return Refusal(problems.ALREADY_IN_POOL, f"{request.invited_id!r} is asked, or in.")
            if len(pool.members) >= household:
                return Refusal(problems.POOL_FULL, f"There may be {household} members.")
            await ledger.put(connection, pool_id, invited, "invited", may_spend=request.may_spend)
            await ledger.note(connection, pool_id, "invite", acting.by, invited)
            return None

        return await self._act(command, caller, pool_id, request.member_id, act)

    async def accept(
        self, command: Command, caller: Caller, pool_id: str, request: PoolAct
    ) -> Reply:
        """Join the pool one was invited to. Raises Refusal as `invite`."""

        async def act(connection: "Connection", acting: Acting) -> Refusal | None:
            member, household = acting.member, await self._household(connection)
            if not household:
                return Refusal(problems.NO_POOLS, "Nobody has joined.")
            if member.state != "invited":
                return Refusal(problems.NOT_INVITED, "The member has joined already.")
            if acting.pool.joined >= household:
                return Refusal(problems.POOL_FULL, f"There may be {household} members.")
            try:
                async with connection.transaction():
                    await ledger.put(
                        connection, pool_id, member.account_id, "joined",
                        may_spend=member.may_spend,
                    )  # fmt: skip
            except asyncpg.UniqueViolationError:
                return _in_another()
            await ledger.note(connection, pool_id, "accept", acting.by, member.account_id)
            return None

        return await self._act(command, caller, pool_id, request.member_id, act)

    async def decline(
        self, command: Command, caller: Caller, pool_id: str, request: PoolAct
    ) -> Reply:
        """Turn an invitation down. Raises Refusal as `invite`."""

        async def act(connection: "Connection", acting: Acting) -> Refusal | None:
            if acting.member.state != "invited":
                return Refusal(problems.NOT_INVITED, "The member has joined already.")
            await _gone(connection, acting, "decline")
            return None

        return await self._act(command, caller, pool_id, request.member_id, act)

    async def leave(
        self, command: Command, caller: Caller, pool_id: str, request: PoolAct
    ) -> Reply:
        """Leave the pool, with all that is one's own. Raises Refusal as `invite`."""

        async def act(connection: "Connection", acting: Acting) -> Refusal | None:
            if acting.member.role == "owner":
                return Refusal(problems.OWNER_STAYS, "Nobody has left.")
            if acting.member.state != "joined":
                return Refusal(problems.NOT_A_POOL_MEMBER, "An invitation is declined.")
            await _gone(connection, acting, "leave")
            return None

        return await self._act(command, caller, pool_id, request.member_id, act)

    async def spending(
        self, command: Command, caller: Caller, pool_id: str, request: SpendingRequest
    ) -> Reply:
        """Say who may spend. Raises Refusal as `invite`."""

        async def act(connection: "Connection", acting: Acting) -> Refusal | None:
            if acting.member.role != "owner":
                return Refusal(problems.NOT_OWNER, "Nothing was changed.")
            other = acting.pool.member(request.of_member_id)
            if other is None:
                return Refusal(problems.NOT_A_POOL_MEMBER, "Nothing was changed.")
            if other.role == "owner":
                return Refusal(problems.OWNER_STAYS, "Nothing was changed.")
            await ledger.put(
                connection, pool_id, other.account_id, other.state, may_spend=request.may_spend
            )
            what: ledger.Act = "allow_spending" if request.may_spend else "refuse_spending"
            await ledger.note(connection, pool_id, what, acting.by, other.account_id)
            return None

        return await self._act(command, caller, pool_id, request.member_id, act)

    async def dissolve(
        self, command: Command, caller: Caller, pool_id: str, request: PoolAct
    ) -> Reply:
        """End the pool: everybody keeps what is their own. Raises Refusal as `invite`."""

        async def act(connection: "Connection", acting: Acting) -> Refusal | None:
            if acting.member.role != "owner":
                return Refusal(problems.NOT_OWNER, "The pool goes on.")
            await ledger.dissolve(connection, pool_id)
            owner = acting.member.account_id
            await ledger.note(connection, pool_id, "dissolve", acting.by, owner)
            return None

        return await self._act(command, caller, pool_id, request.member_id, act)

    async def _act(
        self, command: Command, caller: Caller, pool_id: str, member_id: str, act: _Act
    ) -> Reply:
        """Do something to a locked pool, as somebody who is in it or invited to it."""

        async def work(connection: "Connection") -> Reply:
            pool = await ledger.lock(connection, pool_id)
            member = None if pool is None else pool.member(member_id)
            if pool is None or member is None:
                raise unknown_pool(pool_id)
            by = By(member.account_id, caller.key_id, caller.member_id is not None)
            no = await act(connection, Acting(pool, member, by))
            if no is not None:
                return refused(no, command)
            return await self._told(connection, pool_id, 200)

        return await self.once(command, work)

    async def _household(self, connection: "Connection") -> int:
        """How many may be in a pool now; 0: the programme has none."""
        programs = await self.published(connection)
        return 0 if programs is None else programs.at(self.clock.now()).pool_members

    async def _told(self, connection: "Connection", pool_id: str, status: int) -> Reply:
        pool = await ledger.read(connection, pool_id)
        if pool is None:
            raise unknown_pool(pool_id)
        reader = PoolReader(self.programs, self.clock)
        return Reply(status, (await reader.view(connection, pool)).model_dump_json())


async def _gone(connection: "Connection", acting: Acting, act: ledger.Act) -> None:
    member, pool_id = acting.member, acting.pool.pool_id
    await ledger.put(connection, pool_id, member.account_id, "left", may_spend=False)
    await ledger.note(connection, pool_id, act, acting.by, member.account_id)


async def _account_of(connection: "Connection", member_id: str) -> int:
    account_id = await ledger.account_of(connection, member_id)
    if account_id is None:
        raise unknown_member(member_id)
    return account_id


def _in_another() -> Refusal:
    return Refusal(problems.ALREADY_IN_POOL, "Nothing was changed.")


def unknown_pool(pool_id: str) -> Refusal:
    """The refusal of an id that names no pool, or one that the caller has no part in."""
    return Refusal(problems.UNKNOWN_POOL, f"{pool_id!r} is no pool of this member.")
