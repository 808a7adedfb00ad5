"""The reward that a member saves for: chosen by the member, until it is reached or given up."""

from typing import NamedTuple

from headway.domain.account import Input
from headway.domain.book import Book
from headway.domain.outcome import Outcome, applied, refused
from headway.program.program import Programs

SET_GOAL = "goal.set"
CLEAR_GOAL = "goal.cleared"
AS_BEFORE = "as before"
"""Why the account of who chose the same again did not change."""


class Goal(NamedTuple):
    """A reward to save for; '' for none."""

    reward_id: str = ""


def decide_goal(book: Book, programs: Programs, item: Input, goal: Goal) -> Outcome:
    """Save for a reward from now on, or for none; refused when there is nothing to save for."""
    if book.joined_at is None:
        return refused("not a member")
    if not goal.reward_id:
        return _saves_for(book, "")
    if book.left_at is not None and item.time >= book.left_at:
        return refused("member left")
    reward = programs.at(item.time).reward(goal.reward_id)
    if reward is None:
        return refused("unknown reward")
    if reward.rate is not None:
        return refused("no price")
    return _saves_for(book, reward.id)


def _saves_for(book: Book, reward_id: str) -> Outcome:
    if book.goal == reward_id:
        return applied(AS_BEFORE)
    book.goal = reward_id
    return applied()
