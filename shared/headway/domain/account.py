"""The values a decision reads: one account, and of its lots, orders and keys what matters now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from headway.program.caps import Used


class Lot(NamedTuple):
    """The points of one earn, by where they are now. `exact` in millionths of a point."""

    lot: int
    points: int
    pending: int
    available: int
    reserved: int
    expired: int
    waived: int
    exact: int
    exact_returned: int
    rule: str
    award: str
    line_id: str
    program_version: int
    earned_at: datetime
    activates_at: datetime
    expires_at: datetime | None


class Order(NamedTuple):
    """A known order. `counts`: paid while a member, so it earns and counts towards tiers."""

    order_id: str
    n: int
    order_version: int
    digest: bytes
    currency: str
    paid_at: datetime
    tier: str
    program_version: int
    counts: bool
    fulfilled_at: datetime | None = None


class OrderLine(NamedTuple):
    """One line, in minor units of the order's currency: `amount` is the part that can earn,
    `full_amount` the whole line, of which `paid_with_points` was paid with points."""

    order_id: str
    line_id: str
    sku: str
    category: str
    quantity: int
    returned: int
    amount: int
    paid_with_points: int = 0
    full_amount: int = 0

    @property
    def brand(self) -> str:
        """Not kept: a return takes back what was awarded, whatever it was awarded for."""
        return ""


class Review(NamedTuple):
    """A known review."""

    review_id: str
    n: int
    digest: bytes
    removed: bool


class Refund(NamedTuple):
    """A known refund."""

    refund_id: str
    n: int
    digest: bytes


class Payment(NamedTuple):
    """A redemption that pays an order. What was restored of it (points, and minor units of
    `currency`) came back with the order's goods.

    `held`: (lot, points) in the order reserved; `taken`: from which lots its points are taken
    now, lot 0 standing for what was owed. `state` as in headway.domain.redemption.
    """

    redemption_id: str
    order_id: str
    points: int
    value_minor: int
    currency: str
    state: str
    reserved_at: datetime
    updated_at: datetime
    held: tuple[tuple[int, int], ...]
    taken: tuple[tuple[int, int], ...] = ()
    restored_points: int = 0
    restored_minor: int = 0


class EffectAward(NamedTuple):
    """What the highest revision of an effect is worth here, in millionths of a point."""

    key: str
    revision: int
    exact: int


class FirstPurchase(NamedTuple):
    """The first purchase that can complete a referral. `gone`: wholly returned, for good."""

    order_id: str
    paid_at: datetime
    gone: bool = False


class Referral(NamedTuple):
    """How this member came: who referred them, and what it has led to.

    `since`: when the first purchase completed it; `revision` counts what the referrer was told.
    """

    referral_id: str
    referrer: str
    created_at: datetime | None
    completed_order: str | None
    revision: int
    since: datetime | None
    signed_up: datetime | None = None


class Membership(NamedTuple):
    """A paid membership: its running term, and whether a benefit was had in it."""

    membership_id: str
    plan: str
    from_at: datetime
    until: datetime
    paid_minor: int
    currency: str
    used: bool = False


class Certificate(NamedTuple):
    """A certificate that issued itself and has not been used: its price, what it saves (minor units
    of `currency`), and which lots paid for it: (lot, points) in spend order."""

    redemption_id: str
    points: int
    value_minor: int
    currency: str
    held: tuple[tuple[int, int], ...]


class Input(NamedTuple):
    """Something to decide on. `data` is the contract's model, `body` its canonical JSON."""

    source: str
    id: str
    kind: str
    time: datetime
    data: Any
    digest: bytes
    body: bytes


Key = tuple[datetime, str, str]
"""The place of an input among its member's: business time, source, id."""


def key_of(item: Input) -> Key:
    """Where an input stands among its member's."""
    return item.time, item.source, item.id


class Parked(NamedTuple):
    """An input that waits for another: for the member, an order or a review."""

    n: int
    waits_for: str
    input: Input


class Account(NamedTuple):
    """One member's account. The mappings hold what was loaded for this batch, not everything.

    `measures`: by what tiers go by, then by local day; `carried`: the tier at the start of a
    period, for programmes where it falls one step at a time; `active_at`: the last activity that
    keeps points alive; `last`: the latest place of a source input that was decided; `goal`: the
    reward that the member saves for; `certificates`: the unused automatic ones, oldest first.
    """

    account_id: int
    member_id: str
    pending: int = 0
    available: int = 0
    reserved: int = 0
    owed: int = 0
    seq: int = 0
    inputs: int = 0
    tier_seq: int = 0
    version: int = 0
    time: datetime | None = None
    joined_at: datetime | None = None
    left_at: datetime | None = None
    tier: str = ""
    next_due_at: datetime | None = None
    remainders: Mapping[str, int] = {}
    saved: Mapping[str, int] = {}
    measures: Mapping[str, Mapping[str, int]] = {}
    first: FirstPurchase | None = None
    referral: Referral | None = None
    purchases: int = 0
    caps: Mapping[str, Used] = {}
    carried: tuple[str, str] = ("", "")
    birthday: str = ""
    membership: Membership | None = None
    active_at: datetime | None = None
    last: Key | None = None
    goal: str = ""
    certificates: tuple[Certificate, ...] = ()
    lots_complete: bool = True
    unloaded_due_at: datetime | None = (
        None  # when lots that were not loaded are due at the earliest
    )
    lots: Mapping[int, Lot] = {}
    orders: Mapping[str, Order] = {}
    lines: Mapping[str, Mapping[str, OrderLine]] = {}
    refunds: Mapping[str, Refund] = {}
    reviews: Mapping[str, Review] = {}
    effects: Mapping[str, EffectAward] = {}
    payments: Mapping[str, Payment] = {}
    parked: tuple[Parked, ...] = ()
    held_elsewhere: frozenset[str] = frozenset()
