"""Why a command was refused, in words and figures for the one who sent it."""

from headway.domain.closing import Decision
from headway.domain.redemption import STARTS_FROM, Step
from headway.domain.standing import standing
from headway.errors import InvariantViolated
from headway.ledger.books import Books
from headway_redeem import problems
from headway_redeem.problems import Refusal


def refusal_of(books: Books, decision: Decision, reward_id: str) -> Refusal:
    """The problem document of a refused decision."""
    reason, what, at = decision.outcome.reason, decision.input.data, decision.input.time
    if reason == "wrong state" and isinstance(what, Step):
        needed = STARTS_FROM[decision.input.kind]
        return Refusal(
            problems.WRONG_STATE, f"It is {what.state}; this needs it to be {needed}.",
            redemption_id=what.redemption_id, state=what.state, needed_state=needed,
        )  # fmt: skip
    if reason == "insufficient points":
        return _insufficient(books, decision, reward_id)
    if reason == "unknown reward":
        return Refusal(
            problems.UNKNOWN_REWARD,
            f"{reward_id!r} is not among the rewards of {at.isoformat()}.",
            reward_id=reward_id,
        )
    if reason == "member left":
        return Refusal(problems.MEMBER_LEFT, "Nothing new can be reserved.")
    raise InvariantViolated(f"{decision.input.kind} refused for an unheard-of reason: {reason}")


def _insufficient(books: Books, decision: Decision, reward_id: str) -> Refusal:
    """The account is not settled by a refused command, so its balances are settled for showing."""
    at = decision.input.time
    reward = books.programs.at(at).reward(reward_id)
    if reward is None:
        raise InvariantViolated(f"too few points for {reward_id!r}, which is no reward")
    now = standing(books.programs, decision.account, at)
    return Refusal(
        problems.INSUFFICIENT_POINTS,
        f"{reward.name} costs {reward.points} points; {now.available} are available.",
        reward_id=reward_id, available=now.available, needed=reward.points,
        pending=now.pending, reserved=now.reserved, owed=now.owed,
    )  # fmt: skip
