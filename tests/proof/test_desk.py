"""The reward desk under load and through failures: nothing twice, nothing oversold, all ends."""

import asyncio
import signal
from itertools import count

import pytest

from headway.local import LocalStack
from tests.proof.desk import PROGRAMME, Desk, discrepancies, orders
from tests.proof.installation import SEED, Installation
from tests.proof.recording import Record

pytestmark = [pytest.mark.proof, pytest.mark.timeout(420)]

MEMBERS = [f"member-{number:03}" for number in range(100)]
HOLD_S = 3
SETTINGS = {"clock": "system", "redeem_rate_key": "1000000", "redeem_hold_seconds": str(HOLD_S)}


class Load:
    """The installation with clients at its desk and orders coming in."""

    def __init__(self, place: Installation, record: Record) -> None:
        self.place = place
        self.desk = Desk(place, MEMBERS, SEED)
        self._record = record
        self._closing = asyncio.Event()

    async def prepare(self) -> None:
        """Processes, codes, and members with points."""
        for name in ("earn-1", "earn-2", "redeem"):
            self.place.start(name, **SETTINGS)
        code, said = await self.place.headway(
            "codes", "generate", "--pool", "desk", "--count", "50000"
        )
        assert code == 0, said
        await self.place.all_ready()
        self._orders = asyncio.create_task(
            orders(self.place, MEMBERS, SEED, self._closing, each=0.02)
        )
        await self.place.decided(2 * len(MEMBERS))

    async def through(self, clients: int, seconds: float) -> None:
        """So many clients for so long."""
        open_ = asyncio.create_task(self.desk.open(clients))
        await asyncio.wait({open_}, timeout=seconds)
        self.desk.close()
        await open_

    async def ends_well(self) -> None:
        """Everything ends, and everything ties out."""
        self._closing.set()
        sent = await self._orders
        await asyncio.sleep(HOLD_S + 4)
        told = self.desk.told
        wrong = await discrepancies(self.place.settings.postgres_dsn, told)
        assert wrong == [], "\n".join(wrong[:20])
        await self.place.decided(len(MEMBERS) + sent)
        await self.place.stop()
        code, said = await self.place.headway("verify", "--topic")
        assert code == 0, said
        assert told.dropped > 0
        self._record.note(
            seed=SEED, orders=sent, redemptions=len(told.accepted), dropped=told.dropped,
            out_of_stock=told.refused["out-of-stock"],
            insufficient=told.refused["insufficient-points"], unanswered=told.unanswered,
        )  # fmt: skip


@pytest.fixture
async def load(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory, record: Record) -> Load:
    """A desk of its own."""
    place = Installation(stack, tmp_path_factory.mktemp("desk"), programme=PROGRAMME)
    await place.prepare()
    return Load(place, record)


async def test_64_clients_for_a_minute_and_a_stock_of_500(load: Load) -> None:
    try:
        await load.prepare()
        await load.through(clients=64, seconds=60)
        await load.ends_well()
        assert load.desk.told.refused["out-of-stock"] > 0, "the hot reward never ran out"
    finally:
        await load.place.end()


STEPS = ("reserve", "confirm", "fulfil", "cancel", "reverse", "timeout")
WHEN = ("before_commit", "after_commit")
POINTS = [f"redemption.{step}.{when}" for step in STEPS for when in WHEN]


async def test_killed_at_each_step_with_servers_restarted(load: Load, record: Record) -> None:
    place, stack = load.place, load.place.stack
    kills = 0

    async def reaper() -> None:
        """Kill redeem at one step after the other, and start it again."""
        nonlocal kills
        for point, number in zip(POINTS, count(1), strict=False):
            place.signal("redeem", signal.SIGKILL)
            await place.gone("redeem")
            place.start("redeem", fail_points=f"{point}:3", **SETTINGS)
            await place.killed("redeem", point, within=60)
            kills = number
            place.start("redeem", **SETTINGS)
            await place.ready("redeem")
        await asyncio.to_thread(stack.kafka.kill)
        await asyncio.sleep(2)
        await asyncio.to_thread(stack.kafka.start)
        await asyncio.to_thread(stack.postgres.stop, "immediate")
        await asyncio.sleep(2)
        await asyncio.to_thread(stack.postgres.start)
        await asyncio.sleep(10)
        load.desk.close()

    try:
        await load.prepare()
        async with asyncio.TaskGroup() as group:
            group.create_task(load.through(clients=16, seconds=300))
            group.create_task(reaper())
        await load.ends_well()
        assert kills == len(POINTS)
        record.note(kills=kills, restarts=2)
    finally:
        await place.end()
