"""What a programme's members are written to about, and the manners that are kept in it."""

from dataclasses import dataclass
from datetime import time
from typing import Literal, get_args

Kind = Literal[
    "welcome", "progress", "reward_ready", "reward_used", "certificate_issued", "tier_changed",
    "tier_at_risk", "points_expiring", "points_taken_back", "referral_thanks", "programme_change",
    "statement",
]  # fmt: skip
"""What a message is for."""
KINDS: tuple[Kind, ...] = get_args(Kind)

Topic = Literal["progress", "rewards", "tiers", "expiry", "account", "statement"]
"""What a member can choose to hear of, or not; each kind belongs to one."""
TOPICS: tuple[Topic, ...] = get_args(Topic)

TOPIC_OF: dict[Kind, Topic] = {
    "welcome": "account",
    "progress": "progress",
    "reward_ready": "rewards",
    "reward_used": "account",
    "certificate_issued": "account",
    "tier_changed": "tiers",
    "tier_at_risk": "tiers",
    "points_expiring": "expiry",
    "points_taken_back": "account",
    "referral_thanks": "rewards",
    "programme_change": "account",
    "statement": "statement",
}

SERVICE: frozenset[Kind] = frozenset(
    ("welcome", "reward_used", "certificate_issued", "points_taken_back", "points_expiring",
     "programme_change")
)  # fmt: skip
"""Kinds that tell of what a member did, what became of their points, or what they are about to
lose. Everything else is marketing: it asks for consent, keeps to caps, and may be held out."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of a member's local day in which nothing is sent: from one until the other, which may
    be on the next day."""

    from_: time
    until: time


@dataclass(frozen=True, slots=True)
class Messages:
    """Which messages there are, and when they may go.

    `every_percent`: progress is told when it passes a multiple of that (0: of every change);
    `last_percent`: and of every change that close to the reward. `cap`: marketing messages in
    `cap_days` days at most (None: no cap; 0: none at all). `send_at`: marketing is sent then.
    `holdout_percent`: share of members who are sent no marketing, so that it can be measured.
    """

    kinds: frozenset[Kind] = frozenset(("progress",))
    digest: bool = True
    """Whether progress is told once for each business day, when it is over; else at once."""
    every_percent: int = 0
    last_percent: int = 0
    statement_months: int = 1
    cap: int | None = None
    cap_days: int = 7
    quiet: Quiet | None = None
    send_at: time | None = None
    holdout_percent: int = 0
    consent: Literal["assumed", "required"] = "assumed"


MAILED_AS_EVER = Messages()
"""What a programme that says nothing of messages has: progress, once a day."""
