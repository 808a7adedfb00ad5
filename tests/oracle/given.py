"""What a fold over a member's inputs gives: awards, the use of caps, effects on others."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from tests.oracle.lives import Expiry
from tests.oracle.programme import Programme
from tests.oracle.rules import Rule

START = datetime.min.replace(tzinfo=UTC)
# Event, line, rule, since when the version is in force, when it was earned.
AwardKey = tuple[str, str, str, datetime, datetime]


@dataclass
class Award:
    """Millionths of a point under one rule for one line, or for a whole event.

    `what` says what for, in words that can be compared. `order_id` is the order whose handing
    over may be waited for.
    """

    key: AwardKey
    rule: Rule
    what: str
    earned_at: datetime
    programme: Programme
    expiry: Expiry
    order_id: str | None
    standing: int


@dataclass
class Use:
    """One event that got something under a rule with caps."""

    day: date
    awards: list[Award]

    @property
    def standing(self) -> int:
        """What is left of it."""
        return sum(award.standing for award in self.awards)


@dataclass
class Effect:
    """What an invitation is worth to the one who invited."""

    referrer: str
    worth: int
    since: datetime
    earned_at: datetime
    order_id: str | None
    undone_at: datetime | None = None
