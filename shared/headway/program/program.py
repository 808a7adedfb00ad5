"""A version of the programme, compiled for deciding: frozen values, integers only."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from headway.errors import InvariantViolated
from headway.program.calendar import Round, end_of_validity, local_date

Clawback = Literal["allow_negative", "within_balance", "only_pending"]
MICRO = 1_000_000
"""Millionths of a point: the unit of every `exact`."""


@dataclass(frozen=True, slots=True)
class BaseRule:
    """Points per money of one currency, before multipliers."""

    id: str
    points: int
    every_minor: int
    currency: str
    categories: frozenset[str] | None

    def exact(self, amount_minor: int) -> int:
        """Millionths of a point for an amount, rounded down."""
        return amount_minor * self.points * MICRO // self.every_minor


@dataclass(frozen=True, slots=True)
class Multiplier:
    """What a multiplier adds to the base: `extra` thousandths of it (x1.5 is 500)."""

    id: str
    group: str
    extra: int
    categories: frozenset[str] | None
    tiers: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class FixedRule:
    """A fixed number of points for an event."""

    id: str
    points: int
    pending_days: int
    to: Literal["friend", "referrer"] | None
    activities: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Level:
    """A tier, from a spend in minor units."""

    id: str
    name: str
    from_minor: int


@dataclass(frozen=True, slots=True)
class Reward:
    """A price in points, a value in minor units of a currency."""

    id: str
    name: str
    points: int
    value_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Program:
    """One immutable version, in force from `from_at`."""

    version: int
    name: str
    zone: ZoneInfo
    from_at: datetime
    currency: str
    pending_days: int
    expiry_months: int | None
    expiry_round: Round
    clawback: Clawback
    base_rules: tuple[BaseRule, ...]
    multipliers: tuple[Multiplier, ...]
    fixed_rules: Mapping[str, tuple[FixedRule, ...]]
    order_pending_days: Mapping[str, int]
    tier_window: Literal["calendar_year", "rolling_12_months"]
    levels: tuple[Level, ...]
    rewards: tuple[Reward, ...]

    def expires_at(self, activates_at: datetime) -> datetime | None:
        """When points active from `activates_at` are dead; None: never."""
        if self.expiry_months is None:
            return None
        day = local_date(activates_at, self.zone)
        return end_of_validity(day, self.expiry_months, self.expiry_round, self.zone)

    def activates_at(self, earned_at: datetime, pending_days: int) -> datetime:
        """When points earned at `earned_at` stop being pending."""
        return earned_at + timedelta(days=pending_days) if pending_days else earned_at

    def day(self, moment: datetime) -> date:
        """The local business day of a moment."""
        return local_date(moment, self.zone)

    def level_for(self, spend_minor: int) -> str:
        """The id of the highest tier reached; '' when the programme has no tiers."""
        reached = ""
        for level in self.levels:
            if spend_minor < level.from_minor:
                break
            reached = level.id
        return reached

    def reward(self, reward_id: str) -> Reward | None:
        """The reward of that id, if this version has it."""
        return next((reward for reward in self.rewards if reward.id == reward_id), None)


class Programs:
    """All versions; an event is judged by the one in force at its business time."""

    def __init__(self, versions: Sequence[Program]) -> None:
        if not versions:
            raise InvariantViolated("no programme version is published")
        self._versions = sorted(versions, key=lambda program: program.from_at)
        self._starts = [program.from_at for program in self._versions]
        self._by_number = {program.version: program for program in versions}
        self.several = len(self._versions) > 1
        """Whether there is more than one version."""

    def at(self, moment: datetime) -> Program:
        """The version in force at `moment`; before the first one, the first."""
        if not self.several:
            return self._versions[0]
        return self._versions[max(bisect_right(self._starts, moment) - 1, 0)]

    def version(self, number: int) -> Program:
        """The version of that number, for judging what it once awarded."""
        return self._by_number[number]

    def next_start(self, moment: datetime) -> datetime | None:
        """When the version that follows the one at `moment` starts; None: there is none."""
        following = max(bisect_right(self._starts, moment), 1)
        return self._starts[following] if following < len(self._starts) else None

    @property
    def latest(self) -> int:
        """The highest version number."""
        return max(self._by_number)
