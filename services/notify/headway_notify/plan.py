"""Which mails are due, and when: one per member and business day. Pure.

A mail is due for a day on which an event, an effect, a redemption or a transfer
changed the account; settling
alone (ticks, time-outs), administration and what was imported send none. It is decided when the
day is over in the programme's zone, with what is known then, once, for good.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from headway.contracts.balance import BalanceChanged, Cause
from headway.contracts.opening import imported
from headway.program.calendar import end_of_day, local_date

MAILED_CAUSES = frozenset({"event", "effect", "redemption", "transfer"})
"""Kinds of cause after which a member hears from us."""

Version = tuple[int, int]
"""(epoch, version): how far a member's account is; compared in that order."""


class Due(NamedTuple):
    """A mail that is due: decide it when the clock passes `ends_at`."""

    member_id: str
    day: date
    ends_at: datetime


class Latest(NamedTuple):
    """A member's account as last published: `facts` is the data of balance.changed, canonical."""

    member_id: str
    version: Version
    left_day: date | None
    facts: bytes


class Plan(NamedTuple):
    """What a batch of balance changes comes to."""

    balances: list[Latest]
    due: list[Due]
    repeats: int
    """Messages dropped because their version, or a later one, had been seen."""


def plan(
    changes: Iterable[tuple[BalanceChanged, bytes]],
    seen: Mapping[str, Version],
    zone_of: Callable[[int], ZoneInfo],
) -> Plan:
    """Fold changes, in their order, into the latest state per member and the mails due.

    `seen` is how far each member was before; `zone_of` gives the zone of a programme version.
    Both lists come sorted by member, so that concurrent writers lock rows in one order.
    """
    latest: dict[str, Latest] = {}
    due: set[Due] = set()
    repeats = 0
    for change, facts in changes:
        member_id, version = change.member_id, (change.epoch, change.version)
        known = latest[member_id].version if member_id in latest else seen.get(member_id)
        if known is not None and version <= known:
            repeats += 1
            continue
        zone = zone_of(change.program_version)
        left_day = local_date(change.left_at, zone) if change.left_at else None
        latest[member_id] = Latest(member_id, version, left_day, facts)
        if _mailed(change.cause):
            day = local_date(change.cause.time, zone)
            due.add(Due(member_id, day, end_of_day(day, zone)))
    return Plan(sorted(latest.values()), sorted(due), repeats)


def _mailed(cause: Cause) -> bool:
    """Whether a member hears of it. What is imported happened long ago, or nowhere."""
    return cause.kind in MAILED_CAUSES and not imported(cause.source)
