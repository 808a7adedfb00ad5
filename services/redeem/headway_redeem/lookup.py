"""Looking things up: redemptions, rewards, quotes, codes; by `members` one member, by `admin` what
operators see. Nothing here writes or locks."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import asyncpg

from headway.contracts.api.catalogue import CodeView, Quote, Rewards
from headway.contracts.api.redemptions import RedemptionView
from headway.domain.standing import standing
from headway.domain.terms import Wish
from headway.ledger import pools
from headway.ledger import redemptions as ledger
from headway.ledger.catalogue import read_wishes
from headway.ledger.lots import with_open_lots
from headway.ledger.programs import ProgramCache
from headway.runtime.clock import Clock
from headway_redeem import problems
from headway_redeem.admin_api import AdminReads
from headway_redeem.admin_lookup import AdminLookup
from headway_redeem.catalogue_views import Seen, for_all, for_member, quoted
from headway_redeem.member_lookup import MemberLookup
from headway_redeem.member_routes import MemberReads
from headway_redeem.pool_lookup import PoolLookup
from headway_redeem.pool_views import PoolReader
from headway_redeem.reading import Reading
from headway_redeem.redemptions import pool_pays_no_order, unknown_redemption
from headway_redeem.refusal import Refusal
from headway_redeem.views import redemption_view
from headway_redeem.vouchers import code_view, find_code

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


class Lookup(Reading):
    """Reads for the API."""

    def __init__(
        self, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"], programs: ProgramCache,
        clock: Clock,
    ) -> None:  # fmt: skip
        super().__init__(pool, programs, clock)
        self.members: MemberReads = MemberLookup(pool, programs, clock)
        self.admin: AdminReads = AdminLookup(pool, programs, clock)
        self.pools = PoolLookup(pool, programs, clock)

    async def _seen(self, connection: "Connection", member_id: str) -> Seen:
        account, programs, epoch = await self.find(connection, member_id)
        now = self.now_of(account)
        if account.next_due_at is not None and account.next_due_at <= now:
            account = await with_open_lots(connection, account)
        return Seen(account, standing(programs, account, now), programs.at(now), now, epoch)

    async def redemption(self, redemption_id: str) -> RedemptionView:
        """A redemption as it stands. Raises Refusal if there is no such redemption."""
        async with self._pool().acquire() as connection:
            found = await ledger.read_redemption(connection, redemption_id)
        if found is None:
            raise unknown_redemption(redemption_id)
        return redemption_view(found[0])

    async def owner(self, redemption_id: str) -> str | None:
        """The member whose redemption it is; None if there is no such redemption."""
        if not redemption_id.isprintable():
            return None  # text with a NUL is none to the database
        async with self._pool().acquire() as connection:
            return await ledger.owner_of(connection, redemption_id)

    async def rewards(self, member_id: str | None = None) -> Rewards:
        """The rewards of the programme in force now, for a member if one is named."""
        async with self.snapshot() as connection:
            if member_id is None:
                at = self.clock.now()
                program = (await self.published(connection)).at(at)
                at = max(at, program.from_at)
                known = await read_wishes(connection, program, program.rewards, None, at)
                return for_all(program, at, known)
            seen = await self._seen(connection, member_id)
            known = await read_wishes(
                connection, seen.program, seen.program.rewards, seen.now.account_id, seen.at
            )
        return for_member(seen, known)

    async def quote(
        self, member_id: str, reward_id: str, asked: Wish, *, from_pool: bool = False
    ) -> Quote:
        """What a reward would cost a member now, or the member's household. Raises Refusal for an
        unknown member or reward, and for no pool to spend from."""
        if from_pool and asked.order_id is not None:
            raise pool_pays_no_order()
        async with self.snapshot() as connection:
            seen = await self._seen(connection, member_id)
            if from_pool:
                seen = await self._with_pool(connection, seen)
            reward = seen.program.reward(reward_id)
            if reward is None:
                raise Refusal(
                    problems.UNKNOWN_REWARD, f"{reward_id!r} is not among the rewards now.",
                    reward_id=reward_id,
                )  # fmt: skip
            found = await read_wishes(
                connection, seen.program, [reward], seen.now.account_id, seen.at
            )
        known = found.get(reward_id)
        if known is not None:
            asked = asked._replace(had=known.had, left=known.left)
        return quoted(seen, reward, asked)

    async def _with_pool(self, connection: "Connection", seen: Seen) -> Seen:
        """As if what all of the household have were the member's own: so it is when it is spent."""
        found = await pools.pool_of(connection, seen.now.account_id)
        pool = None if found is None else await pools.read(connection, found)
        member = None if pool is None else pool.member(seen.now.member_id)
        if pool is None or member is None:
            raise Refusal(problems.NOT_IN_POOL, "There is nothing to quote.")
        if not member.may_spend:
            raise Refusal(problems.MAY_NOT_SPEND, "There is nothing to quote.")
        reader = PoolReader(self._programs, self.clock)
        accounts = await reader.accounts(connection, pool.pool_id)
        available = sum(account.available for account in accounts)
        return seen._replace(now=seen.now._replace(available=available, owed=0))

    async def code(self, text: str) -> CodeView:
        """A voucher's code, and whether it can be used. Raises Refusal if there is none."""
        at = self.clock.now()
        async with self.snapshot() as connection:
            program = (await self.published(connection)).at(at)
            return code_view(await find_code(connection, text), program, at)
