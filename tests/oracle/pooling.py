"""Households: what members give for what one of them spends, and what comes home again.

Who gave how many points is taken from the engine. That it adds up to the price, that each gave
what dies first of their own, and that nobody gave what dies later than what another kept, is not.
"""

from collections.abc import Iterable, Mapping

from tests.oracle.lots import Points
from tests.oracle.member import Draw, Member
from tests.oracle.published import Published

SOURCE = "headway/moves"
Given = Mapping[str, Mapping[str, int]]
"""By redemption, by member who gave: points."""


def given_by(rows: Iterable[tuple[str, str, int]]) -> Given:
    """Rows of (redemption, member, points)."""
    found: dict[str, dict[str, int]] = {}
    for redemption_id, member, points in rows:
        found.setdefault(redemption_id, {})[member] = points
    return found


def move(member: Member, cause: Published, given: Given) -> None:
    """Points leave for a redemption of another member, or come home. ValueError if they cannot."""
    redemption_id, kind = cause.id.split(":")[:2]
    if kind == "pool.give":
        points = given.get(redemption_id, {}).get(member.id, 0)
        member.draws[redemption_id] = draw(member, points)
    elif kind == "pool.home":
        one = member.draws[redemption_id]
        if not one.points:
            raise ValueError(f"{redemption_id} has come home before")
        for lot, part in one.taken:
            member.give_back(lot, part)
        one.points = 0
    else:
        raise ValueError(f"{kind} is not known")
    member.changes += 1
    member.settle(member.time)


def draw(member: Points, points: int) -> Draw:
    """Take so many points, those that die first. ValueError when there are fewer."""
    missing, found = points, Draw([], None, None, points)
    for lot in member.by_spend_order():
        part = min(missing, lot.available)
        if part:
            lot.available -= part
            missing -= part
            found.taken.append((lot, part))
            found.last = lot.spend_order[:2]
        if lot.available and found.left is None:
            found.left = lot.spend_order[:2]
    if missing:
        raise ValueError(f"{missing} of {points} points were not there")
    return found


def check_draws(members: Iterable[Member], given: Given) -> list[str]:
    """Redemptions for which somebody gave what dies later than what somebody else kept."""
    draws: dict[str, list[Draw]] = {}
    for member in members:
        for redemption_id, one in member.draws.items():
            draws.setdefault(redemption_id, []).append(one)
    gone = sorted(given.keys() - draws.keys())
    problems = [f"{one}: points were given, and never left" for one in gone]
    for redemption_id, ones in draws.items():
        last = max((one.last for one in ones if one.last), default=None)
        left = min((one.left for one in ones if one.left), default=None)
        if last is not None and left is not None and left < last:
            problems.append(f"{redemption_id}: took {last}, and left {left}")
    return problems
