"""What members may share, as the programme's author writes it: transfers and household pools."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from headway.program.rules import Per
from headway.program.written import Part, no_truth_value

Points = Annotated[int, Field(ge=1, le=10**12), BeforeValidator(no_truth_value)]
Household = Annotated[int, Field(ge=2, le=100), BeforeValidator(no_truth_value)]


class Maximum(Part):
    """At most so many points in each local period."""

    points: Points
    per: Per


class Transfers(Part):
    """Members may send each other points: at least so many at once, at most in a period."""

    minimum: Points = 1
    maximum: Maximum | None = None


class Pools(Part):
    """Members may spend together, so many in one household at most."""

    members: Household
