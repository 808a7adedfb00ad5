"""What goes wrong in the night: each incident breaks something, looks, and mends it.

What an operator is to see is data beside each: the alert that fires, the status word of earn's
group, the section of the runbook that says what to do.
"""

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from platform import machine
from typing import ClassVar

import asyncpg
import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from headway.contracts.topics import Topics
from tests.proof.installation import Installation
from tests.proof.steady import SteadyLoad

SERVICES = ("earn-1", "earn-2", "redeem", "notify")


@dataclass(frozen=True, slots=True)
class Expected:
    """What tells an operator: `alert` by name, `status` of earn's group in Burrow's words while
    it lasts (None: it cannot be known), and `runbook`, the anchor in docs/operating.md. `page` is
    where the status page sends to, one of these sections, where that is another one; none: the
    page cannot know."""

    alert: str
    status: str | None
    runbook: str
    page: tuple[str, ...] | None = None
    stays: bool = False
    """Whether the alert goes on once all is mended, until a person has looked."""


@dataclass(slots=True)
class Scene:
    """An installation under load."""

    place: Installation
    load: SteadyLoad

    async def all_live(self, *but: str) -> None:
        """Every process runs and says that it lives: nothing that restarts would help."""
        for name in SERVICES:
            if name not in but:
                assert self.place.runs(name), f"{name} has ended: {self.place.log(name)}"
                status, told = await self.place.page(name, "/live")
                assert status == 200, f"{name} is not alive: {told}"

    async def gauge(self, name: str, metric: str) -> float:
        """The value of a metric without labels, as that process exposes it."""
        _, told = await self.place.page(name, "/metrics")
        return float(next(x for x in told.splitlines() if x.startswith(f"{metric} ")).split()[1])


class Incident(ABC):
    """One thing that breaks. `lasts` is how long it goes on before anybody looks, in seconds."""

    expected: ClassVar[Expected]
    lasts: ClassVar[float] = 6.0

    def equip(self, place: Installation) -> None:
        """Start all that the incident needs; by default what every proof starts."""
        place.start_all()

    @abstractmethod
    async def strike(self, scene: Scene) -> None:
        """Break it."""

    @abstractmethod
    async def observe(self, scene: Scene) -> dict[str, object]:
        """Assert what the product shows of it; figures."""

    @abstractmethod
    async def mend(self, scene: Scene) -> None:
        """Do what the runbook says."""


class ConsumerKilled(Incident):
    """Every earn process is killed, and none is started again."""

    expected = Expected("HeadwayNoMembers", "STOP", "no-members")

    async def strike(self, scene: Scene) -> None:
        """SIGKILL."""
        for name in ("earn-1", "earn-2"):
            scene.place.kill(name)
            await scene.place.gone(name)

    async def observe(self, scene: Scene) -> dict[str, object]:
        """The till stays open while points wait."""
        await scene.all_live("earn-1", "earn-2")
        status, told = await scene.place.page("redeem", "/ready")
        assert status == 200, told
        behind = scene.load.behind()
        assert behind > 50, f"only {behind} events wait"
        return {"events_waiting": behind}

    async def mend(self, scene: Scene) -> None:
        """Start them."""
        for name in ("earn-1", "earn-2"):
            scene.place.start(name)


class DatabaseDown(Incident):
    """PostgreSQL ends at once, without a goodbye."""

    expected = Expected("HeadwayRetrying", "STOP", "retrying", page=("database-away",))

    async def strike(self, scene: Scene) -> None:
        """An immediate stop."""
        await asyncio.to_thread(scene.place.stack.postgres.stop, "immediate")

    async def observe(self, scene: Scene) -> dict[str, object]:
        """Everyone lives; earn is not ready and says why; the till says so to whoever asks."""
        await scene.all_live()
        for name in ("earn-1", "earn-2"):
            status, told = await scene.place.page(name, "/ready")
            assert status == 503, f"{name}: {told}"
            assert '"relay"' in told, f"{name}: {told}"
        async with httpx.AsyncClient(base_url=scene.place.api, timeout=10) as client:
            key = {"Authorization": f"Bearer {scene.place.key}"}
            answer = await client.get("/v1/members/anyone", headers=key)
        assert answer.status_code == 503, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        return {"events_waiting": scene.load.behind()}

    async def mend(self, scene: Scene) -> None:
        """Start it."""
        await asyncio.to_thread(scene.place.stack.postgres.start)


class PartitionPoisoned(Incident):
    """Forty records that nobody can read come in on one partition: fewer than stop a process."""

    expected = Expected("HeadwayDeadLettersWaiting", "OK", "dead-letters", stays=True)
    records: ClassVar[int] = 40

    async def strike(self, scene: Scene) -> None:
        """Send them, one after the other, under one key."""
        settings = scene.place.settings
        orders = Topics(settings.topic_prefix).orders
        async with AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap) as producer:
            for number in range(self.records):
                await producer.send(orders, b"not JSON %d" % number, b"poisoned")
            await producer.flush()

    async def observe(self, scene: Scene) -> dict[str, object]:
        """All are set aside, and what comes behind them goes on."""
        assert await scene.place.count("dead_letters") == self.records
        await scene.load.caught_up(within=60)
        await scene.all_live()
        code, told = await scene.place.headway("dlq", "list")
        assert code == 0, told
        return {"dead_letters": self.records}

    async def mend(self, scene: Scene) -> None:
        """They can be mended one by one; nothing waits for that."""


class PartitionFlooded(PartitionPoisoned):
    """Hundreds of them: a deploy gone wrong, here or upstream, by all that earn can know."""

    expected = Expected("HeadwayNoMembers", "STOP", "no-members")
    records = 400

    async def observe(self, scene: Scene) -> dict[str, object]:
        """Each earn stops with its reason, rather than set aside all that the shop sends."""
        for name in ("earn-1", "earn-2"):
            assert await scene.place.gone(name, within=60) == 1
            assert "a deploy gone wrong" in scene.place.log(name)
        await scene.all_live("earn-1", "earn-2")
        return {"dead_letters_before_it_stopped": await scene.place.count("dead_letters")}

    async def mend(self, scene: Scene) -> None:
        """It is bad data after all: earn is told to set aside as much as there is."""
        for name in ("earn-1", "earn-2"):
            scene.place.start(name, stop_on_refusals="false")


class PartitionStuck(Incident):
    """A session that somebody forgot holds a member's account locked."""

    expected = Expected("HeadwayPartitionStuck", "STOP", "partition-stuck")
    lasts = 10.0

    def __init__(self) -> None:
        self._session: asyncpg.Connection[asyncpg.Record] | None = None

    async def strike(self, scene: Scene) -> None:
        """Lock the account of a member who buys again soon."""
        self._session = await asyncpg.connect(scene.place.settings.postgres_dsn)
        rows = await self._session.fetch("select member_id from accounts")
        known = {row["member_id"] for row in rows}
        coming = (event.member_id for event in scene.load.to_come()[10:])
        member = next(member for member in coming if member in known)
        await self._session.execute("begin")
        await self._session.execute("select from accounts where member_id = $1 for update", member)

    async def observe(self, scene: Scene) -> dict[str, object]:
        """Their partition waits; others go on."""
        async with asyncio.timeout(60):
            while scene.load.behind() < 40:
                await asyncio.sleep(0.2)
        before = await scene.place.count("inputs")
        await asyncio.sleep(3)
        others = await scene.place.count("inputs") - before
        assert others > 0, "one account must not stop all partitions"
        await scene.all_live()
        return {"events_waiting": scene.load.behind(), "applied_meanwhile": others}

    async def mend(self, scene: Scene) -> None:
        """End the session."""
        assert self._session is not None
        await self._session.close()


class BrokerRestarted(Incident):
    """The only broker is stopped in order and comes back."""

    expected = Expected("HeadwayLagUnknown", None, "lag-unknown")
    lasts = 3.0

    async def strike(self, scene: Scene) -> None:
        """Stop it."""
        await asyncio.to_thread(scene.place.stack.kafka.stop)

    async def observe(self, scene: Scene) -> dict[str, object]:
        """Nobody ends, nobody asks to be restarted, and the till stays open."""
        await scene.all_live()
        return {"events_waiting": scene.load.behind()}

    async def mend(self, scene: Scene) -> None:
        """Start it."""
        await asyncio.to_thread(scene.place.stack.kafka.start)


class RelayStuck(Incident):
    """Kafka takes no balances: somebody has set what their topic takes to a hundred bytes."""

    expected = Expected("HeadwayOutboxOld", "OK", "outbox-age")
    lasts = 10.0

    async def strike(self, scene: Scene) -> None:
        """No message is that small."""
        await self._set(scene, {"max.message.bytes": "100"})

    async def observe(self, scene: Scene) -> dict[str, object]:
        """Points are earned as ever; what tells of them waits, and the metrics say since when."""
        await scene.all_live()
        waiting = await scene.place.count("outbox")
        metric = "headway_outbox_stalled_seconds"
        stalled = max([await scene.gauge(name, metric) for name in ("earn-1", "earn-2", "redeem")])
        assert waiting > 50, f"only {waiting} rows wait"
        await scene.load.caught_up(within=60)
        return {"rows_waiting": waiting, "stalled_s": round(stalled, 1)}

    async def mend(self, scene: Scene) -> None:
        """As it was."""
        await self._set(scene, {})

    async def _set(self, scene: Scene, more: dict[str, str]) -> None:
        """Give the topic its settings, and `more`; what is not named falls back to the broker's."""
        settings = scene.place.settings
        name = Topics(settings.topic_prefix).balance_changed
        topic = next(x for x in Topics(settings.topic_prefix).all() if x.name == name)
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
        await admin.start()
        try:
            wanted = topic.config | more
            kind = ConfigResourceType.TOPIC
            await admin.alter_configs([ConfigResource(kind, name, configs=wanted)])
        finally:
            await admin.close()


class DiskFull(Incident):
    """Something fills the disk that PostgreSQL's data lies on."""

    expected = Expected(
        "HeadwayRetrying", "STOP", "retrying", page=("database-away", "partition-stuck")
    )
    lasts = 10.0

    def _filler(self, scene: Scene) -> Path:
        return scene.place.stack.postgres.data / "what-filled-the-disk"

    async def strike(self, scene: Scene) -> None:
        """Take every page that is left."""
        with self._filler(scene).open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                with suppress(OSError):
                    while True:
                        file.write(bytes(size))

    async def observe(self, scene: Scene) -> dict[str, object]:
        """Nothing is refused and nobody ends: earn waits for room, and says so."""
        await scene.all_live()
        behind = scene.load.behind()
        assert behind > 50, f"only {behind} events wait"
        told = [line for name in ("earn-1", "earn-2") for line in scene.place.lines(name)]
        assert any("DiskFullError" in line and '"retry"' in line for line in told)
        survived = scene.place.stack.postgres.running
        return {"events_waiting": behind, "postgres_survived": survived}

    async def mend(self, scene: Scene) -> None:
        """Make room; start PostgreSQL if that ended it."""
        self._filler(scene).unlink()
        if not scene.place.stack.postgres.running:
            await asyncio.to_thread(scene.place.stack.postgres.start)


class ClockJumps(Incident):
    """The clock of one machine jumps two hours ahead: Kafka refuses what is stamped by it."""

    expected = Expected("HeadwayClockOff", "OK", "clock-off", page=())
    lasts = 8.0
    library: ClassVar[Path] = Path(f"/usr/lib/{machine()}-linux-gnu/faketime/libfaketimeMT.so.1")

    def equip(self, place: Installation) -> None:
        """earn-1 runs on a clock that a file moves; only what people call time, as a real jump."""
        self._clock = place.folder / "clock"
        self._clock.write_text("+0\n")
        place.variables["earn-1"] = {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        super().equip(place)

    async def strike(self, scene: Scene) -> None:
        """Two hours ahead."""
        self._clock.write_text("+7200\n")

    async def observe(self, scene: Scene) -> dict[str, object]:
        """Points are earned as ever; what it cannot publish others do, and it says why not."""
        await scene.all_live()
        async with asyncio.timeout(30):
            while "InvalidTimestamp" not in (await scene.place.page("earn-1", "/ready"))[1]:
                await asyncio.sleep(0.1)
        refused = sum("InvalidTimestamp" in line for line in scene.place.lines("earn-1"))
        await scene.load.caught_up(within=60)
        waiting = await scene.place.count("outbox")
        assert waiting < 500, f"{waiting} rows wait"
        return {"times_refused": refused, "rows_waiting": waiting}

    async def mend(self, scene: Scene) -> None:
        """Put it right: from its own point of view it jumps back."""
        self._clock.write_text("+0\n")
