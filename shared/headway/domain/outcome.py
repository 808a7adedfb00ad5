"""What became of an input, in the words of the input log."""

from typing import Literal, NamedTuple


class Outcome(NamedTuple):
    """`reason` says why, also for nothing; `unlocks` is what parked inputs may have waited for."""

    outcome: Literal["applied", "nothing", "parked", "refused"]
    reason: str = ""
    waits_for: str = ""
    unlocks: str = ""


def applied(reason: str = "", *, unlocks: str = "") -> Outcome:
    """It changed something, or is now known."""
    return Outcome("applied", reason, "", unlocks)


def nothing(reason: str, *, unlocks: str = "") -> Outcome:
    """It was understood and gives nothing, for this reason."""
    return Outcome("nothing", reason, "", unlocks)


def parked(waits_for: str) -> Outcome:
    """It waits for 'member', 'order:ID' or 'review:ID'."""
    return Outcome("parked", "waits for " + waits_for, waits_for)


def refused(reason: str) -> Outcome:
    """A command that cannot be met."""
    return Outcome("refused", reason)
