"""The progress bar: how far what is next is, as cells of a table and in characters."""

from typing import NamedTuple

from headway.program.program import Program
from headway_notify.facts import Facts
from headway_notify.wording import Wording

_FULL, _SOON, _REST = ("full", "#10947f"), ("soon", "#9bd8cb"), ("rest", "#e3e9eb")
_TEXT_WIDTH = 40


class Bar(NamedTuple):
    """Cells of (class, width in percent, colour), what they mean in words, and both in text."""

    label: str
    cells: list[tuple[str, int, str]]
    left: str
    right: str
    text: str


def bar(facts: Facts, program: Program, wording: Wording) -> Bar | None:
    """How far the goal is, or else the next reward; None where there are no rewards.

    The head start is in it: it counts what the member already has. Points on the way are lighter.
    """
    if not program.rewards:
        return None
    ahead, _ = facts.ahead, wording.language.gettext
    if ahead is None:
        return _reached(_("Every reward is within reach"), facts, wording)
    reward = program.reward(ahead.id)
    name = reward.name if reward else ahead.id
    if not ahead.missing:
        return _reached(_("%(reward)s is within reach", reward=name), facts, wording)
    # Below zero while points are owed: what is on the way makes those up first.
    standing = ahead.points - ahead.missing
    have = max(standing, 0)
    done = _share(have, ahead.points)
    soon = min(_share(standing + facts.pending, ahead.points), 100) - done
    parts = ((_FULL, done), (_SOON, soon), (_REST, 100 - done - soon))
    cells = [(kind, width, colour) for (kind, colour), width in parts if width > 0]
    goal = _("%(amount)s for %(reward)s", amount=wording.number(ahead.points), reward=name)
    label = _("%(amount)s of %(goal)s", amount=wording.number(have), goal=goal)
    left = wording.points(have)
    if soon:
        pending = wording.number(facts.pending)
        left = _("%(points)s, %(pending)s on the way", points=left, pending=pending)
    return Bar(label, cells, left, goal, _drawn(done, soon))


def _reached(said: str, facts: Facts, wording: Wording) -> Bar:
    """A full bar, and why it is full."""
    cells = [(_FULL[0], 100, _FULL[1])]
    return Bar(said, cells, wording.points(facts.available), said, _drawn(100, 0))


def _share(have: int, goal: int) -> int:
    """Whole percent, rounded down, but never an empty bar for somebody who has points."""
    share = max(have, 0) * 100 // goal
    return max(share, 1) if have > 0 else 0


def _drawn(done: int, soon: int) -> str:
    filled = done * _TEXT_WIDTH // 100
    coming = (done + soon) * _TEXT_WIDTH // 100 - filled
    return f"[{'#' * filled}{'+' * coming}{'.' * (_TEXT_WIDTH - filled - coming)}]"
