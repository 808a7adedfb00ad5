"""Why a command was refused, in words and figures for the one who sent it."""

from headway.domain.closing import Decision
from headway.domain.redemption import MOVES, Reserve, Step
from headway.domain.standing import standing
from headway.domain.terms import Refused, Terms, terms_of
from headway.errors import InvariantViolated
from headway.ledger.books import Books
from headway.program.rewards import Reward
from headway_redeem import problems
from headway_redeem.refusal import Kind, Refusal

TERMS_REFUSED: dict[str, Kind] = {
    "not for this member": problems.NOT_FOR_MEMBER,
    "limit reached": problems.LIMIT_REACHED,
    "out of stock": problems.OUT_OF_STOCK,
    "order needed": problems.ORDER_NEEDED,
    "other currency": problems.OTHER_CURRENCY,
    "nothing to pay": problems.NOTHING_TO_PAY,
    "unfit points": problems.UNFIT_POINTS,
    "pays no order": problems.PAYS_NO_ORDER,
    "insufficient points": problems.INSUFFICIENT_POINTS,
}
"""The problem for each reason why a reward is not to be had on its terms."""


def refusal_of(
    books: Books, decision: Decision, reward_id: str, pool_available: int | None = None
) -> Refusal:
    """The problem document of a refused decision; `pool_available`: what there was to spend, where
    that was not the member's own."""
    reason, what, at = decision.outcome.reason, decision.input.data, decision.input.time
    if reason == "wrong state" and isinstance(what, Step):
        needed = " or ".join(MOVES[decision.input.kind].starts)
        return Refusal(
            problems.WRONG_STATE, f"It is {what.state}; this needs it to be {needed}.",
            redemption_id=what.redemption_id, state=what.state, needed_state=needed,
        )  # fmt: skip
    if reason == "insufficient points" and isinstance(what, Reserve):
        return _insufficient(books, decision, what, pool_available)
    if reason == "unknown reward":
        return Refusal(
            problems.UNKNOWN_REWARD,
            f"{reward_id!r} is not among the rewards of {at.isoformat()}.",
            reward_id=reward_id,
        )
    if reason == "member left":
        return Refusal(problems.MEMBER_LEFT, "Nothing new can be reserved.")
    if reason == "no price":
        return Refusal(
            problems.NOT_A_GOAL, f"How many points {reward_id!r} takes depends on the order.",
            reward_id=reward_id,
        )  # fmt: skip
    if reason == "code used":
        return Refusal(problems.CODE_USED, "A reward that was used is not given back.")
    if reason in TERMS_REFUSED:
        kind = TERMS_REFUSED[reason]
        return Refusal(kind, f"{reward_id!r} was not reserved.", reward_id=reward_id)
    raise InvariantViolated(f"{decision.input.kind} refused for an unheard-of reason: {reason}")


def needed_points(reward: Reward, terms: Terms | Refused) -> int:
    """What a reward takes on these terms; on none, the least that it can take."""
    return terms.points if isinstance(terms, Terms) else reward.points


def _insufficient(
    books: Books, decision: Decision, reserve: Reserve, pool_available: int | None
) -> Refusal:
    """The account is not settled by a refused command, so its balances are settled for showing."""
    at, reward_id = decision.input.time, reserve.reward_id
    program = books.programs.at(at)
    reward = program.reward(reward_id)
    if reward is None:
        raise InvariantViolated(f"too few points for {reward_id!r}, which is no reward")
    now = standing(books.programs, decision.account, at)
    available = now.available if pool_available is None else pool_available
    terms = terms_of(program, reward, now.tier, at, available, reserve.wish)
    needed = needed_points(reward, terms)
    return Refusal(
        problems.INSUFFICIENT_POINTS,
        f"{reward.name} costs {needed} points; {available} are available.",
        reward_id=reward_id, available=available, needed=needed,
        pending=now.pending, reserved=now.reserved, owed=now.owed,
    )  # fmt: skip
