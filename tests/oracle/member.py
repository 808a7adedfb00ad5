"""One member: orders, returns, reviews, referrals and redemptions beside the points."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tests.oracle.days import local_day
from tests.oracle.lots import POINT, Lot, Points
from tests.oracle.programme import Rule

APPLIED: Final = "applied"
PARKED: Final = "parked"
CONFLICT: Final = "conflict"


@dataclass
class Line:
    """One line of an order; by rule, the awards it got and what the whole line is worth."""

    sku: str
    quantity: int
    base: int
    category: str
    returned: int = 0
    awards: dict[str, list[Lot]] = field(default_factory=dict)
    worth: dict[str, int] = field(default_factory=dict)

    def kept_of(self, whole: int) -> int:
        """What is left of `whole` after what came back so far."""
        return whole - whole * self.returned // self.quantity


@dataclass
class Order:
    """An order as last told; `counted` while it moves tiers and earns."""

    id: str
    content: dict[str, Any]
    version: int
    paid_at: datetime
    currency: str
    lines: dict[str, Line]
    tier: str = ""
    counted: bool = False

    @property
    def gone(self) -> bool:
        """Everything of it came back."""
        return all(line.returned == line.quantity for line in self.lines.values())


@dataclass
class Referral:
    """Who invited this member."""

    id: str
    referrer: str
    created_at: datetime | None = None
    completed_order: str | None = None
    awarded: list[Lot] | None = None
    undone: bool = False


@dataclass
class Redemption:
    """Points set aside for a reward, by the lots they came from."""

    taken: list[tuple[Lot, int]]
    points: int
    state: str = "reserved"


@dataclass
class Member(Points):
    """Everything about one member. `saved` and `effects` are what others get to see."""

    id: str = ""
    left_at: datetime | None = None
    orders: dict[str, Order] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    reviews: dict[str, tuple[dict[str, Any], list[Lot]]] = field(default_factory=dict)
    removed_reviews: set[str] = field(default_factory=set)
    referral: Referral | None = None
    first_order: Order | None = None
    redemptions: dict[str, Redemption] = field(default_factory=dict)
    saved: dict[str, int] = field(default_factory=dict)
    referred: dict[tuple[str, str], tuple[int, list[Lot]]] = field(default_factory=dict)
    effects: list[dict[str, Any]] = field(default_factory=list)
    balances_matter: bool = True
    """False where inputs are taken in another order than happened: what was spent then may not
    be there now, and only entitlements are asked for."""

    def fixed(self, rules: list[Rule], what: str, earned_at: datetime) -> list[Lot]:
        """A fixed number of points by each rule."""
        return [
            self.award(rule, what, rule.points * POINT, earned_at) for rule in rules if rule.points
        ]

    def count(self, order: Order, money: int) -> None:
        """The order's day counts this much more, or less, towards the tier."""
        programme = self.programme(order.paid_at)
        if order.counted and order.currency == programme.currency:
            day = local_day(order.paid_at, programme.zone)
            self.spend[day] = self.spend.get(day, 0) + money
