"""What a member brings along from another system: an input of the log, never on the wire."""

from typing import Annotated, Final

from pydantic import Field, Strict

from headway.contracts.fields import MAX_SAFE_INTEGER, Counter, Data, Flag, Id, Subject, Time

OPENING: Final = "import.opening"
"""The kind of input that an opening balance is."""

IMPORTED: Final = "headway/import"
"""The `source` of everything that `headway import` brings in: nobody is told of it."""

MOST_LOTS: Final = 1000
"""Lots that one member may bring along in one batch."""

MOST_POINTS: Final = 9_000_000_000
"""Points of one lot: more cannot be counted in millionths that every JSON reader holds exactly."""


class OpeningLot(Data):
    """Points that were earned together and expire together."""

    points: Annotated[int, Strict(), Field(ge=1, le=MOST_POINTS)]
    earned_at: Time
    rule: Id
    """What they are told under, in reports and to support."""
    expires_at: Time | None
    """Null: never, or as `by_programme` says."""
    by_programme: Flag
    """Whether they live as long as the programme gives points earned at that time."""


class Measured(Data):
    """What counts towards tiers, of one local day."""

    on: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    amount: Annotated[int, Strict(), Field(ge=1, le=MAX_SAFE_INTEGER)]
    """Minor units, millionths of a point, orders or units, by the name of the measure."""


class OpeningBalance(Subject):
    """How a member stood when their account moved here."""

    batch: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    """Which import it came with: one balance for each member and batch."""
    joined_at: Time
    """When the member joined, if nothing else says so: where this stands among their inputs."""
    as_of: Time
    """The latest moment it speaks of: the account is settled to there."""
    lots: Annotated[tuple[OpeningLot, ...], Field(max_length=MOST_LOTS)]
    measure: Annotated[str, Field(max_length=128)]
    """The name of what tiers go by; empty where nothing is measured."""
    measured: tuple[Measured, ...]
    purchases: Counter
    """Purchases made before; the next one is not the first."""

    @property
    def id(self) -> str:
        """The input's id: one member's balance in one batch is told once."""
        return f"opening:{self.batch}:{self.member_id}"

    def award(self, place: int) -> str:
        """What the lot at that place was given for."""
        return f"opening:{self.batch}:{place}"


def imported(source: str) -> bool:
    """Whether an input of that source was brought in rather than heard of as it happened."""
    return source == IMPORTED
