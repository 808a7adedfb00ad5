"""What a mail may say, and on which days one is due."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.days import end_of, local_day
from tests.oracle.member import Member
from tests.oracle.published import Published

MAIL_WORTHY = ("event", "effect", "redemption", "transfer")


@dataclass(frozen=True)
class Facts:
    """The facts: what can be had now, what was saved, what comes next at which distance, and at
    which distance the goal is that the member has chosen."""

    ready: tuple[str, ...]
    saved: tuple[tuple[str, int], ...]
    next: tuple[str, int, int] | None
    goal: tuple[str, int, int] | None = None

    def __str__(self) -> str:
        return f"ready {self.ready} saved {self.saved} next {self.next} goal {self.goal}"


def facts(member: Member) -> Facts:
    """The facts as the account stands."""
    menu = member.programme(member.time).menu(member.tier, member.time)
    available, missing = member.available, [one for one in menu if one[0] > member.available]
    return Facts(
        tuple(reward.id for points, reward in menu if points <= available),
        savings(member.saved),
        None
        if not missing
        else (missing[0][1].id, missing[0][0], missing[0][0] - available - member.owed),
        _goal(member),
    )


def _goal(member: Member) -> tuple[str, int, int] | None:
    """The goal, its price to the member and what is missing, where there is such a price now."""
    programme = member.programme(member.time)
    for reward in programme.rewards:
        if reward.id == member.goal and reward.priced:
            price = reward.price(member.tier, local_day(member.time, programme.zone))
            return reward.id, price, max(0, price - (member.available + member.owed))
    return None


def savings(saved: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """Savings by currency; none is the same as nothing."""
    return tuple(sorted((currency, minor) for currency, minor in saved.items() if minor))


def claimed(
    ready: Sequence[str], saved: dict[str, int], next_: dict[str, Any] | None,
    goal: dict[str, Any] | None,
) -> Facts:  # fmt: skip
    """Facts as a message or a mail states them."""
    return Facts(tuple(ready), savings(saved), _distance(next_), _distance(goal))


def _distance(told: dict[str, Any] | None) -> tuple[str, int, int] | None:
    return None if told is None else (told["id"], told["points"], told["missing"])


def published(claims: Mapping[str, Any]) -> Facts:
    """Facts as a balance.changed states them."""
    return claimed(
        claims["rewards_ready"], claims["saved"], claims["next_reward"], claims.get("goal")
    )


def mailed(told: Mapping[str, Any]) -> Facts:
    """Facts as a mail's header states them."""
    return claimed(told["ready"], told["saved"], told["next"], told["goal"])


def days_due(
    history: Iterable[Published], left_at: datetime | None, zone: ZoneInfo, until: datetime
) -> dict[date, int]:
    """The business days that call for a mail, each with the first version that did.

    `until` is how far the stream's clock came: a day that it has not passed is not decided.
    """
    due: dict[date, int] = {}
    for one in history:
        day = local_day(one.time, zone)
        if one.kind not in MAIL_WORTHY or end_of(day, zone) > until:
            continue
        if left_at is None or day < local_day(left_at, zone):
            due.setdefault(day, one.version)
    return due
