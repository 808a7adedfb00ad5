"""A busy reward desk: many clients that lose answers, ask blindly, and note what they were told."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

import asyncpg
import httpx
from aiokafka import AIOKafkaProducer

from headway.client import AsyncClient, NoAnswer, Problem
from headway.client.trying import Patience
from headway.contracts import codec
from headway.contracts.api.redemptions import RedemptionAnswer
from headway.contracts.topics import Topics
from headway.domain.redemption import ENDS_IN
from tests.proof.installation import Installation

PROGRAMME = """\
name: Desk
zone: UTC
from: 2020-01-01T00:00:00Z
currency: USD
rules:
  - {id: base, on: order.paid, award: {per_money: {points: 1, every: "1.00"}}}
rewards:
  - {id: hot, name: The one that all want, points: 5, value: "1.00 USD", stock: 500}
  - {id: plain, name: Plain, points: 3, value: "0.50 USD"}
  - {id: coded, name: Coded, kind: voucher, points: 4, value: "0.75 USD", codes: {pool: desk}}
"""
MENU = ("hot", "hot", "plain", "coded")
PATIENT = Patience(timeout=8, give_up_after=60, first_wait=0.05, longest_wait=1.0)


class Lossy(httpx.AsyncBaseTransport):
    """Carries requests to the API; of the answers a share is dropped on the way back."""

    def __init__(self, dice: Random, share: float) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self._dice = dice
        self._share = share
        self.dropped = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        await response.aread()
        if self._dice.random() < self._share:
            self.dropped += 1
            raise httpx.ReadError("dropped on purpose", request=request)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass
class Told:
    """What the clients were told: the accepted commands of each redemption, and how often what."""

    accepted: dict[str, list[str]] = field(default_factory=dict)
    rewards: dict[str, str] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    dropped: int = 0
    unanswered: int = 0

    def note(self, kind: str, answer: RedemptionAnswer) -> None:
        """A command was accepted, once for each key however often it was sent."""
        self.accepted.setdefault(answer.redemption_id, []).append(kind)
        self.rewards[answer.redemption_id] = answer.reward_id

    def state(self, redemption_id: str) -> str:
        """Where a redemption must have ended, by what was accepted."""
        last = self.accepted[redemption_id][-1]
        return "timed_out" if last == "reserve" else ENDS_IN[f"redemption.{last}"]


class Desk:
    """So many clients of so many members, until told to stop."""

    def __init__(self, place: Installation, members: Sequence[str], seed: int) -> None:
        self.told = Told()
        self._place = place
        self._members = members
        self._seed = seed
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Begin nothing new; what has begun goes on to its end."""
        self._closing.set()

    async def open(self, clients: int) -> None:
        """Run so many clients, each one thing after the other, until `close`."""
        async with asyncio.TaskGroup() as group:
            for number in range(clients):
                group.create_task(self._client(number))

    async def _client(self, number: int) -> None:
        dice = Random(self._seed * 1000 + number)
        wire = Lossy(dice, 0.05)
        async with AsyncClient(
            self._place.api, self._place.key, patience=PATIENT, transport=wire
        ) as client:
            while not self._closing.is_set():
                await self._visit(client, dice)
        self.told.dropped += wire.dropped

    async def _visit(self, client: AsyncClient, dice: Random) -> None:
        """Reserve; then mostly confirm, hand over and now and then reverse; cancel some; forget
        some."""
        member, reward = dice.choice(self._members), dice.choice(MENU)
        key = f"desk-{dice.getrandbits(64):x}"
        held = await self._ask(client, dice, "reserve", key, member, reward)
        if held is None:
            return
        mood = dice.random()
        steps = ["confirm", "fulfil", "reverse"] if mood < 0.2 else ["confirm", "fulfil"]
        steps = ["cancel"] if mood > 0.9 else [] if mood > 0.8 else steps
        for step in steps:
            if await self._ask(client, dice, step, f"{key}-{step}", held.redemption_id) is None:
                return

    async def _ask(
        self, client: AsyncClient, dice: Random, kind: str, key: str, *arguments: str
    ) -> RedemptionAnswer | None:
        """One command, now and then sent twice at once; for as long as it takes to be answered."""
        call = getattr(client, kind)
        while True:
            try:
                if dice.random() < 0.03:
                    both = await asyncio.gather(
                        call(*arguments, key=key), call(*arguments, key=key)
                    )
                    assert both[0] == both[1], "one key, two answers"
                    answer: RedemptionAnswer = both[0]
                else:
                    answer = await call(*arguments, key=key)
            except NoAnswer:
                self.told.unanswered += 1
                continue
            except Problem as problem:
                self.told.refused[problem.name] += 1
                if problem.status != 409:
                    raise
                return None
            self.told.note(kind, answer)
            return answer


async def orders(
    place: Installation, members: Sequence[str], seed: int, until: asyncio.Event, *, each: float
) -> int:
    """Members join and buy, then buy on, one order every `each` seconds; how many were sent."""
    dice, sent = Random(seed), 0
    topics = Topics(place.settings.topic_prefix)
    async with AIOKafkaProducer(bootstrap_servers=place.settings.kafka_bootstrap) as producer:

        async def tell(kind: str, topic: str, member: str, number: int, **data: object) -> None:
            value, headers = codec.encode(
                kind, source="desk", id=f"{kind}-{number}", time=datetime.now(UTC),
                data={"member_id": member, **data},
            )  # fmt: skip
            await producer.send_and_wait(topic, value, key=member.encode(), headers=headers)

        async def buy(member: str, dollars: int) -> None:
            nonlocal sent
            sent += 1
            line = {"line_id": "1", "sku": "sku", "quantity": 1, "amount": dollars * 100}
            await tell(
                "order.paid", topics.orders, member, sent,
                order_id=f"order-{sent}", currency="USD", lines=[line],
            )  # fmt: skip

        for number, member in enumerate(members):
            await tell("member.joined", topics.members, member, number)
            await buy(member, 60)
        while not until.is_set():
            await buy(dice.choice(members), dice.randint(1, 20))
            await asyncio.sleep(each)
    return sent


async def discrepancies(dsn: str, told: Told) -> list[str]:
    """How the ledger differs from what clients were told, or from itself."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("select redemption_id, reward_id, state from redemptions")
        ledger = {row["redemption_id"]: row["state"] for row in rows}
        wrong = [f"{id_} is {ledger.get(id_)}, should be {told.state(id_)}"
                 for id_ in told.accepted if ledger.get(id_) != told.state(id_)]  # fmt: skip
        wrong += [f"{id_} was reserved for nobody" for id_ in ledger.keys() - told.accepted.keys()]
        for question, text in QUESTIONS.items():
            wrong += [f"{question}: {dict(row)}" for row in await connection.fetch(text)]
        return wrong
    finally:
        await connection.close()


QUESTIONS = {
    "below zero": """
        select account_id, seq, there from (
            select account_id, seq, sum(case when to_bucket = 'available' then points
                                             when from_bucket = 'available' then -points else 0 end)
                                    over (partition by account_id order by seq) as there
              from points_events) running
         where there < 0""",
    "not exactly once": """
        select r.redemption_id, r.state, r.points,
               sum(e.points) filter (where e.kind = 'reserve') as reserved,
               sum(e.points) filter (where e.kind = 'release') as released,
               sum(e.points) filter (where e.kind = 'redeem') as redeemed,
               sum(e.points) filter (where e.kind = 'restore') as restored
          from redemptions r left join points_events e
            on e.account_id = r.account_id and e."group" = r.redemption_id
         group by r.redemption_id
        having coalesce(sum(e.points) filter (where e.kind = 'reserve'), 0) <> r.points
            or coalesce(sum(e.points) filter (where e.kind = 'release'), 0)
               <> case when r.state in ('cancelled', 'timed_out') then r.points else 0 end
            or coalesce(sum(e.points) filter (where e.kind = 'redeem'), 0) <> case
               when r.state in ('confirmed', 'fulfilled', 'reversed') then r.points else 0 end
            or coalesce(sum(e.points) filter (where e.kind = 'restore'), 0)
               <> case when r.state = 'reversed' then r.points else 0 end""",
    "stock does not tie": """
        select s.reward_id, s.total, s.taken, count(r.*) as held
          from reward_stock s left join redemptions r
            on r.reward_id = s.reward_id and r.state in ('reserved', 'confirmed', 'fulfilled')
         group by s.reward_id, s.total, s.taken
        having s.taken <> count(r.*) or s.taken > s.total""",
    "codes do not tie": """
        select r.redemption_id, r.state as redemption, c.state as code
          from redemptions r left join codes c on c.redemption_id = r.redemption_id
         where r.reward_id = 'coded'
           and coalesce(c.state, 'none') <> case r.state
                 when 'confirmed' then 'given' when 'fulfilled' then 'given'
                 when 'reversed' then 'void' else 'none' end""",
    "not final": "select redemption_id, state from redemptions where state = 'reserved'",
}
