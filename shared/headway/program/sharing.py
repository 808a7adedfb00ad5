"""What members may share: the programme's terms for transfers."""

from typing import NamedTuple

from headway.program.rules import Per


class Most(NamedTuple):
    """At most so many points in each local period."""

    points: int
    per: Per


class Transfers(NamedTuple):
    """How many points one member may send another: at least so many at once, at most in a
    period (None: any number)."""

    minimum: int
    maximum: Most | None
