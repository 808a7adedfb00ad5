"""Facts into words: the subject, the text and the HTML of a progress email. Pure.

The tone informs and never presses: what is there, what it can become, what is still missing.
"""

from dataclasses import dataclass
from datetime import date
from typing import TypedDict

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from headway.program.program import Program
from headway_notify import wording
from headway_notify.facts import Facts

_ENVIRONMENT = SandboxedEnvironment(
    loader=PackageLoader("headway_notify", "templates"),
    undefined=StrictUndefined,
    autoescape=lambda name: name is not None and name.endswith(".html.j2"),
    keep_trailing_newline=True,
)
_HTML = _ENVIRONMENT.get_template("progress.html.j2")
_TEXT = _ENVIRONMENT.get_template("progress.txt.j2")

_FULL, _SOON, _REST = ("full", "#10947f"), ("soon", "#9bd8cb"), ("rest", "#e3e9eb")
_TEXT_BAR_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's words, before they become a message."""

    subject: str
    text: str
    html: str


class Bar(TypedDict):
    """The progress bar: cells of (class, width in percent, colour), and the same in words."""

    label: str
    cells: list[tuple[str, int, str]]
    left: str
    right: str
    text: str


class Words(TypedDict):
    """Everything the templates may use."""

    subject: str
    preheader: str
    programme: str
    tier: str
    name: str
    available: str
    available_unit: str
    bar: Bar | None
    owed: str
    rows: list[tuple[str, str, list[str]]]
    why: str
    as_of: str


def render(facts: Facts, program: Program, *, name: str, day: date) -> Rendered:
    """The progress email of one business day, from frozen facts alone."""
    words = _words(facts, program, name, day)
    return Rendered(words["subject"], _TEXT.render(words), _HTML.render(words))


def _words(facts: Facts, program: Program, name: str, day: date) -> Words:
    subject, preheader = _headline(facts, program)
    return Words(
        subject=subject,
        preheader=preheader,
        programme=program.name,
        tier=next((level.name for level in program.levels if level.id == facts.tier), ""),
        name=name,
        available=wording.number(facts.available),
        available_unit=wording.unit(facts.available),
        bar=_bar(facts, program),
        owed=_owed(facts.owed, facts.pending),
        rows=_rows(facts, program),
        why=f"You receive this summary because your {program.name} account changed on"
        f" {wording.day(day)}.",
        as_of=f"Figures as of {wording.moment(facts.account_time, program.zone)}"
        f" ({program.zone.key}).",
    )


def _headline(facts: Facts, program: Program) -> tuple[str, str]:
    """Subject and preheader: the best that is there, then what comes next."""
    have = f"You have {wording.points(facts.available)}"
    ready = facts.ready(program)
    ahead = _ahead(facts, program)
    if ready:
        return f"{have}: {ready[-1].name} is available", ahead or "Every reward is within reach."
    if ahead:
        return f"{have}, {ahead}", f"{ahead[0].upper()}{ahead[1:]}."
    return have, "Here is where your account stands."


def _ahead(facts: Facts, program: Program) -> str:
    if facts.next_reward is None:
        return ""
    reward = program.reward(facts.next_reward.id)
    name = reward.name if reward else facts.next_reward.id
    return f"{wording.number(facts.next_reward.missing)} more to {name}"


def _bar(facts: Facts, program: Program) -> Bar | None:
    """How far the next reward is. Head start included: it counts what the member already has."""
    if not program.rewards:
        return None
    following = facts.next_reward
    if following is None:
        full = [(_FULL[0], 100, _FULL[1])]
        right = "Every reward is within reach"
        return Bar(
            label=right, cells=full, left=wording.points(facts.available), right=right,
            text=f"[{'#' * _TEXT_BAR_WIDTH}]",
        )  # fmt: skip
    # Below zero while points are owed: what is on the way makes those up first.
    standing = following.points - following.missing
    have = max(standing, 0)
    done = _share(have, following.points)
    soon = min(_share(standing + facts.pending, following.points), 100) - done
    cells = [
        (kind, width, colour)
        for (kind, colour), width in ((_FULL, done), (_SOON, soon), (_REST, 100 - done - soon))
        if width > 0
    ]
    reward = program.reward(following.id)
    goal = f"{wording.number(following.points)} for {reward.name if reward else following.id}"
    filled = done * _TEXT_BAR_WIDTH // 100
    coming = (done + soon) * _TEXT_BAR_WIDTH // 100 - filled
    left = wording.points(have) + (f", {wording.number(facts.pending)} on the way" if soon else "")
    return Bar(
        label=f"{wording.number(have)} of {goal}", cells=cells, left=left, right=goal,
        text=f"[{'#' * filled}{'+' * coming}{'.' * (_TEXT_BAR_WIDTH - filled - coming)}]",
    )  # fmt: skip


def _share(have: int, goal: int) -> int:
    """Whole percent, rounded down, but never an empty bar for somebody who has points."""
    share = max(have, 0) * 100 // goal
    return max(share, 1) if have > 0 else 0


def _owed(owed: int, pending: int) -> str:
    """What a return left to be made up, and that nothing is asked for it."""
    if owed == 0:
        return ""
    verb = "is" if owed == -1 else "are"
    cover = "Points already on the way" if pending >= -owed else "The next points you earn"
    return (
        f"After a return, {wording.points(-owed)} {verb} still to be made up."
        f" {cover} take care of it; there is nothing you need to do."
    )


def _rows(facts: Facts, program: Program) -> list[tuple[str, str, list[str]]]:
    """The three facts, in order: yours now, saved since joining, next; then what is pending."""
    rows = []
    if program.rewards:
        rows.append(_yours_now(facts, program))
    savings = sorted(facts.saved.items())
    amounts = [wording.money(minor, currency) for currency, minor in savings if minor]
    saved = wording.several(amounts) if amounts else wording.money(0, program.currency)
    rows.append(("Saved since you joined", saved, []))
    if facts.next_reward is not None:
        reward = program.reward(facts.next_reward.id)
        goal = reward.name if reward else facts.next_reward.id
        rows.append(("Next reward", f"{wording.points(facts.next_reward.missing)} to {goal}", []))
    elif program.rewards:
        rows.append(("Next reward", "You have reached them all", []))
    if facts.pending:
        detail = ["They become available once the return period has passed."]
        rows.append(("On the way", wording.points(facts.pending), detail))
    return rows


def _yours_now(facts: Facts, program: Program) -> tuple[str, str, list[str]]:
    ready = facts.ready(program)
    if not ready:
        first = min(program.rewards, key=lambda reward: reward.points)
        hint = f"The first one is {first.name} at {wording.points(first.points)}."
        return "Yours now", "No reward yet", [hint]
    listed = [f"{reward.name} for {wording.points(reward.points)}" for reward in reversed(ready)]
    return "Yours now", ready[-1].name, listed if len(listed) > 1 else []
