"""Looking one member up: as of now, in the past, and how that came about."""

from datetime import datetime

from headway.contracts.api.members import BalanceAsOf, Explanation, History, MemberView
from headway.domain.standing import standing
from headway.ledger.as_of import read_as_of
from headway.ledger.explanation import read_explanation
from headway.ledger.history import Wanted, read_history
from headway.ledger.lots import with_open_lots
from headway_redeem import problems
from headway_redeem.history_views import explanation_view, history_view
from headway_redeem.member_views import member_view
from headway_redeem.reading import Reading
from headway_redeem.views import balances


class MemberLookup(Reading):
    """Reads of one member; Refusal when there is no such member."""

    async def view(self, member_id: str) -> MemberView:
        """A member's balances and progress as of now."""
        async with self.snapshot() as connection:
            found = await self.find(connection, member_id)
            account = await with_open_lots(connection, found.account)
        now = self.now_of(account)
        return member_view(account, standing(found.programs, account, now), found.programs,
                           found.epoch)  # fmt: skip

    async def history(
        self, member_id: str, wanted: Wanted, before: int | None, limit: int
    ) -> History:
        """A page of the points history, as recorded."""
        async with self.snapshot() as connection:
            found = await self.find(connection, member_id)
            page = await read_history(
                connection, found.account, found.programs, wanted, before, limit
            )
        return history_view(member_id, page)

    async def balance(self, member_id: str, at: datetime) -> BalanceAsOf:
        """The balance by what had been recorded until `at`."""
        async with self.snapshot() as connection:
            found = await self.find(connection, member_id)
            then = await read_as_of(connection, found.account.account_id, at)
        if then is None:
            raise problems.unreadable(
                "query.at", "has not come yet; send a past moment, or ask for the member as of now"
            )
        return BalanceAsOf(
            member_id=member_id, at=at, balances=balances(then.balances), tier=then.tier,
            epoch=then.epoch, version=then.version, seq=then.seq, head_hash=then.head_hash.hex(),
        )  # fmt: skip

    async def explanation(
        self, member_id: str, before: int | None, limit: int, *, all_lots: bool
    ) -> Explanation:
        """A page of the lots that the recorded balance is made of."""
        async with self.snapshot() as connection:
            found = await self.find(connection, member_id)
            page = await read_explanation(
                connection, found.account, found.programs, before, limit, all_lots=all_lots
            )
        return explanation_view(found.account, found.epoch, page)
