"""A member's points: lots, what is owed, and how time and taking back move them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.oracle.given import START, Award, AwardKey
from tests.oracle.programme import Programme, in_force
from tests.oracle.rules import POINT

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass
class Lot:
    """Points given at once for one award. `exact` is millionths of a point."""

    number: int
    award: Award
    exact: int
    activates_at: datetime | None
    expires_at: datetime | None
    pending: int = 0
    available: int = 0
    expired: int = 0
    expired_at: datetime | None = None
    waived: int = 0
    returned: int = 0

    @property
    def standing(self) -> int:
        """Millionths of a point not taken back yet."""
        return self.exact - self.returned

    @property
    def rule(self) -> str:
        """The rule that gave it."""
        return self.award.rule.id

    @property
    def what(self) -> str:
        """What it was for."""
        return self.award.what

    @property
    def spend_order(self) -> tuple[datetime, datetime, int]:
        """Nearest expiry first, never-expiring last, then oldest."""
        return self.expires_at or _NEVER, self.award.earned_at, self.number


@dataclass
class Points:
    """All points of one member. `changes` counts what the ledger would have written rows for."""

    versions: Sequence[Programme]
    id: str = ""
    time: datetime = START
    lots: list[Lot] = field(default_factory=list)
    reserved: int = 0
    owed: int = 0
    standing: dict[AwardKey, int] = field(default_factory=dict)
    remainders: dict[str, int] = field(default_factory=dict)
    changes: int = 0
    joined_at: datetime | None = None
    active: Mapping[str, datetime] = field(default_factory=dict)

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

    def give(self, award: Award, exact: int, fulfilled: datetime | None) -> None:
        """Give millionths of a point; whole points come of the rule's remainder and these."""
        rule, zone = award.rule.id, award.programme.zone
        activates_at = award.rule.pending.ends(
            award.earned_at, zone, of_order=award.order_id is not None, fulfilled=fulfilled
        )
        points, self.remainders[rule] = divmod(self.remainders.get(rule, 0) + exact, POINT)
        expires_at = None if activates_at is None else award.expiry.after(activates_at, zone)
        lot = Lot(len(self.lots), award, exact, activates_at, expires_at)
        if activates_at == award.earned_at:
            lot.available = points
        else:
            lot.pending = points
        self.lots.append(lot)
        self.standing[award.key] = self.standing.get(award.key, 0) + exact
        self.changes += 1

    def take_back(self, key: AwardKey, exact: int) -> None:
        """Undo so many millionths of an award, of what was given for it last first."""
        self.standing[key] -= exact
        for lot in reversed(self.lots):
            if lot.award.key == key and exact and lot.standing:
                taken = min(exact, lot.standing)
                exact -= taken
                self._take_of(lot, taken)

    def _take_of(self, lot: Lot, exact: int) -> None:
        """Undo so many millionths of a lot, as its policy says."""
        rule, policy = lot.rule, lot.award.programme.clawback
        left, self.remainders[rule] = divmod(self.remainders.get(rule, 0) - exact, POINT)
        missing = -left
        lot.returned += exact
        self.changes += 1
        missing -= (taken := min(missing, lot.pending))
        lot.pending -= taken
        if policy == "only_pending":
            return  # the rest is taken and forgiven at once
        missing -= (taken := min(missing, lot.available))
        lot.available -= taken
        missing -= (taken := min(missing, lot.expired))
        lot.expired -= taken
        for other in self.by_spend_order():
            missing -= (taken := min(missing, other.available))
            other.available -= taken
        if policy == "within_balance":
            lot.waived += missing
        else:
            self.owed -= missing

    def give_back(self, lot: Lot, points: int) -> None:
        """Points come back to the lot they were spent from; what was forgiven meanwhile goes."""
        forgiven = min(points, lot.waived)
        lot.waived -= forgiven
        lot.available += points - forgiven

    def dies_at(self, lot: Lot) -> datetime | None:
        """When its available points are dead: on its day, or when nothing happened for long."""
        expiry = lot.award.expiry
        if expiry.inactive_months is None:
            return lot.expires_at
        seen = [self.active[kind] for kind in expiry.qualifying if kind in self.active]
        since = max([*seen, self.joined_at or START])
        return expiry.idle(since, lot.award.programme.zone)

    def next_due(self) -> datetime | None:
        """When time alone changes something next."""
        due = [lot.activates_at for lot in self.lots if lot.pending and lot.activates_at]
        dying = (self.dies_at(lot) for lot in self.lots if lot.available)
        return min([*due, *(at for at in dying if at is not None)], default=None)

    def run(self, to: datetime) -> None:
        """Let time pass: pending points activate, clear what is owed, and die, in due order."""
        self.repay()
        while (now := self.next_due()) is not None and now <= to:
            for lot in self.lots:
                if lot.pending and lot.activates_at is not None and lot.activates_at <= now:
                    lot.available += lot.pending
                    lot.pending = 0
                    self.changes += 1
            self.repay()
            self._expire(now)
        self.time = max(self.time, to)

    def _expire(self, now: datetime) -> None:
        for lot in self.lots:
            at = self.dies_at(lot) if lot.available else None
            if at is not None and at <= now:
                lot.expired += lot.available
                lot.expired_at = at
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

    def lapsed(self, at: datetime) -> list[Lot]:
        """Lots whose expired points a purchase at that time brings back."""
        days = timedelta(days=self.programme(at).reinstate_days)
        return [
            lot
            for lot in self.lots
            if lot.expired and lot.expired_at and days and at - days <= lot.expired_at <= at
        ]

    def reinstate(self, at: datetime) -> None:
        """Expired points come back, and live as if they had become spendable at that time."""
        for lot in self.lapsed(at):
            lot.available += lot.expired
            lot.expired = 0
            lot.expires_at = lot.award.expiry.after(at, lot.award.programme.zone)
            self.changes += 1

    def handed_over(self, order_id: str, at: datetime) -> None:
        """The order's points stop waiting for it."""
        for lot in self.lots:
            award = lot.award
            if award.order_id == order_id and award.rule.pending.fulfilled and lot.pending:
                zone = award.programme.zone
                lot.activates_at = award.rule.pending.ends(
                    award.earned_at, zone, of_order=True, fulfilled=at
                )
                assert lot.activates_at is not None
                lot.expires_at = award.expiry.after(lot.activates_at, zone)
