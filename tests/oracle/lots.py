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
    idles: bool = False
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
    tier: str = ""
    active_at: datetime | None = None

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
        lot.idles = award.expiry.inactive_months is not None
        if activates_at == award.earned_at:
            lot.available = points
        else:
            lot.pending = points
        self.lots.append(lot)
        self.standing[award.key] = self.standing.get(award.key, 0) + exact
        self.changes += 1

    def take_back(self, key: AwardKey, exact: int) -> None:
        """Undo so many millionths of an award, of what was given for it first, first."""
        self.standing[key] -= exact
        for lot in self.lots:
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
        while missing and self.void_newest():
            for one in (lot, *self.by_spend_order()):
                missing -= (taken := min(missing, one.available))
                one.available -= taken
        if policy == "within_balance":
            lot.waived += missing
        else:
            self.owed -= missing

    def void_newest(self) -> bool:
        """Give back what the newest unused certificate cost; False when there is none."""
        return False

    def issue(self, now: datetime) -> None:
        """Issue the certificates that the points of that moment pay for."""

    def give_back(self, lot: Lot, points: int) -> None:
        """Points come back to the lot they were spent from; what was forgiven meanwhile goes."""
        forgiven = min(points, lot.waived)
        lot.waived -= forgiven
        lot.available += points - forgiven

    def lapses_at(self) -> datetime | None:
        """When all that dies of it is dead, as the member did nothing for too long."""
        programme = self.programme(self.time)
        dies = any(lot.available and lot.idles for lot in self.lots)
        return self._runs_out(programme, self.tier) if dies else None

    def _runs_out(self, programme: Programme, tier: str) -> datetime | None:
        """When the clock does; it starts no earlier than the version that has it."""
        expiry = programme.idle_expiry(tier)
        if expiry.inactive_months is None or self.active_at is None:
            return None
        return expiry.idle(max(self.active_at, programme.since), programme.zone)

    def did(self, kind: str, at: datetime, tier: str) -> None:
        """The member did something; what does not qualify counts when the clock had run out."""
        programme = self.programme(at)
        expiry, out = programme.idle_expiry(tier), self._runs_out(programme, tier)
        if self.active_at is not None:
            counts = (out is not None and out <= at) or kind in expiry.qualifying
            if at <= self.active_at or not counts:
                return
        self.active_at = at

    def next_due(self) -> datetime | None:
        """When time alone changes something next."""
        due = [lot.activates_at for lot in self.lots if lot.pending and lot.activates_at]
        due += [lot.expires_at for lot in self.lots if lot.available and lot.expires_at]
        lapse = self.lapses_at()
        return min([*due, *([] if lapse is None else [lapse])], default=None)

    def run(self, to: datetime) -> None:
        """Let time pass: pending points activate, clear what is owed, and die, in due order."""
        self.repay()
        due = self.next_due()
        if due is None or due > self.time:  # else what is dead by now goes first
            self.issue(self.time)
        while (due := self.next_due()) is not None and due <= to:
            now = self.time = max(self.time, due)
            for lot in self.lots:
                if lot.pending and lot.activates_at is not None and lot.activates_at <= now:
                    lot.available += lot.pending
                    lot.pending = 0
                    self.changes += 1
            self.repay()
            self._expire(now)
            if now < to:  # else tiers and birthdays of this moment come first
                self.issue(now)
        self.time = max(self.time, to)

    def _expire(self, now: datetime) -> None:
        for lot in self.lots:
            if lot.available and lot.expires_at is not None and lot.expires_at <= now:
                self._dies(lot, lot.expires_at)
        lapse = self.lapses_at()
        if lapse is not None and lapse <= now:
            self.active_at = now  # whatever becomes available later lives as long again
            for lot in self.lots:
                if lot.available and lot.idles:
                    self._dies(lot, now)

    def _dies(self, lot: Lot, at: datetime) -> None:
        lot.expired += lot.available
        lot.available = 0
        lot.expired_at = at
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

    def reinstate(self, at: datetime, tier: str) -> None:
        """Expired points come back, and live as if earned by the purchase that brings them."""
        programme = self.programme(at)
        for lot in self.lapsed(at):
            lot.available += lot.expired
            lot.expired = 0
            expiry = programme.expires(tier)
            lot.expires_at = expiry.after(at, programme.zone)
            lot.idles = expiry.inactive_months is not None
            self.changes += 1

    def handed_over(self, order_id: str, at: datetime, awards: Mapping[AwardKey, Award]) -> None:
        """The order's points stop waiting for it, and live as is right by what is known now."""
        for lot in self.lots:
            award = awards.get(lot.award.key, lot.award)
            if award.order_id == order_id and award.rule.pending.fulfilled and lot.pending:
                zone = award.programme.zone
                lot.activates_at = award.rule.pending.ends(
                    award.earned_at, zone, of_order=True, fulfilled=at
                )
                assert lot.activates_at is not None
                lot.expires_at = award.expiry.after(lot.activates_at, zone)
                lot.idles = award.expiry.inactive_months is not None
