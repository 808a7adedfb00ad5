"""From what the ledger holds to what the API shows."""

from typing import Any

from headway.domain.account import Account
from headway.domain.closing import Decision
from headway.domain.progress import progress
from headway.ledger.redemptions import Redemption
from headway.program.program import Program
from headway.program.rewards import Reward
from headway_redeem.models import (
    Balances,
    MemberView,
    NextReward,
    RedemptionAnswer,
    RedemptionView,
    RewardView,
)

_SHOWN = tuple(RedemptionView.model_fields)


def redemption_view(redemption: Redemption) -> RedemptionView:
    """A redemption as it stands."""
    return RedemptionView(**_shown(redemption))


def _shown(redemption: Redemption) -> dict[str, Any]:
    """A code that is held, or was given back, is nobody's to see."""
    shown = {name: getattr(redemption, name) for name in _SHOWN}
    given = redemption.state in ("confirmed", "fulfilled")
    return {**shown, "code": redemption.code if given else None}


def redemption_answer(redemption: Redemption, decision: Decision, epoch: int) -> RedemptionAnswer:
    """A redemption right after the command that `decision` decided."""
    account = decision.account
    return RedemptionAnswer(
        **_shown(redemption),
        effective_at=decision.input.time,
        epoch=epoch,
        version=account.version,
        balances=balances(account),
    )


def balances(account: Account) -> Balances:
    """Where the account's points are."""
    return Balances(
        pending=account.pending,
        available=account.available,
        reserved=account.reserved,
        owed=account.owed,
    )


def member_view(account: Account, now: Account, program: Program, epoch: int) -> MemberView:
    """`account` as the ledger holds it and `now`, the same account settled to this moment."""
    if account.joined_at is None or account.time is None or now.time is None:
        raise ValueError("only members who have joined are shown")
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
        tier=now.tier,
        saved=dict(account.saved),
        rewards_ready=[reward_view(reward) for reward in facts.ready],
        next_reward=None
        if following is None
        else NextReward(**_fields(following.reward), missing=following.missing),
    )


def reward_view(reward: Reward) -> RewardView:
    """One reward."""
    return RewardView(**_fields(reward))


def _fields(reward: Reward) -> dict[str, str | int]:
    return {
        "reward_id": reward.id,
        "name": reward.name,
        "points": reward.points,
        "value_minor": reward.value_minor,
        "currency": reward.currency,
    }
