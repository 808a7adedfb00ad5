"""The programme file as its author writes it: one YAML document, checked field by field."""

from decimal import Decimal
from functools import cache
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from headway.contracts.fields import Time
from headway.program.life_document import ExpiryOrNever, Notices, PointsLife
from headway.program.messages_document import MessagesDocument
from headway.program.reward_document import Reward
from headway.program.rule_document import Rule
from headway.program.sharing_document import Pools, Transfers
from headway.program.written import (
    EITHER,
    PARTS,
    WORD,
    Amount,
    Currency,
    Days,
    Months,
    Name,
    Part,
    Price,
    RuleId,
    ShortName,
    Zone,
    no_truth_value,
)


def _no_balance(measure: object) -> object:
    """Tiers by the spendable balance are asked for often, and always regretted."""
    if measure in ("balance", "available"):
        raise ValueError(
            "tiers by the spendable balance would cost members their tier whenever they spend; "
            "use spend (money) or points (all that was earned)"
        )
    return measure


TenYears = Annotated[int, Field(ge=1, le=120), BeforeValidator(no_truth_value)]


class Level(Part):
    """A tier and the measure that reaches it; points earned in it may live longer."""

    id: RuleId
    name: ShortName
    from_: Amount = Field(alias="from")
    expiry: ExpiryOrNever | None = None


class ByActivity(Part):
    """Tiers by a counted activity, such as elite miles or nights."""

    activity: ShortName


class Rolling(Part):
    """The last months, counted from today."""

    rolling_months: TenYears


class KeptMonths(Part):
    """A tier once reached is kept for so many months."""

    months: Months


class Tiers(Part):
    """How tiers are reached, kept and lost."""

    measure: Annotated[
        Annotated[Literal["spend", "points", "orders"], WORD] | Annotated[ByActivity, PARTS],
        EITHER,
        BeforeValidator(_no_balance),
    ] = "spend"
    window: Annotated[
        Annotated[
            Literal["calendar_year", "membership_year", "lifetime", "rolling_12_months"], WORD
        ]
        | Annotated[Rolling, PARTS],
        EITHER,
    ]
    entry: Literal["at_once", "next_period"] = "at_once"
    keep: (
        Annotated[
            Annotated[Literal["while_reached", "end_of_period", "end_of_next_period"], WORD]
            | Annotated[KeptMonths, PARTS],
            EITHER,
        ]
        | None
    ) = None
    grace_days: Days = 0
    downgrade: Literal["to_earned", "one_step"] = "to_earned"
    at_risk_days: Notices = ()
    levels: Annotated[list[Level], Field(min_length=1, max_length=20)]

    @property
    def by_year(self) -> bool:
        """Whether the window is a year with a beginning and an end."""
        return self.window in ("calendar_year", "membership_year")


class Plan(Part):
    """A membership that is paid for."""

    id: RuleId
    name: Name
    months: TenYears
    price: Price


class MembershipRefund(Part):
    """What is given back when a membership is cancelled, by whether a benefit was used."""

    unused: Literal["full", "prorated", "none"] = "full"
    used: Literal["full", "prorated", "none"] = "none"


class Membership(Part):
    """Paid membership: plans, and the refund on cancelling."""

    plans: Annotated[list[Plan], Field(min_length=1, max_length=20)]
    refund: MembershipRefund = MembershipRefund()


class Referrals(Part):
    """The least purchase that completes a referral, in the programme's currency."""

    minimum_order: Amount = Decimal(0)


class Document(Part):
    """The whole file."""

    name: Name
    zone: Zone
    from_: Time = Field(alias="from")
    currency: Currency
    points: PointsLife = PointsLife()
    rules: Annotated[list[Rule], Field(min_length=1, max_length=500)]
    tiers: Tiers | None = None
    referrals: Referrals = Referrals()
    membership: Membership | None = None
    messages: MessagesDocument = MessagesDocument()
    rewards: Annotated[tuple[Reward, ...], Field(max_length=200)] = ()
    transfers: Transfers | None = None
    pools: Pools | None = None


@cache
def field_names() -> tuple[str, ...]:
    """Every field of the language, for telling which one a misspelt one is near to."""
    schema = Document.model_json_schema(by_alias=True)
    parts = [schema, *schema["$defs"].values()]
    return tuple(sorted({name for part in parts for name in part.get("properties", ())}))
