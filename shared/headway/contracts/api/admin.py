"""What operators send and see: adjustments, the state of the catalogue, lists of redemptions."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue

from headway.contracts.api.redemptions import Balances, RedemptionView, Shape
from headway.contracts.fields import Id

MOST_POINTS = 10**9
AdjustmentId = Annotated[str, Field(pattern=r"^adj_[A-Za-z0-9_-]{24}$")]
AdjustmentState = Literal["proposed", "applied", "rejected"]
Why = Annotated[
    str,
    Field(
        min_length=1,
        max_length=256,
        pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$",
        description="Why, in one line for people; kept for good, so without personal data.",
    ),
]
Person = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=r"^[\x21-\x7e]+$",
        description="The opaque id of the person who decides; never a name or an address.",
    ),
]


def _some(points: int) -> int:
    if not points:
        raise ValueError("should not be 0: say how many to give, or below zero how many to take")
    return points


class AdjustRequest(Shape):
    """Give a member points, or take some."""

    member_id: Id
    points: Annotated[
        int,
        Field(ge=-MOST_POINTS, le=MOST_POINTS, json_schema_extra={"not": {"const": 0}}),
        AfterValidator(_some),
    ]
    """Above zero to give, below to take; not zero. Only available points can be taken."""
    reason: Why
    """The member sees it in the history of points."""
    by: Person


class SecondRequest(Shape):
    """A second person's word on a proposed adjustment."""

    by: Person


class Named(Shape):
    """A person, and the API key that the act came with."""

    person: str
    key_id: str


class AdjustmentView(Shape):
    """An adjustment as it stands."""

    adjustment_id: AdjustmentId
    member_id: Id
    points: int
    reason: str
    state: AdjustmentState
    """`proposed` waits for a second person, who applies or rejects it."""
    limit_points: int
    """What one person could adjust alone when it was asked for."""
    asked_by: Named
    decided_by: Named | None
    """The second person, if there was one."""
    asked_at: datetime
    """By the system's clock."""
    decided_at: datetime | None


class AccountAfter(Shape):
    """The member's account right after an adjustment."""

    effective_at: datetime
    """Business time of the command."""
    epoch: int
    """Which life of the ledger `version` counts in."""
    version: int
    """The account's version that this command made, as in balance.changed."""
    balances: Balances


class AdjustmentAnswer(AdjustmentView):
    """An adjustment after a command."""

    account: AccountAfter | None
    """Null while nothing is applied."""


class Adjustments(Shape):
    """A page of adjustments, newest first."""

    adjustments: list[AdjustmentView]
    next_cursor: str | None


class Redemptions(Shape):
    """A page of redemptions, newest first."""

    redemptions: list[RedemptionView]
    next_cursor: str | None


class StockView(Shape):
    """How many of a reward there are."""

    reward_id: Id
    total: int
    """All there are, those spoken for included."""
    taken: int
    """Of them held or given."""
    left: int


class StockRequest(Shape):
    """How many of a reward there are in all, those already taken included."""

    total: Annotated[int, Field(ge=0, le=10**9)]
    by: Person


class RewardState(Shape):
    """A reward as operators see it."""

    reward_id: Id
    name: str
    kind: str
    points: int
    stock: StockView | None
    """Null for a reward that is not counted."""
    code_pool: str | None
    """The pool that its codes come from, if it gives codes."""
    codes_left: int | None
    """Codes of that pool that nobody has; null for a shared code, and for what gives none."""


class CatalogueState(Shape):
    """The rewards of the programme in force, with what is left of them."""

    program_version: int
    rewards: list[RewardState]


class CodePool(Shape):
    """How many codes of a pool are in which state."""

    pool: str
    free: int
    taken: int
    """Held for redemptions that are not confirmed yet."""
    given: int
    used: int
    void: int
    shared: int
    """Codes for all members."""


class CodePools(Shape):
    """The pools of codes. Codes themselves are never shown here."""

    pools: list[CodePool]


class Referrals(Shape):
    """How a member came, and what they got for bringing others."""

    referred: str | None
    """The referral that they came by."""
    awards: list[dict[str, JsonValue]]
    """What referrals are worth here, in millionths of a point."""


class EraseRequest(Shape):
    """Take a member's name out of everything. There is no way back."""

    reason: Why
    by: Person


class Erased(Shape):
    """The name is gone; nothing here leads to what it stood for."""

    erased_at: datetime
    """Business time from which on nothing is earned."""


class MemberExport(Shape):
    """Everything the ledger holds of one member, of one moment; rows as the ledger has them.

    Contact data is notify's alone and is not in it: `headway export` puts both together.
    """

    member_id: Id
    exported_at: datetime
    account: dict[str, JsonValue]
    """Balances, tier, times, and what is counted towards tiers and caps."""
    inputs: list[dict[str, JsonValue]]
    """Every event and command that was decided on, and what became of it."""
    points_events: list[dict[str, JsonValue]]
    lots: list[dict[str, JsonValue]]
    tier_events: list[dict[str, JsonValue]]
    orders: list[dict[str, JsonValue]]
    redemptions: list[dict[str, JsonValue]]
    referrals: Referrals
    adjustments: list[dict[str, JsonValue]]
    pools: list[dict[str, JsonValue]]
