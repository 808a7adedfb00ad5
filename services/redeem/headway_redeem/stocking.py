"""Saying how many of a reward there are, with its audit entry."""

from typing import TYPE_CHECKING

from headway.access import audit
from headway.contracts.api.admin import StockRequest
from headway.errors import UserError
from headway.ledger import catalogue
from headway.program.program import Programs
from headway_redeem import problems
from headway_redeem.adjustments import Act
from headway_redeem.admin_views import stock_view
from headway_redeem.commanding import Command, Commanding, Reply, refused
from headway_redeem.refusal import Refusal

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


class Stocking(Commanding):
    """Sets the stock of rewards that are counted."""

    async def set_stock(
        self, command: Command, act: Act, reward_id: str, request: StockRequest
    ) -> Reply:
        """Say how many of a reward there are in all, those already taken included."""

        async def work(connection: "Connection") -> Reply:
            no = _uncounted(await self.newest(connection), reward_id)
            if no is None:
                try:
                    stock = await catalogue.set_stock(connection, reward_id, request.total)
                except UserError:
                    no = await _taken(connection, reward_id, request.total)
            await audit.record(
                connection, act.caller.actor, audit.STOCK_SET, reward_id,
                request_id=act.request_id, outcome="done" if no is None else "refused",
                total=request.total, by=act.person,
            )  # fmt: skip
            if no is not None:
                return refused(no, command)
            return Reply(200, stock_view(stock).model_dump_json())

        return await self.once(command, work)


def _uncounted(programs: Programs, reward_id: str) -> Refusal | None:
    """Why there is nothing to count: what any version of the programme counts may be set."""
    known = [program.reward(reward_id) for program in programs.all]
    if any(reward is not None and reward.stock is not None for reward in known):
        return None
    if any(reward is not None for reward in known):
        return Refusal(problems.NOT_COUNTED, f"There is no end to {reward_id!r}.")
    return Refusal(
        problems.UNKNOWN_REWARD, f"No programme has a reward {reward_id!r}.", reward_id=reward_id
    )


async def _taken(connection: "Connection", reward_id: str, total: int) -> Refusal:
    stock = (await catalogue.read_stock(connection))[reward_id]
    return Refusal(
        problems.STOCK_TAKEN, f"{stock.taken} are spoken for, {total} would be too few.",
        reward_id=reward_id, taken=stock.taken,
    )  # fmt: skip
