"""A version of the programme, compiled for deciding: frozen values, integers only."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from headway.errors import InvariantViolated
from headway.program.calendar import local_date, midnight
from headway.program.messages import Messages
from headway.program.rewards import Reward, menu
from headway.program.rules import NEVER, Expiry, Level, Pending, Plan, Rule, Tiers
from headway.program.sharing import Transfers
from headway.program.validity import end_of

Clawback = Literal["allow_negative", "within_balance", "only_pending"]
Attribution = Literal["per_line", "by_money", "recompute"]
MembershipRefund = Literal["full", "prorated", "none"]
NOT_YET = datetime(9999, 1, 1, tzinfo=UTC)
"""When points become available that wait for an event: some day, perhaps."""
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
"""When points are dead that never die where others do of inactivity."""


class EventRules(NamedTuple):
    """The rules on one event, each kind by id. `plain`: orders can be judged the short way."""

    base: tuple[Rule, ...]
    multipliers: tuple[Rule, ...]
    plain: bool


NO_RULES = EventRules((), (), False)


@dataclass(frozen=True, slots=True)
class Program:
    """One immutable version, in force from `from_at`."""

    version: int
    name: str
    zone: ZoneInfo
    from_at: datetime
    currency: str
    pending: Pending
    expiry: Expiry
    clawback: Clawback
    attribution: Attribution
    reinstate_days: int
    notices: tuple[int, ...]
    earn_on: frozenset[str]
    before_joining_days: int
    rules_on: Mapping[str, EventRules]
    rules: Mapping[str, Rule]
    tiers: Tiers
    minimum_referral: int
    """Minor units of the programme's currency that a purchase has to reach to complete one."""
    plans: Mapping[str, Plan]
    refund_unused: MembershipRefund
    refund_used: MembershipRefund
    rewards: tuple[Reward, ...]
    messages: Messages
    same_for_all: bool
    """Whether everybody may have every reward at any time for one price."""
    transfers: Transfers | None = None
    pool_members: int = 0
    """How many members a household pool may have; 0: there are no pools."""

    @property
    def levels(self) -> tuple[Level, ...]:
        """The tiers, rising."""
        return self.tiers.levels

    def expiry_in(self, tier: str) -> Expiry:
        """How long points earned in a tier are valid."""
        for level in self.tiers.levels:
            if level.id == tier and level.expiry is not None:
                return level.expiry
        return self.expiry

    def expires_at(self, activates_at: datetime, tier: str = "") -> datetime | None:
        """When points active from `activates_at` are dead; None: not at a known moment."""
        if activates_at >= NOT_YET:
            return None
        expiry = self.expiry_in(tier)
        if expiry == NEVER and self.expiry.inactive_months:
            return FOREVER
        return end_of(expiry, activates_at, self.zone)

    def activates_at(self, earned_at: datetime, pending: Pending) -> datetime:
        """When points earned at `earned_at` stop being pending (NOT_YET: upon an event)."""
        if pending.after:
            return NOT_YET
        if pending.on is not None:
            return max(earned_at, midnight(pending.on, self.zone))
        return earned_at + timedelta(days=pending.days) if pending.days else earned_at

    def day(self, moment: datetime) -> date:
        """The local business day of a moment."""
        return local_date(moment, self.zone)

    def level_for(self, measured: int) -> str:
        """The id of the highest tier that a measure reaches; '' when there are no tiers."""
        reached = ""
        for level in self.tiers.levels:
            if measured < level.start:
                break
            reached = level.id
        return reached

    def menu(self, tier: str, moment: datetime) -> tuple[Reward, ...]:
        """The rewards with a price that a member of a tier may have, each at its price then,
        cheapest first."""
        return self.rewards if self.same_for_all else menu(self.rewards, tier, self.day(moment))

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
        self.all = tuple(self._versions)
        """Every version, by start."""
        self.reinstate_days = max(program.reinstate_days for program in self.all)
        self.longest_notice = max(max(program.notices, default=0) for program in self.all)
        """Over all versions: for how long expired points may come back, how long before members
        are told (days)."""
        self.any_notices = any(
            program.notices or program.tiers.at_risk_days for program in self.all
        )
        """Whether members are told of anything before it happens."""
        prices = [
            price
            for program in self.all
            for reward in program.rewards
            if reward.automatic
            for price in (reward.points, *(offer.points for offer in reward.offers))
        ]
        self.any_automatic = bool(prices)
        """Whether any version has certificates that issue themselves."""
        self.cheapest_automatic = min(prices, default=0)
        """The points of the cheapest of them, over all versions, tiers and days."""
        self.soonest = min(
            (
                rule.pending.soonest
                for program in self.all
                for rule in program.rules.values()
                if rule.event in ("order.paid", "referral.completed")
            ),
            default=timedelta.max,
        )
        """How soon points of a purchase may become available at the earliest, by themselves."""
        self.recompute = any(program.attribution == "recompute" for program in self.all)
        """Whether any version judges an order again on what is left of it after a return."""
        self.any_inactivity = any(
            expiry.inactive_months
            for program in self.all
            for expiry in (
                program.expiry,
                *(level.expiry for level in program.levels if level.expiry is not None),
            )
        )

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
