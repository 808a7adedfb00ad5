"""A pool as its members see it: who is in it, and what each has now."""

from typing import TYPE_CHECKING

from headway.contracts.api.pools import Invitation, MemberPool, PoolMember, PoolView
from headway.domain.account import Account
from headway.domain.standing import standing
from headway.ledger import pools as ledger
from headway.ledger import redemptions, snapshot
from headway.ledger.lots import with_open_lots
from headway.ledger.pools import Pool
from headway.ledger.programs import ProgramCache
from headway.runtime.clock import Clock

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


class PoolReader:
    """Reads pools with their members' accounts, settled to the clock's now."""

    def __init__(self, programs: ProgramCache, clock: Clock) -> None:
        self._programs = programs
        self._clock = clock

    async def accounts(self, connection: "Connection", pool_id: str) -> list[Account]:
        """The accounts of all who have joined and have not left the programme, settled."""
        latest = await connection.fetchval(redemptions.QUERIES.latest_program)
        programs = await self._programs.get(connection, latest)
        found: list[Account] = []
        for row in await ledger.read_joined(connection, pool_id):
            account = snapshot.account_from(row)
            now = self._clock.now()
            now = max(now, account.time or now)
            if account.next_due_at is not None and account.next_due_at <= now:
                account = await with_open_lots(connection, account)
            if account.left_at is None or now < account.left_at:
                found.append(standing(programs, account, now))
        return found

    async def view(self, connection: "Connection", pool: Pool) -> PoolView:
        """A pool, its members, and what they have."""
        has = {a.member_id: a.available for a in await self.accounts(connection, pool.pool_id)}
        return PoolView(
            pool_id=pool.pool_id,
            state=pool.state,
            available=sum(has.values()),
            members=[
                PoolMember(
                    member_id=member.member_id, role=member.role,
                    state="joined" if member.state == "joined" else "invited",
                    may_spend=member.may_spend, since=member.since,
                    available=has.get(member.member_id, 0) if member.state == "joined" else None,
                )
                for member in pool.members
            ],
        )  # fmt: skip

    async def of_member(
        self, connection: "Connection", member_id: str, account_id: int
    ) -> MemberPool:
        """The pool that a member is in, and those that wait for an answer."""
        pool_id = await ledger.pool_of(connection, account_id)
        pool = None if pool_id is None else await ledger.read(connection, pool_id)
        return MemberPool(
            member_id=member_id,
            pool=None if pool is None else await self.view(connection, pool),
            invitations=[
                Invitation(**one._asdict())
                for one in await ledger.invitations(connection, account_id)
            ],
        )
