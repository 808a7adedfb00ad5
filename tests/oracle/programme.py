"""A programme as the oracle knows it, and which version judges what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from tests.oracle.days import local_day
from tests.oracle.lives import Expiry
from tests.oracle.money import minor
from tests.oracle.reading import read_parts
from tests.oracle.rewards import Reward
from tests.oracle.rules import Rule
from tests.oracle.tiers import Tiers

__all__ = ["Plan", "Programme", "Reward", "in_force", "minor", "read"]


@dataclass(frozen=True)
class Plan:
    """A paid membership: for how many months, at what price."""

    id: str
    months: int
    price: int


@dataclass(frozen=True)
class Programme:
    """One version of a programme."""

    since: datetime
    zone: ZoneInfo
    currency: str
    clawback: str
    attribution: str
    earn_on: frozenset[str]
    before_joining_days: int
    reinstate_days: int
    expiry: Expiry
    minimum_order: int
    tiers: Tiers
    rules: Sequence[Rule]
    rewards: Sequence[Reward]
    plans: Mapping[str, Plan]
    refund_unused: str
    refund_used: str
    by_event: Mapping[str, Sequence[Rule]] = field(default_factory=dict)

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def on(self, kind: str) -> Sequence[Rule]:
        """The rules for this event, by id."""
        return self.by_event.get(kind, ())

    def menu(self, tier: str, moment: datetime) -> list[tuple[int, Reward]]:
        """What a member of a tier can get for how many points at a moment, cheapest first."""
        day = local_day(moment, self.zone)
        found = [(r.price(tier, day), r) for r in self.rewards if r.priced and r.open_to(tier, day)]
        return sorted(found, key=lambda one: (one[0], one[1].id))

    def expires(self, tier: str) -> Expiry:
        """How long points live that are earned in this tier."""
        level = self.tiers.level(tier)
        return self.expiry if level is None or level.expiry is None else level.expiry

    def idle_expiry(self, tier: str) -> Expiry:
        """After how long without activity points die: as this tier says, or else the programme."""
        own = self.expires(tier)
        return self.expiry if own.inactive_months is None else own


def read(text: str) -> Programme:
    """A programme from its YAML."""
    parts = read_parts(text)
    rules = parts.rules
    return Programme(
        **parts.settings,
        tiers=parts.tiers,
        rules=rules,
        rewards=parts.rewards,
        plans={plan[0]: Plan(*plan) for plan in parts.plans},
        by_event={on: [rule for rule in rules if rule.on == on] for on in {r.on for r in rules}},
    )


def in_force(versions: Sequence[Programme], moment: datetime) -> Programme:
    """The version that judges what happens then; the first judges what is older than all."""
    if len(versions) == 1:
        return versions[0]
    begun = [version for version in versions if version.since <= moment]
    if not begun:
        return min(versions, key=lambda v: v.since)
    return max(begun, key=lambda v: v.since)
