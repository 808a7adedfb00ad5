"""The working copy of an account while one input is decided.

Everything outside sees frozen values: a Book is opened from an Account, written in by the
functions of this package, and closed into the next Account. Nothing else keeps it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from headway.domain.account import (
    Account,
    EffectAward,
    Lot,
    Order,
    OrderLine,
    Payment,
    Refund,
    Review,
)
from headway.domain.points import (
    Bucket,
    Effect,
    Issued,
    Kind,
    Notice,
    PointsEvent,
    TierEvent,
    Voided,
)
from headway.errors import InvariantViolated
from headway.program.caps import Counters
from headway.program.conditions import Facts
from headway.program.program import FOREVER

_OWN = frozenset(("pending", "available", "reserved", "owed"))
_LOT = frozenset(("pending", "available", "reserved"))


@dataclass(init=False, slots=True)
class Touched:
    """Which rows beside the account itself a decision wrote; a key may stand here more than once.

    `opened` are lots that stand as their earn row says; `lots` have been changed since.
    """

    opened: list[int]
    lots: list[int]
    orders: list[str]
    lines: list[tuple[str, str]]
    refunds: list[str]
    reviews: list[str]
    effects: list[str]
    payments: list[str]
    referee: bool

    def __init__(self) -> None:  # By hand: one is made for every decision.
        self.opened, self.lots, self.orders, self.lines = [], [], [], []
        self.refunds, self.reviews, self.effects, self.payments = [], [], [], []
        self.referee = False

    def rare(self) -> bool:
        """Whether there is more than lots, orders and lines."""
        return bool(self.referee or self.refunds or self.reviews or self.effects or self.payments)


class Judged(NamedTuple):
    """With what a purchase was judged: its facts, and the caps' counters before it."""

    facts: Facts
    counters: Counters
    day: date


class Book:
    """A mutable account; `cause` is the n of the input being decided."""

    __slots__ = (
        "account",
        "active_at",
        "balances",
        "birthday",
        "by_award",
        "caps",
        "carried",
        "cause",
        "certificates",
        "effect_awards",
        "effects_out",
        "first",
        "goal",
        "issued",
        "joined_at",
        "judged",
        "left_at",
        "lines",
        "lots",
        "measures",
        "membership",
        "notices",
        "orders",
        "payments",
        "points",
        "purchases",
        "redeemed_group",
        "referral",
        "refunds",
        "remainders",
        "reviews",
        "saved",
        "seq",
        "settled",
        "shadow",
        "tier",
        "tier_due",
        "tier_events",
        "tier_reached",
        "time",
        "touched",
        "version",
        "voided",
        "weighed",
    )

    def __init__(self, account: Account, cause: int, version: int) -> None:
        self.account = account
        self.cause = cause
        self.version = version  # of the programme that judges this input
        self.balances: dict[str, int] = {
            "pending": account.pending,
            "available": account.available,
            "reserved": account.reserved,
            "owed": account.owed,
        }
        self.seq = account.seq
        self.time = account.time
        self.tier = account.tier
        self.joined_at, self.left_at = account.joined_at, account.left_at
        self.first, self.referral = account.first, account.referral
        self.remainders = account.remainders
        self.saved = account.saved
        self.measures = account.measures
        self.purchases, self.caps, self.carried = account.purchases, account.caps, account.carried
        self.birthday, self.membership = account.birthday, account.membership
        self.active_at = account.active_at
        self.goal, self.certificates = account.goal, account.certificates
        self.lots = account.lots
        self.orders = account.orders
        self.lines = account.lines
        self.refunds = account.refunds
        self.reviews = account.reviews
        self.effect_awards = account.effects
        self.payments = account.payments
        self.points: list[PointsEvent] = []
        self.settled = 0  # how many of them settling wrote, before the decision itself
        self.tier_events: list[TierEvent] = []
        self.effects_out: list[Effect] = []
        self.notices: list[Notice] = []
        self.issued: list[Issued] = []
        self.voided: list[Voided] = []
        self.weighed = self.standing()
        """How the account stood when it was last seen that no certificate is to be issued."""
        self.touched = Touched()
        self.by_award: dict[str, list[int]] | None = None
        self.tier_reached: tuple[object, tuple[object, ...], str] | None = None
        self.tier_due: tuple[object, tuple[object, ...], datetime | None] | None = None
        """What tier holds and when it changes next, as last found, after all this depends on."""
        self.shadow = False
        """Whether only what the member is entitled to is asked for: nothing is spent or expires."""
        self.judged: dict[str, Judged] = {}
        """A shadow's purchases as they were judged, for judging what is left of them again."""

    # -- moving points ---------------------------------------------------------------------

    def move(
        self,
        kind: Kind,
        points: int,
        source: Bucket,
        target: Bucket,
        at: datetime,
        lot: int | None = None,
        *,
        corrects: int | None = None,
        group: str | None = None,
        order_id: str | None = None,
        line_id: str | None = None,
        rule: str | None = None,
        program_version: int | None = None,
        exact: int = 0,
        activates_at: datetime | None = None,
        expires_at: datetime | None = None,
        origin: tuple[int, int] | tuple[None, None] = (None, None),
    ) -> None:
        """Append one row, and move the points between the account's buckets and the lot's.

        Without `program_version` it is the one that judges this input.
        """
        if points < 0:
            raise InvariantViolated(
                f"{kind} of {points} points on account {self.account.account_id}"
            )
        balances = self.balances
        if source in _OWN:
            balances[source] -= points
        if target in _OWN:
            balances[target] += points
        if lot is not None and lot != self.seq + 1:  # else this row opens its lot
            self._move_in_lot(lot, points, source, target)
        self.seq += 1
        self.points.append(
            PointsEvent(
                self.account.account_id,
                self.seq,
                kind,
                points,
                source,
                target,
                lot,
                corrects,
                group,
                self.cause,
                order_id,
                line_id,
                rule,
                self.version if program_version is None else program_version,
                exact,
                activates_at,
                expires_at,
                at,
                *origin,
            )
        )

    def _move_in_lot(self, number: int, points: int, source: Bucket, target: Bucket) -> None:
        lot = self.lot(number)
        if source in _LOT or source == "expired":
            lot = lot._replace(**{source: getattr(lot, source) - points})
        if target in _LOT or target == "expired":
            lot = lot._replace(**{target: getattr(lot, target) + points})
        if min(lot.pending, lot.available, lot.reserved, lot.expired) < 0:
            raise InvariantViolated(f"lot {number} of account {self.account.account_id} below zero")
        self.put_lot(lot)

    # -- rows beside the account: each mapping copied on its first write ---------------------------

    def lot(self, number: int) -> Lot:
        """The lot of that number; it must have been loaded."""
        try:
            return self.lots[number]
        except KeyError:
            raise InvariantViolated(
                f"lot {number} of account {self.account.account_id} was needed but not loaded"
            ) from None

    def lots_of(self, award: str) -> list[Lot]:
        """The lots of one award, oldest first."""
        if self.by_award is None:
            self.by_award = {}
            for number in sorted(self.lots):
                self.by_award.setdefault(self.lots[number].award, []).append(number)
        return [self.lots[number] for number in self.by_award.get(award, ())]

    def open_lot(self, lot: Lot) -> None:
        """Write the lot that the last row has opened."""
        self._own_lots()[lot.lot] = lot
        self.touched.opened.append(lot.lot)
        if self.by_award is not None:
            self.by_award.setdefault(lot.award, []).append(lot.lot)

    def put_lot(self, lot: Lot) -> None:
        """Write a lot that has changed."""
        self._own_lots()[lot.lot] = lot
        self.touched.lots.append(lot.lot)

    def _own_lots(self) -> dict[int, Lot]:
        if self.lots is self.account.lots:
            self.lots = dict(self.lots)
        return self.lots  # type: ignore[return-value]

    def lines_of(self, order_id: str) -> list[OrderLine]:
        """The lines of an order, as it was told."""
        lines = self.lines.get(order_id)
        return [] if lines is None else list(lines.values())

    def put_order(self, order: Order) -> None:
        """Write an order."""
        if self.orders is self.account.orders:
            self.orders = dict(self.orders)
        self.orders[order.order_id] = order  # type: ignore[index]
        self.touched.orders.append(order.order_id)

    def put_line(self, line: OrderLine) -> None:
        """Write an order line."""
        if self.lines is self.account.lines:
            self.lines = dict(self.lines)
        lines: Mapping[str, OrderLine] = self.lines.get(line.order_id, {})
        self.lines[line.order_id] = {**lines, line.line_id: line}  # type: ignore[index]
        self.touched.lines.append((line.order_id, line.line_id))

    def put_refund(self, refund: Refund) -> None:
        """Write a refund's key."""
        if self.refunds is self.account.refunds:
            self.refunds = dict(self.refunds)
        self.refunds[refund.refund_id] = refund  # type: ignore[index]
        self.touched.refunds.append(refund.refund_id)

    def put_review(self, review: Review) -> None:
        """Write a review's key."""
        if self.reviews is self.account.reviews:
            self.reviews = dict(self.reviews)
        self.reviews[review.review_id] = review  # type: ignore[index]
        self.touched.reviews.append(review.review_id)

    def put_effect(self, award: EffectAward) -> None:
        """Write what an effect is worth here."""
        if self.effect_awards is self.account.effects:
            self.effect_awards = dict(self.effect_awards)
        self.effect_awards[award.key] = award  # type: ignore[index]
        self.touched.effects.append(award.key)

    def put_payment(self, payment: Payment) -> None:
        """Write how much of a payment has come back."""
        self.keep_payment(payment)
        self.touched.payments.append(payment.redemption_id)

    def keep_payment(self, payment: Payment) -> None:
        """Know how far a payment is; whoever moves redemptions writes that themselves."""
        self.payments = {**self.payments, payment.redemption_id: payment}

    def set_remainder(self, rule: str, remainder: int) -> None:
        """Keep what is left of a point under a rule."""
        if self.remainders.get(rule, 0) != remainder:
            self.remainders = {**self.remainders, rule: remainder}

    def add_saved(self, currency: str, minor: int) -> None:
        """Add to (or take from) what the member has saved."""
        self.saved = {**self.saved, currency: self.saved.get(currency, 0) + minor}

    # -- reading ---------------------------------------------------------------------------

    def changed(self) -> bool:
        """Whether anything people are told about is different now."""
        account = self.account
        return bool(
            self.points
            or self.tier_events
            or self.saved is not account.saved
            or self.joined_at is not account.joined_at
            or self.left_at is not account.left_at
            or self.goal != account.goal
        )

    def standing(self) -> tuple[int, str, str]:
        """What, if it has changed, may let a certificate be issued: points, tier or goal."""
        return self.seq, self.tier, self.goal

    def acted(self) -> bool:
        """Whether the decision itself moved points, beyond what settling did before it."""
        return len(self.points) > self.settled

    def open_lots(self) -> list[Lot]:
        """Lots with available points in spend order: nearest expiry first, never-expiring last,
        then oldest, then seq."""
        if not self.account.lots_complete:
            raise InvariantViolated(
                f"spend order of account {self.account.account_id} without its lots"
            )
        return sorted((lot for lot in self.lots.values() if lot.available), key=spend_order)


def spend_order(lot: Lot) -> tuple[bool, datetime, datetime, int]:
    """A lot's place among those that are spent: the nearest expiry first."""
    if lot.expires_at is None or lot.expires_at == FOREVER:
        return (True, lot.earned_at, lot.earned_at, lot.lot)
    return (False, lot.expires_at, lot.earned_at, lot.lot)
