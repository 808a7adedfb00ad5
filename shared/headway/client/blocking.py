"""The redeem API for code that waits for its answers; `AsyncClient` is the same for asyncio."""

from collections.abc import Iterable
from datetime import datetime
from types import TracebackType
from typing import Self

import httpx
from tenacity import Retrying

from headway.client import calls, pool_calls
from headway.client.calls import Answer, Call
from headway.client.trying import NotYet, Patience, connection_of, gave_up, policy, understood
from headway.contracts.api.admin import (
    AdjustmentAnswer,
    Adjustments,
    AdjustmentState,
    CatalogueState,
    CodePools,
    Erased,
    MemberExport,
    Redemptions,
    StockView,
)
from headway.contracts.api.catalogue import CodeView, Quote, Rewards
from headway.contracts.api.members import (
    BalanceAsOf,
    Explanation,
    GoalAnswer,
    History,
    MemberView,
)
from headway.contracts.api.pools import MemberPool, PoolView, TransferAnswer
from headway.contracts.api.redemptions import MemberToken, RedemptionAnswer, RedemptionView
from headway.domain.redemption import State


class Client:
    """Calls the API at `base_url` with an API key, or with a member's token.

    Every command takes a `key`, its Idempotency-Key. Without one it makes its own, which is enough
    while the caller lives; one that is kept with the order survives the caller's own restart.

    Raises Problem when the API refuses, NoAnswer when none came in time, Unexpected when something
    else answers.
    """

    def __init__(
        self, base_url: str, credential: str = "", *, patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        self._patience = patience or Patience()
        self._http = httpx.Client(
            **connection_of(base_url, credential, self._patience), transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    # -- reading -----------------------------------------------------------------------------------

    def member(self, member_id: str) -> MemberView:
        """A member's balances and progress as of now."""
        return self._ask(calls.member(member_id))

    def history(
        self, member_id: str, *, cursor: str | None = None, limit: int = 50,
        kinds: Iterable[str] = (), since: datetime | None = None, until: datetime | None = None,
    ) -> History:  # fmt: skip
        """A page of the member's points history, newest first; `next_cursor` leads to the next."""
        return self._ask(calls.history(member_id, cursor, limit, kinds, since, until))

    def balance(self, member_id: str, at: datetime) -> BalanceAsOf:
        """The balance by what had been recorded until a past moment."""
        return self._ask(calls.balance(member_id, at))

    def explanation(
        self, member_id: str, *, cursor: str | None = None, limit: int = 20, all_lots: bool = False
    ) -> Explanation:
        """A page of the balance down to lots, rules and source events."""
        return self._ask(calls.explanation(member_id, cursor, limit, all_lots=all_lots))

    def rewards(self, member_id: str | None = None) -> Rewards:
        """The rewards of the programme in force, with the prices of a member if one is named."""
        return self._ask(calls.rewards(member_id))

    def quote(
        self, member_id: str, reward_id: str, *, order: tuple[int, str] | None = None,
        pay_points: int | None = None, from_pool: bool = False,
    ) -> Quote:  # fmt: skip
        """What a reward would cost and save; `order` is (total in minor units, currency)."""
        asked = calls.wish(member_id, reward_id, order, pay_points, from_pool=from_pool)
        return self._ask(calls.quote(asked))

    def redemption(self, redemption_id: str) -> RedemptionView:
        """A redemption as it stands."""
        return self._ask(calls.redemption(redemption_id))

    def redemptions(
        self, *, member_id: str | None = None, state: State | None = None,
        since: datetime | None = None, cursor: str | None = None, limit: int = 50,
    ) -> Redemptions:  # fmt: skip
        """A page of redemptions, of all members or of one, newest first."""
        return self._ask(calls.redemptions(member_id, state, since, cursor, limit))

    def adjustments(
        self, *, state: AdjustmentState | None = None, member_id: str | None = None,
        cursor: str | None = None, limit: int = 50,
    ) -> Adjustments:  # fmt: skip
        """A page of adjustments, newest first."""
        return self._ask(calls.adjustments(state, member_id, cursor, limit))

    def catalogue_state(self) -> CatalogueState:
        """The rewards in force, with what is left of stock and codes."""
        return self._ask(calls.catalogue_state())

    def code_pools(self) -> CodePools:
        """How many voucher codes each pool has, by state."""
        return self._ask(calls.code_pools())

    def export(self, member_id: str) -> MemberExport:
        """Everything the ledger holds of a member."""
        return self._ask(calls.export(member_id))

    def code(self, text: str) -> CodeView:
        """Whether a voucher's code can be used, and what for."""
        return self._ask(calls.code(text))

    def pool(self, pool_id: str) -> PoolView:
        """A household pool: its members and what each has now."""
        return self._ask(pool_calls.pool(pool_id))

    def member_pool(self, member_id: str) -> MemberPool:
        """The pool a member is in, and invitations that wait for the member."""
        return self._ask(pool_calls.member_pool(member_id))

    # -- commands ----------------------------------------------------------------------------------

    def reserve(
        self, member_id: str, reward_id: str, *, order: tuple[int, str] | None = None,
        pay_points: int | None = None, order_id: str | None = None, from_pool: bool = False,
        key: str = "",
    ) -> RedemptionAnswer:  # fmt: skip
        """Hold the points of a reward, `from_pool` of the member's household; `order` is (total in
        minor units, currency), `order_id` the order that it pays."""
        asked = calls.wish(member_id, reward_id, order, pay_points, order_id, from_pool=from_pool)
        return self._ask(calls.reserve(asked, key))

    def confirm(self, redemption_id: str, *, key: str = "") -> RedemptionAnswer:
        """The reward was given: its points are spent."""
        return self._ask(calls.step("confirm", redemption_id, key))

    def fulfil(self, redemption_id: str, *, key: str = "") -> RedemptionAnswer:
        """The reward has arrived."""
        return self._ask(calls.step("fulfil", redemption_id, key))

    def cancel(self, redemption_id: str, *, key: str = "") -> RedemptionAnswer:
        """Let the points of a reservation go back."""
        return self._ask(calls.step("cancel", redemption_id, key))

    def reverse(self, redemption_id: str, *, key: str = "") -> RedemptionAnswer:
        """Undo a reward that was given: its points come back."""
        return self._ask(calls.step("reverse", redemption_id, key))

    def use_code(self, text: str, *, order_id: str | None = None, key: str = "") -> CodeView:
        """Mark a voucher's code used, at an order if one is named."""
        return self._ask(calls.use_code(text, order_id, key))

    def set_goal(self, member_id: str, reward_id: str, *, key: str = "") -> GoalAnswer:
        """Save for a reward from now on."""
        return self._ask(calls.set_goal(member_id, reward_id, key))

    def clear_goal(self, member_id: str, *, key: str = "") -> GoalAnswer:
        """Save for nothing in particular: automatic certificates are issued again."""
        return self._ask(calls.clear_goal(member_id, key))

    def adjust(
        self, member_id: str, points: int, reason: str, by: str, *, key: str = ""
    ) -> AdjustmentAnswer:
        """Give a member points, or (below zero) take some; above a limit it is a proposal."""
        return self._ask(calls.adjust(member_id, points, reason, by, key))

    def approve_adjustment(self, adjustment_id: str, by: str, *, key: str = "") -> AdjustmentAnswer:
        """Apply a proposal, as a second person with another API key."""
        return self._ask(calls.decide_adjustment("approve", adjustment_id, by, key))

    def reject_adjustment(self, adjustment_id: str, by: str, *, key: str = "") -> AdjustmentAnswer:
        """Turn a proposal down."""
        return self._ask(calls.decide_adjustment("reject", adjustment_id, by, key))

    def erase(self, member_id: str, reason: str, by: str, *, key: str = "") -> Erased:
        """Take a member's name out of everything, for good."""
        return self._ask(calls.erase(member_id, reason, by, key))

    def set_stock(self, reward_id: str, total: int, by: str, *, key: str = "") -> StockView:
        """Say how many of a reward there are in all, those already taken included."""
        return self._ask(calls.set_stock(reward_id, total, by, key))

    def transfer(
        self, member_id: str, to_member_id: str, points: int, *, key: str = ""
    ) -> TransferAnswer:
        """Send a member's points to another member."""
        return self._ask(pool_calls.transfer(member_id, to_member_id, points, key))

    def create_pool(self, member_id: str, *, key: str = "") -> PoolView:
        """A new household pool, which the member owns."""
        return self._ask(pool_calls.create_pool(member_id, key))

    def invite(
        self, pool_id: str, member_id: str, invited_id: str, *, may_spend: bool = False,
        key: str = "",
    ) -> PoolView:  # fmt: skip
        """Ask a member into the owner's pool, with the right to spend from it or without."""
        call = pool_calls.invite(pool_id, member_id, invited_id, key, may_spend=may_spend)
        return self._ask(call)

    def accept(self, pool_id: str, member_id: str, *, key: str = "") -> PoolView:
        """Join the pool that the member is invited to."""
        return self._ask(pool_calls.act("accept", pool_id, member_id, key))

    def decline(self, pool_id: str, member_id: str, *, key: str = "") -> PoolView:
        """Turn the invitation down."""
        return self._ask(pool_calls.act("decline", pool_id, member_id, key))

    def leave(self, pool_id: str, member_id: str, *, key: str = "") -> PoolView:
        """Leave the pool, with all that is the member's own."""
        return self._ask(pool_calls.act("leave", pool_id, member_id, key))

    def set_spending(
        self, pool_id: str, member_id: str, of_member_id: str, *, may_spend: bool = True,
        key: str = "",
    ) -> PoolView:  # fmt: skip
        """Say, as the owner, whether a member may spend from the pool."""
        call = pool_calls.spending(pool_id, member_id, of_member_id, key, may_spend=may_spend)
        return self._ask(call)

    def dissolve(self, pool_id: str, member_id: str, *, key: str = "") -> PoolView:
        """End the owner's pool: everybody keeps their own points."""
        return self._ask(pool_calls.act("dissolve", pool_id, member_id, key))

    def member_token(self, member_id: str, *, minutes: int = 15) -> MemberToken:
        """A token with which that member's app may ask for itself, for so many minutes."""
        return self._ask(calls.member_token(member_id, minutes))

    # -- asking ------------------------------------------------------------------------------------

    def _ask(self, call: Call[Answer]) -> Answer:
        try:
            answer: Answer = Retrying(**policy(self._patience))(self._try, call)
        except NotYet as why:
            raise gave_up(call, why) from why
        return answer

    def _try(self, call: Call[Answer]) -> Answer:
        try:
            response = self._http.request(**call.request())
        except httpx.TransportError as error:
            raise NotYet(f"{type(error).__name__}: {error}") from error
        return understood(call, response)
