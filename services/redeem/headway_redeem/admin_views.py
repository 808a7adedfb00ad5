"""What operators see of adjustments, redemptions and the catalogue, from what the ledger holds."""

from collections.abc import Mapping, Sequence
from typing import Any

from headway.contracts.api.admin import (
    AccountAfter,
    AdjustmentAnswer,
    Adjustments,
    AdjustmentView,
    CatalogueState,
    CodePool,
    CodePools,
    Named,
    Redemptions,
    RewardState,
    StockView,
)
from headway.ledger.adjustments import Adjustment
from headway.ledger.catalogue import Stock
from headway.ledger.codes import CodeState
from headway.ledger.redemptions import Redemption
from headway.program.program import Program
from headway.program.rewards import Reward
from headway_redeem.cursor import cursor_to
from headway_redeem.views import redemption_view

Pools = Mapping[str, Mapping[CodeState, int]]
"""How many codes, by pool and state."""


def adjustment_view(adjustment: Adjustment) -> AdjustmentView:
    """An adjustment as it stands."""
    return AdjustmentView(**_fields(adjustment))


def adjustment_answer(adjustment: Adjustment, after: AccountAfter | None) -> AdjustmentAnswer:
    """An adjustment after a command, and the account that it made."""
    return AdjustmentAnswer(**_fields(adjustment), account=after)


def _fields(adjustment: Adjustment) -> dict[str, Any]:
    second = None
    if adjustment.second_person is not None and adjustment.second_key is not None:
        second = Named(person=adjustment.second_person, key_id=adjustment.second_key)
    return {
        "adjustment_id": adjustment.adjustment_id, "member_id": adjustment.member_id,
        "points": adjustment.points, "reason": adjustment.reason, "state": adjustment.state,
        "limit_points": adjustment.limit_points,
        "asked_by": Named(person=adjustment.by_person, key_id=adjustment.by_key),
        "decided_by": second, "asked_at": adjustment.asked_at,
        "decided_at": adjustment.decided_at,
    }  # fmt: skip


def adjustments_page(found: Sequence[Adjustment], limit: int) -> Adjustments:
    """A page of at most `limit`; one more was looked for, to know whether there is a next one."""
    shown = found[:limit]
    further = shown[-1].number if len(found) > limit else None
    return Adjustments(
        adjustments=[adjustment_view(one) for one in shown],
        next_cursor=cursor_to("adjustments", further),
    )


def redemptions_page(found: Sequence[Redemption], limit: int) -> Redemptions:
    """The same of redemptions."""
    shown = found[:limit]
    further = shown[-1].redemption_id if len(found) > limit else None
    return Redemptions(
        redemptions=[redemption_view(one) for one in shown],
        next_cursor=cursor_to("redemptions", further),
    )


def stock_view(stock: Stock) -> StockView:
    """How many of a reward there are."""
    left = stock.total - stock.taken
    return StockView(reward_id=stock.reward_id, total=stock.total, taken=stock.taken, left=left)


def catalogue_state(program: Program, counted: Mapping[str, Stock], pools: Pools) -> CatalogueState:
    """The rewards of a programme with what is left of them."""
    return CatalogueState(
        program_version=program.version,
        rewards=[_reward_state(reward, counted, pools) for reward in program.rewards],
    )


def _reward_state(reward: Reward, counted: Mapping[str, Stock], pools: Pools) -> RewardState:
    stock = None
    if reward.stock is not None:
        stock = stock_view(counted.get(reward.id) or Stock(reward.id, reward.stock, 0))
    codes, left = reward.codes, None
    if codes is not None and not codes.many:
        left = pools.get(codes.pool, {}).get("free", 0)
    return RewardState(
        reward_id=reward.id, name=reward.name, kind=reward.kind, points=reward.points, stock=stock,
        code_pool=None if codes is None else codes.pool, codes_left=left,
    )  # fmt: skip


def code_pools(pools: Pools) -> CodePools:
    """How many codes there are, by pool."""
    states: tuple[CodeState, ...] = ("free", "taken", "given", "used", "void", "shared")
    return CodePools(
        pools=[
            CodePool(pool=pool, **{state: counts.get(state, 0) for state in states})
            for pool, counts in pools.items()
        ]
    )
