"""A member's points: lots, what is owed, and how time and taking back move them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from tests.oracle.days import local_day
from tests.oracle.programme import Programme, Rule, in_force

POINT = 10**6
_NEVER = datetime.max.replace(tzinfo=UTC)
_START = datetime.min.replace(tzinfo=UTC)


@dataclass
class Lot:
    """The points of one award. `what` names what it was for, `exact` is millionths of a point."""

    number: int
    rule: str
    what: str
    exact: int
    policy: str
    earned_at: datetime
    activates_at: datetime
    expires_at: datetime | None
    pending: int = 0
    available: int = 0
    expired: int = 0
    waived: int = 0
    returned: int = 0

    @property
    def standing(self) -> int:
        """Millionths of a point not taken back yet."""
        return self.exact - self.returned

    @property
    def spend_order(self) -> tuple[datetime, datetime, int]:
        """Nearest expiry first, never-expiring last, then oldest."""
        return self.expires_at or _NEVER, self.earned_at, self.number


@dataclass
class Points:
    """All points of one member. `changes` counts what the ledger would have written rows for."""

    versions: Sequence[Programme]
    time: datetime = _START
    lots: list[Lot] = field(default_factory=list)
    reserved: int = 0
    owed: int = 0
    tier: str = ""
    spend: dict[date, int] = field(default_factory=dict)
    remainders: dict[str, int] = field(default_factory=dict)
    changes: int = 0
    joined_at: datetime | None = None

    @property
    def pending(self) -> int:
        """Points waiting for the return window to pass."""
        return sum(lot.pending for lot in self.lots)

    @property
    def available(self) -> int:
        """Points that can be spent now."""
        return sum(lot.available for lot in self.lots)

    def programme(self, moment: datetime) -> Programme:
        """The version that judges what happens then."""
        return in_force(self.versions, moment)

    def by_spend_order(self) -> list[Lot]:
        """Lots with points to spend."""
        return sorted((lot for lot in self.lots if lot.available), key=lambda lot: lot.spend_order)

    def award(self, rule: Rule, what: str, exact: int, earned_at: datetime) -> Lot:
        """Give millionths of a point; whole points come of the rule's remainder and these."""
        programme = self.programme(earned_at)
        activates_at = earned_at + rule.pending
        points, self.remainders[rule.id] = divmod(self.remainders.get(rule.id, 0) + exact, POINT)
        lot = Lot(
            len(self.lots),
            rule.id,
            what,
            exact,
            programme.clawback,
            earned_at,
            activates_at,
            programme.expires(activates_at),
        )
        if rule.pending_days:
            lot.pending = points
        else:
            lot.available = points
        self.lots.append(lot)
        self.changes += 1
        return lot

    def take_back(self, lot: Lot, exact: int) -> None:
        """Undo so many millionths of a lot, as its policy says."""
        if exact == 0:
            return
        left, self.remainders[lot.rule] = divmod(self.remainders.get(lot.rule, 0) - exact, POINT)
        missing = -left
        lot.returned += exact
        self.changes += 1
        missing -= (taken := min(missing, lot.pending))
        lot.pending -= taken
        if lot.policy == "only_pending":
            return  # the rest is taken and forgiven at once
        missing -= (taken := min(missing, lot.available))
        lot.available -= taken
        missing -= (taken := min(missing, lot.expired))
        lot.expired -= taken
        for other in self.by_spend_order():
            missing -= (taken := min(missing, other.available))
            other.available -= taken
        if lot.policy == "within_balance":
            lot.waived += missing
        else:
            self.owed -= missing

    def give_back(self, lot: Lot, points: int) -> None:
        """Points come back to the lot they were spent from; what was forgiven meanwhile goes."""
        forgiven = min(points, lot.waived)
        lot.waived -= forgiven
        lot.available += points - forgiven

    def settle(self, to: datetime) -> None:
        """Let time pass: pending points activate, clear what is owed, and die, in due order."""
        self.repay()
        while True:
            due = [lot.activates_at for lot in self.lots if lot.pending]
            due += [lot.expires_at for lot in self.lots if lot.available and lot.expires_at]
            if not due or min(due) > to:
                break
            now = min(due)
            self._activate(now)
            self.repay()
            self._expire(now)
        self.time = max(self.time, to)
        self.retier()

    def _activate(self, now: datetime) -> None:
        for lot in self.lots:
            if lot.pending and lot.activates_at <= now:
                lot.available += lot.pending
                lot.pending = 0
                self.changes += 1

    def _expire(self, now: datetime) -> None:
        for lot in self.lots:
            if lot.available and lot.expires_at is not None and lot.expires_at <= now:
                lot.expired += lot.available
                lot.available = 0
                self.changes += 1

    def repay(self) -> None:
        """Whatever is available clears what is owed."""
        if self.owed == 0:
            return
        for lot in self.by_spend_order():
            paid = min(lot.available, -self.owed)
            lot.available -= paid
            self.owed += paid
            self.changes += 1 if paid else 0

    def retier(self) -> None:
        """The tier that the spending of the window around the account's time reaches."""
        if self.joined_at is None:
            return
        programme = self.programme(self.time)
        tier = programme.tier(self.spend, local_day(self.time, programme.zone))
        if tier != self.tier:
            self.tier = tier
            self.changes += 1
