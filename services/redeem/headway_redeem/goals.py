"""Choosing the reward that a member saves for, and giving it up."""

from typing import TYPE_CHECKING

from headway.contracts.api.members import GoalAnswer
from headway.domain.goal import Goal
from headway.ledger import goals as ledger
from headway.ledger.reading import QUERIES
from headway.ledger.writing import write
from headway_redeem.commanding import Command, Commanding, Reply, refused
from headway_redeem.member_views import goal_view
from headway_redeem.redemptions import unknown_member
from headway_redeem.refusing import refusal_of
from headway_redeem.views import balances

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


class Goals(Commanding):
    """Sets and clears goals."""

    async def choose(self, command: Command, member_id: str, reward_id: str = "") -> Reply:
        """Save for a reward from now on, or ('') for none. Raises Refusal for what is not kept."""

        async def work(connection: "Connection") -> Reply:
            row = await connection.fetchrow(QUERIES.lock_accounts, [member_id])
            if row is None or row["joined_at"] is None:
                raise unknown_member(member_id)
            goal = Goal(reward_id)
            body, at = ledger.body_of(goal), self.at(row)
            books, item = await self.open(connection, row, at, command, goal, body)
            decision = books.decide(row["account_id"], item)[0]
            await write(connection, books)
            if decision.outcome.outcome == "refused":
                return refused(refusal_of(books, decision, reward_id), command)
            account = decision.account
            answer = GoalAnswer(
                member_id=member_id, goal=goal_view(account, books.programs.at(at)),
                effective_at=at, epoch=books.known.epoch, version=account.version,
                balances=balances(account),
            )  # fmt: skip
            return Reply(200, answer.model_dump_json())

        return await self.once(command, work)
