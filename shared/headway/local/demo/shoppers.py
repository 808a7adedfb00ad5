"""Shoppers who redeem over the HTTP API while purchases stream in, as a checkout would for them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any, TypeVar

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from headway.access.audit import operator
from headway.access.scopes import Scope
from headway.access.store import create
from headway.client import AsyncClient, NoAnswer, Problem
from headway.client.trying import Patience
from headway.contracts.api.redemptions import RedemptionAnswer
from headway.contracts.topics import PARTITIONS, Topics
from headway.errors import UserError
from headway.local.demo.households import Household, Households
from headway.local.history.dice import Dice
from headway.program.program import Program

_AT_ONCE = 6
_PATIENCE = Patience(give_up_after=60, first_wait=0.1, longest_wait=1)
# Not now: the member's points went elsewhere meanwhile, or the member is not known yet.
_REFUSED = (404, 409)
_KEPT = (
    "member_id", "redemption_id", "reward_id", "points", "value_minor", "currency", "effective_at",
    "order_id",
)  # fmt: skip


Command = Callable[..., Awaitable[RedemptionAnswer]]
_Answer = TypeVar("_Answer")
_GOAL_OF = 4
"""One of so many who join saves for something."""


def goals_of(program: Program) -> list[str]:
    """What is worth saving for where certificates issue themselves: the rewards that do not."""
    if not any(reward.automatic for reward in program.rewards):
        return []
    return [r.id for r in program.rewards if not r.automatic and r.rate is None]


async def shoppers_key(dsn: str) -> str:
    """A new API key in the database at `dsn`, for what shoppers do and nothing else."""
    connection = await asyncpg.connect(dsn)
    try:
        scopes = (Scope.REDEMPTIONS_WRITE, Scope.REDEMPTIONS_REVERSE, Scope.POOLS_WRITE)
        return (await create(connection, "shoppers", scopes, operator())).text
    finally:
        await connection.close()


class Shoppers:
    """Follows balance-changed and sends a few of those who can afford a reward to the till.

    `accepted` holds every command that the API accepted, and nothing else. Rewards that `paying`
    names pay the order that let them be had: it may come back.
    """

    def __init__(
        self, bootstrap: str, topics: Topics, api: str, *, of_thousand: int, dice: Dice,
        households: Households | None = None,
        goals: Sequence[str] = (),
        paying: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self.accepted: list[dict[str, Any]] = []
        self._bootstrap = bootstrap
        self._topic = topics.balance_changed
        self._api = api
        self._of_thousand = of_thousand
        self._dice = dice
        self._households = households or Households(0, 0)
        self._goals = goals
        self._paying = paying
        self._numbers = count(1)
        self._trips: dict[str, asyncio.Task[None]] = {}
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Let nobody new in; `shop` returns when those inside have finished."""
        self._closing.set()

    async def shop(self, key: str) -> None:
        """Redeem with an API key until told to `close`."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, auto_offset_reset="earliest", max_poll_records=2000
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(self._topic, number) for number in range(PARTITIONS)]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            async with AsyncClient(self._api, key, patience=_PATIENCE) as client:
                while not self._closing.is_set():
                    batch = await consumer.getmany(timeout_ms=100)
                    for record in (record for records in batch.values() for record in records):
                        if self._goals and b'"version":1,' in record.value:
                            self._dream(client, orjson.loads(record.value)["data"])
                        else:
                            self._consider(client, orjson.loads(record.value)["data"])
                    self._see_off()
                await asyncio.gather(*self._trips.values())
        finally:
            for trip in self._trips.values():
                trip.cancel()
            await consumer.stop()

    def _consider(self, client: AsyncClient, balance: dict[str, Any]) -> None:
        """Few redeem the moment they can; those who do take the best that they can have. Some who
        cannot yet come together with others."""
        member_id, version = balance["member_id"], balance["version"]
        household = self._households.hear(balance)
        if household is not None:
            mood = self._dice.roll(100, "household", *household.members)
            trip = self._together(client, household, mood)
            self._trips[f"household of {household.members[0]}"] = asyncio.create_task(trip)
        if not balance["rewards_ready"]:
            return
        full = len(self._trips) >= _AT_ONCE or member_id in self._trips
        if full or self._dice.roll(1000, "redeem", member_id, version) >= self._of_thousand:
            return
        mood = self._dice.roll(100, "mood", member_id, version)
        reward_id = balance["rewards_ready"][-1]
        order_id = _order_of(balance["cause"]) if reward_id in self._paying else None
        trip = self._redeem(client, member_id, reward_id, order_id, mood)
        self._trips[member_id] = asyncio.create_task(trip)

    def _dream(self, client: AsyncClient, balance: dict[str, Any]) -> None:
        """Some of those who have just joined choose what to save for."""
        member_id = balance["member_id"]
        roll = self._dice.roll(_GOAL_OF * len(self._goals), "goal", member_id)
        if len(self._trips) < _AT_ONCE and roll < len(self._goals):
            trip = self._choose(client, member_id, self._goals[roll])
            self._trips[member_id] = asyncio.create_task(trip)

    async def _choose(self, client: AsyncClient, member_id: str, reward_id: str) -> None:
        key = f"demo-{next(self._numbers)}-goal"
        answer = await self._answer("choose a goal", client.set_goal(member_id, reward_id, key=key))
        if answer is not None:
            self.accepted.append(
                {
                    "member_id": member_id, "redemption_id": "", "reward_id": reward_id,
                    "points": 0, "value_minor": 0, "currency": "", "kind": "goal",
                    "effective_at": answer.effective_at.isoformat(), "idempotency_key": key,
                }
            )  # fmt: skip

    def _see_off(self) -> None:
        """Forget the trips that are over; raises what went wrong on one."""
        for member_id in [member_id for member_id, trip in self._trips.items() if trip.done()]:
            self._trips.pop(member_id).result()

    async def _redeem(
        self, client: AsyncClient, member_id: str, reward_id: str, order_id: str | None, mood: int
    ) -> None:
        """Most confirm what they reserve, some cancel, a few bring the reward back; what pays an
        order comes back with it."""
        reserve = partial(client.reserve, order_id=order_id)
        mood = mood if order_id is None else min(mood, 94)
        await self._have(client, reserve, member_id, reward_id, mood)

    async def _have(
        self, client: AsyncClient, reserve: Command, member_id: str, reward_id: str, mood: int
    ) -> None:
        number = next(self._numbers)

        async def ask(kind: str, command: Command, *arguments: str) -> RedemptionAnswer | None:
            return await self._ask(f"demo-{number}-{kind}", kind, command, arguments)

        held = await ask("reserve", reserve, member_id, reward_id)
        if held is None:
            return
        if mood < 10:
            await ask("cancel", client.cancel, held.redemption_id)
            return
        await ask("confirm", client.confirm, held.redemption_id)
        if mood >= 95:
            await ask("reverse", client.reverse, held.redemption_id)

    async def _together(self, client: AsyncClient, household: Household, mood: int) -> None:
        """The owner creates a pool and asks the others in, who accept; one of them spends. Every
        third household changes its mind before or after it has taken the reward."""
        owner, *others = household.members
        try:
            pool = (await client.create_pool(owner, key=f"demo-pool-{owner}")).pool_id
            for other in others:
                key = f"demo-invite-{other}"
                await client.invite(pool, owner, other, may_spend=True, key=key)
                await client.accept(pool, other, key=f"demo-accept-{other}")
        except (Problem, NoAnswer) as error:
            raise UserError(f"no household came together: {error}", "see redeem's log") from error
        spender = household.members[mood % len(household.members)]
        mind = (50, 0, 99)[mood % 3]
        await self._have(
            client, partial(client.reserve, from_pool=True), spender, household.reward_id, mind
        )

    async def _ask(
        self, key: str, kind: str, command: Command, arguments: Sequence[str]
    ) -> RedemptionAnswer | None:
        """One command, noted when it is accepted; None when it is refused."""
        answer = await self._answer(kind, command(*arguments, key=key))
        if answer is not None:
            told = answer.model_dump(mode="json", include=set(_KEPT))
            self.accepted.append({**told, "kind": kind, "idempotency_key": key})
        return answer

    async def _answer(self, what: str, asked: Awaitable[_Answer]) -> _Answer | None:
        """The answer to a command; None when it is refused."""
        try:
            return await asked
        except Problem as problem:
            if problem.status in _REFUSED:
                return None
            raise UserError(f"the API did not {what}: {problem}", "see redeem's log") from problem
        except NoAnswer as silence:
            raise UserError(f"the API did not {what}: {silence}", "see redeem's log") from silence


def _order_of(cause: Mapping[str, Any]) -> str | None:
    """The order that a balance changed for, where that was one; its event's id ends with it."""
    kind, _, order_id = str(cause["id"]).partition(":")
    return order_id if kind == "order.paid" else None
