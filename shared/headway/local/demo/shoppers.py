"""Shoppers who redeem over the HTTP API while purchases stream in, as a checkout would for them."""

import asyncio
from collections import Counter
from itertools import count
from typing import Any

import asyncpg
import httpx
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from headway.access.audit import operator
from headway.access.scopes import Scope
from headway.access.store import create
from headway.contracts.topics import PARTITIONS, Topics
from headway.errors import UserError
from headway.local.history.dice import Dice

_AT_ONCE = 6
_TRIES = 40
_PAUSE_S = 0.25
_DONE = (200, 201)
_BUSY = (429, 503)
# Not now: the member's points went elsewhere meanwhile, or the member is not known yet.
_REFUSED = (404, 409)


async def shoppers_key(dsn: str) -> str:
    """A new API key in the database at `dsn`, for what shoppers do and nothing else."""
    connection = await asyncpg.connect(dsn)
    try:
        scopes = (Scope.REDEMPTIONS_WRITE, Scope.REDEMPTIONS_REVERSE)
        return (await create(connection, "shoppers", scopes, operator())).text
    finally:
        await connection.close()


class Shoppers:
    """Follows balance-changed and sends a few of those who can afford a reward to the till.

    `accepted` holds every command that the API accepted, and nothing else.
    """

    def __init__(
        self, bootstrap: str, topics: Topics, api: str, *, of_thousand: int, dice: Dice
    ) -> None:
        self.accepted: list[dict[str, Any]] = []
        self.answers: Counter[int] = Counter()
        self._bootstrap = bootstrap
        self._topic = topics.balance_changed
        self._api = api
        self._of_thousand = of_thousand
        self._dice = dice
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
            headers = {"Authorization": f"Bearer {key}"}
            async with httpx.AsyncClient(base_url=self._api, timeout=10, headers=headers) as client:
                while not self._closing.is_set():
                    batch = await consumer.getmany(timeout_ms=100)
                    for record in (record for records in batch.values() for record in records):
                        if b'"rewards_ready":[]' not in record.value:
                            self._consider(client, orjson.loads(record.value)["data"])
                    self._see_off()
                await asyncio.gather(*self._trips.values())
        finally:
            for trip in self._trips.values():
                trip.cancel()
            await consumer.stop()

    def _consider(self, client: httpx.AsyncClient, balance: dict[str, Any]) -> None:
        """Few redeem the moment they can; those who do take the best that they can have."""
        member_id, version = balance["member_id"], balance["version"]
        full = len(self._trips) >= _AT_ONCE or member_id in self._trips
        if full or self._dice.roll(1000, "redeem", member_id, version) >= self._of_thousand:
            return
        mood = self._dice.roll(100, "mood", member_id, version)
        trip = self._redeem(client, member_id, balance["rewards_ready"][-1], mood)
        self._trips[member_id] = asyncio.create_task(trip)

    def _see_off(self) -> None:
        """Forget the trips that are over; raises what went wrong on one."""
        for member_id in [member_id for member_id, trip in self._trips.items() if trip.done()]:
            self._trips.pop(member_id).result()

    async def _redeem(
        self, client: httpx.AsyncClient, member_id: str, reward_id: str, mood: int
    ) -> None:
        """Most confirm what they reserve, some cancel, a few bring the reward back."""
        number = next(self._numbers)
        body = {"member_id": member_id, "reward_id": reward_id}
        reserved = await self._ask(client, number, "reserve", "/v1/redemptions", body)
        if reserved is None:
            return
        path = f"/v1/redemptions/{reserved['redemption_id']}"
        if mood < 10:
            await self._ask(client, number, "cancel", f"{path}/cancel")
            return
        await self._ask(client, number, "confirm", f"{path}/confirm")
        if mood >= 95:
            await self._ask(client, number, "reverse", f"{path}/reverse")

    async def _ask(
        self,
        client: httpx.AsyncClient,
        number: int,
        kind: str,
        path: str,
        body: dict[str, str] | None = None,
    ) -> dict[str, Any] | None:
        """Send one command until it is answered; the key makes a second try safe."""
        key = f"demo-{number}-{kind}"
        said = "no answer"
        for _ in range(_TRIES):
            try:
                answer = await client.post(path, json=body, headers={"Idempotency-Key": key})
            except httpx.TransportError as error:
                said = repr(error)
                await asyncio.sleep(_PAUSE_S)
                continue
            said = answer.text
            self.answers[answer.status_code] += 1
            if answer.status_code in _DONE:
                told: dict[str, Any] = answer.json()
                self._note(told, kind, key)
                return told
            if answer.status_code in _REFUSED:
                return None
            if answer.status_code not in _BUSY:
                break
            await asyncio.sleep(_PAUSE_S)
        raise UserError(f"the API did not {kind}: {said}", "see redeem's log")

    def _note(self, told: dict[str, Any], kind: str, key: str) -> None:
        kept = ("member_id", "redemption_id", "reward_id", "points", "value_minor", "currency",
                "effective_at")  # fmt: skip
        command = {name: told[name] for name in kept}
        self.accepted.append({**command, "kind": kind, "idempotency_key": key})
