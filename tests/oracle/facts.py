"""What a mail may say, and on which days one is due."""

from collections.abc import Iterable, Sequence
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
    """The three facts: what can be had now, what was saved, what comes next at which distance."""

    ready: tuple[str, ...]
    saved: tuple[tuple[str, int], ...]
    next: tuple[str, int, int] | None

    def __str__(self) -> str:
        return f"ready {self.ready} saved {self.saved} next {self.next}"


def facts(member: Member) -> Facts:
    """The three facts as the account stands."""
    menu = member.programme(member.time).menu(member.tier, member.time)
    available, missing = member.available, [one for one in menu if one[0] > member.available]
    return Facts(
        tuple(reward.id for points, reward in menu if points <= available),
        savings(member.saved),
        None
        if not missing
        else (missing[0][1].id, missing[0][0], missing[0][0] - available - member.owed),
    )


def savings(saved: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """Savings by currency; none is the same as nothing."""
    return tuple(sorted((currency, minor) for currency, minor in saved.items() if minor))


def claimed(ready: Sequence[str], saved: dict[str, int], next_: dict[str, Any] | None) -> Facts:
    """Facts as a message or a mail states them."""
    return Facts(
        tuple(ready),
        savings(saved),
        None if next_ is None else (next_["id"], next_["points"], next_["missing"]),
    )


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
