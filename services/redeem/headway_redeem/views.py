"""From what the ledger holds to what the API shows."""

from typing import Any

from headway.contracts.api.redemptions import (
    Balances,
    RedemptionAnswer,
    RedemptionView,
    RewardView,
)
from headway.domain.account import Account
from headway.domain.closing import Decision
from headway.ledger import story as recorded
from headway.ledger.redemptions import Redemption
from headway.program.rewards import Reward

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


def balances(account: Account | recorded.Balances) -> Balances:
    """Where an account's points are, or were."""
    return Balances(
        pending=account.pending,
        available=account.available,
        reserved=account.reserved,
        owed=account.owed,
    )


def reward_view(reward: Reward) -> RewardView:
    """One reward."""
    return RewardView(**reward_fields(reward))


def reward_fields(reward: Reward) -> dict[str, str | int]:
    """What is shown of a reward, by name."""
    return {
        "reward_id": reward.id,
        "name": reward.name,
        "points": reward.points,
        "value_minor": reward.value_minor,
        "currency": reward.currency,
    }
