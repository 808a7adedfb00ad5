"""Rewards and quotes as the API shows them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from headway.contracts.api.catalogue import (
    CatalogueReward,
    DaySpan,
    LimitView,
    PointRate,
    PriceView,
    Quote,
    Rewards,
    WhoView,
)
from headway.domain.account import Account
from headway.domain.terms import Refused, Terms, Wish, terms_of
from headway.program.program import Program
from headway.program.rewards import BY_ORDER, EVERYBODY, Days, Rate, Reward
from headway_redeem import problems
from headway_redeem.refusing import TERMS_REFUSED, needed_points

_PERCENT = 1000
"""Thousandths of a percent."""


class Seen(NamedTuple):
    """A member at a moment: the account as the ledger holds it, and `now`, settled to `at`."""

    account: Account
    now: Account
    program: Program
    at: datetime
    epoch: int


def for_all(program: Program, at: datetime, known: Mapping[str, Wish]) -> Rewards:
    """The catalogue, for nobody in particular."""
    day = program.day(at)
    views = []
    for reward in program.rewards:
        wish = known.get(reward.id, Wish())
        views.append(_view(reward, reward.points, wish, _closed(reward, day, wish)))
    return Rewards(program_version=program.version, member_id=None, rewards=views)


def _closed(reward: Reward, day: date, wish: Wish) -> Refused | None:
    """Why nobody can have it."""
    if not reward.who.days.first <= day <= reward.who.days.last:
        return "not for this member"
    return "out of stock" if wish.left is not None and wish.left < 1 else None


def for_member(seen: Seen, known: Mapping[str, Wish]) -> Rewards:
    """The catalogue with a member's prices."""
    program, tier = seen.program, seen.now.tier
    day = program.day(seen.at)
    views = []
    for reward in program.rewards:
        wish = known.get(reward.id, Wish())
        views.append(_view(reward, reward.price(tier, day), wish, _why_not(seen, reward, wish)))
    return Rewards(
        program_version=program.version,
        member_id=seen.now.member_id,
        rewards=sorted(views, key=lambda view: (view.points, view.reward_id)),
    )


def _why_not(seen: Seen, reward: Reward, wish: Wish) -> Refused | None:
    """Why the member cannot have it, apart from points and from what the order says."""
    terms = terms_of(seen.program, reward, seen.now.tier, seen.at, seen.now.available, wish)
    if isinstance(terms, Terms) or (terms == "order needed" and reward.kind in BY_ORDER):
        return None
    return terms


def quoted(seen: Seen, reward: Reward, wish: Wish) -> Quote:
    """What it would cost, whether the points are there or not."""
    member = seen.now
    terms = terms_of(seen.program, reward, member.tier, seen.at, member.available, wish)
    found = terms if isinstance(terms, Terms) else None
    missing = max(needed_points(reward, terms) - member.available - member.owed, 0)
    return Quote(
        member_id=member.member_id,
        reward_id=reward.id,
        can_have=_refused(seen, terms, missing) is None,
        why_not=_refused(seen, terms, missing),
        points=None if found is None else found.points,
        value_minor=None if found is None else found.value_minor,
        cash_minor=None if found is None else found.cash_minor,
        currency=reward.currency if found is None else found.currency,
        available=member.available,
        missing=missing,
    )


def _refused(seen: Seen, terms: Terms | Refused, missing: int) -> str | None:
    """The name of the problem that reserving would be answered with."""
    if seen.now.left_at is not None and seen.at >= seen.now.left_at:
        return problems.MEMBER_LEFT.name
    if not isinstance(terms, Terms):
        return TERMS_REFUSED[terms].name
    return problems.INSUFFICIENT_POINTS.name if missing else None


def _view(reward: Reward, points: int, wish: Wish, why: Refused | None) -> CatalogueReward:
    who, limit, rate = reward.who, reward.limit, reward.rate
    return CatalogueReward(
        reward_id=reward.id,
        name=reward.name,
        points=points,
        value_minor=reward.value_minor,
        currency=reward.currency,
        kind=reward.kind,
        cash_minor=reward.cash_minor,
        prices=[
            PriceView(points=o.points, tiers=sorted(o.tiers), days=_span(o.days))
            for o in reward.offers
        ],
        who=None if who == EVERYBODY else WhoView(tiers=sorted(who.tiers), days=_span(who.days)),
        limit=None if limit is None else LimitView(times=limit.times, per=limit.per),
        stock_left=wish.left if reward.stock is not None else None,
        sku=reward.sku or None,
        cause=reward.cause or None,
        percent=reward.percent / _PERCENT if reward.percent else None,
        maximum_minor=reward.maximum_minor,
        rate=None if rate is None else _rate(rate),
        available=why is None,
        why_not=None if why is None else TERMS_REFUSED[why].name,
    )


def _rate(rate: Rate) -> PointRate:
    return PointRate(
        points=rate.points,
        pays_minor=rate.minor,
        minimum=rate.minimum,
        maximum_share_percent=rate.share / _PERCENT,
    )


def _span(days: Days) -> DaySpan:
    first = None if days.first == date.min else days.first
    return DaySpan(**{"from": first, "to": None if days.last == date.max else days.last})
