"""From an account, settled to now, to what the API shows of a member."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from headway.contracts.api.members import (
    CertificateView,
    GoalView,
    MembershipView,
    MemberView,
    PointsAt,
    Schedule,
    TierView,
    ToRise,
    ToStay,
)
from headway.contracts.api.redemptions import NextReward
from headway.domain.account import Account, Lot
from headway.domain.book import Book
from headway.domain.notices import expiring
from headway.domain.progress import goal, progress
from headway.domain.staying import rising, staying
from headway.program.program import FOREVER, NOT_YET, Program, Programs
from headway.program.rules import MICRO
from headway_redeem.views import balances, reward_fields, reward_view

_SHOWN = 12


def member_view(account: Account, now: Account, programs: Programs, epoch: int) -> MemberView:
    """`account` as the ledger holds it and `now`, the same account settled to this moment."""
    if account.joined_at is None or account.time is None or now.time is None:
        raise ValueError("only members who have joined are shown")
    program = programs.at(now.time)
    book = Book(now, now.inputs, program.version)
    facts = progress(program, now.available, now.owed, now.tier, now.time)
    following = facts.next
    return MemberView(
        member_id=account.member_id,
        joined_at=account.joined_at,
        left_at=account.left_at,
        as_of=now.time,
        account_time=account.time,
        epoch=epoch,
        version=account.version,
        balances=balances(now),
        becoming_available=_schedule(_activating(now.lots.values())),
        expiring=_schedule(_ending(expiring(book, programs, now.time))),
        tier=now.tier,
        tier_progress=_tier(book, program, now.time),
        membership=_membership(now, program),
        saved=dict(account.saved),
        rewards_ready=[reward_view(reward) for reward in facts.ready],
        next_reward=None
        if following is None
        else NextReward(**reward_fields(following.reward), missing=following.missing),
        goal=goal_view(now, program),
        certificates=[
            CertificateView(
                redemption_id=one.redemption_id,
                points=one.points,
                value_minor=one.value_minor,
                currency=one.currency,
            )
            for one in account.certificates
        ],
    )


def goal_view(now: Account, program: Program) -> GoalView | None:
    """The goal of an account as it stands; None also for a reward that is no more, or has no price
    of its own."""
    if now.time is None:
        return None
    told = goal(program, now.goal, now.available, now.owed, now.tier, now.time)
    if told is None:
        return None
    return GoalView(
        **reward_fields(told.reward), missing=told.missing, ready=not told.missing,
        automatic=told.reward.automatic,
    )  # fmt: skip


def _activating(lots: Iterable[Lot]) -> dict[datetime, int]:
    found: dict[datetime, int] = {}
    for lot in lots:
        if lot.pending:
            found[lot.activates_at] = found.get(lot.activates_at, 0) + lot.pending
    return found


def _ending(by_moment: Mapping[datetime, int]) -> dict[datetime, int]:
    return {at: points for at, points in by_moment.items() if at < FOREVER and points}


def _schedule(by_moment: Mapping[datetime, int]) -> Schedule:
    total, nearest = sum(by_moment.values()), sorted(by_moment)[:_SHOWN]
    return Schedule(
        total=total,
        next=[PointsAt(at=None if at >= NOT_YET else at, points=by_moment[at]) for at in nearest],
        later=total - sum(by_moment[at] for at in nearest),
    )


def _tier(book: Book, program: Program, moment: datetime) -> TierView | None:
    if not program.levels:
        return None
    names = {level.id: level.name for level in program.levels}
    measure, gone = program.tiers.measure, book.left_at is not None
    up = None if gone else rising(book, program, moment)
    keep = None if gone else staying(book, program, moment)

    def whole(missing: int) -> int:
        """Points are measured in millionths."""
        return -(-missing // MICRO) if measure == "points" else missing

    return TierView(
        tier=book.tier,
        name=names.get(book.tier, book.tier),
        measure=measure,
        currency=program.currency if measure == "spend" else None,
        activity=program.tiers.activity or None,
        to_rise=None
        if up is None
        else ToRise(tier=up.level, name=names[up.level], missing=whole(up.missing), until=up.until),
        to_stay=None if keep is None else ToStay(missing=whole(keep.missing), until=keep.until),
    )


def _membership(now: Account, program: Program) -> MembershipView | None:
    had = now.membership
    if had is None or now.time is None:
        return None
    plan = program.plans.get(had.plan)
    return MembershipView(
        membership_id=had.membership_id,
        plan=had.plan,
        name=had.plan if plan is None else plan.name,
        from_at=had.from_at,
        until=had.until,
        active=had.from_at <= now.time < had.until,
    )
