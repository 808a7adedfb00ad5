"""A whole installation for one proof: its own database, topics and processes on shared servers."""

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import httpx

from headway.access.audit import operator
from headway.access.scopes import Scope
from headway.access.store import create
from headway.contracts.topics import Topics
from headway.ledger.migrate import migrate
from headway.ledger.programs import publish
from headway.local import KafkaCluster, LocalStack
from headway.local.demo.publishing import Publisher
from headway.local.demo.quiet import Watch
from headway.local.demo.shoppers import Shoppers, shoppers_key
from headway.local.history import cdnow_history, closing_event
from headway.local.history.dice import Dice
from headway.local.history.happenings import SourceEvent
from headway.local.history.wishes import Wishes
from headway.local.ports import HOST, free_ports
from headway.local.smtp_sink import read_mails
from headway.runtime.settings import Settings
from headway.sealing.master_keys import new_master_key
from headway.stream.topics_admin import create_topics
from tests.conftest import in_database
from tests.oracle_dump import differences, dump_all

NAMES = ("earn-1", "earn-2", "earn-3", "redeem", "notify", "status")
ROOT = Path(__file__).parents[2]
PROGRAMME = (ROOT / "examples/programs/shoes.yaml").read_text(encoding="utf-8")
ZONE = ZoneInfo("America/New_York")
SEED = 1997
_PROGRAMS = {
    "earn": ["-m", "headway_earn"],
    "redeem": ["-m", "headway_redeem"],
    "notify": ["-m", "headway_notify"],
    "sink": ["-m", "headway.local.smtp_sink"],
    "status": ["-c", "from headway.cli import main; main()", "status", "--serve"],
}


def history(members: int, wishes: Wishes = Wishes()) -> list[SourceEvent]:  # noqa: B008
    """The events of so many of the sample's customers, with referrals among themselves only;
    `wishes` is what else happens, as a programme rewards it."""
    whole = cdnow_history(full=False, zone=ZONE, now=datetime.now(UTC), seed=SEED, wishes=wishes)
    chosen = set(sorted({event.member_id for event in whole.events})[:members])

    def stays(event: SourceEvent) -> bool:
        return (
            event.member_id in chosen and event.facts.get("referrer_id", event.member_id) in chosen
        )

    return [event for event in whole.events if stays(event)]


class Installation:
    """Processes by name ('earn-1', 'earn-2', 'redeem', 'notify', 'sink'), startable at will.

    On the stack's own Kafka, or on `brokers`, with a copy of every partition on each of them.
    """

    def __init__(
        self,
        stack: LocalStack,
        folder: Path,
        tree: Path = ROOT,
        programme: str = PROGRAMME,
        brokers: KafkaCluster | None = None,
    ) -> None:
        name = uuid.uuid4().hex[:10]
        self.folder = folder
        self.fired = folder / "fired"
        self.mail = folder / "mail"
        self._tree = tree
        self._programme = programme
        self.stack = stack
        self._copies = len(brokers.nodes) if brokers else 1
        self._server = stack.postgres.dsn()
        self._database = f"proof_{name}"
        self._ports = free_ports(["api", "smtp", *NAMES])
        self.settings = Settings(
            kafka_bootstrap=(brokers or stack.kafka).bootstrap,
            postgres_dsn=in_database(self._server, self._database),
            topic_prefix=f"p{name}.",
            group_prefix=f"p{name}-",
        )
        self.variables: dict[str, Mapping[str, str]] = {}
        """What the environment of a process holds besides Headway's settings."""
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ended: list[str] = []
        self._dice = Dice(SEED)
        self.api = f"http://{HOST}:{self._ports['api']}"
        self.shoppers = Shoppers(
            self.settings.kafka_bootstrap, Topics(self.settings.topic_prefix), self.api,
            of_thousand=150, dice=self._dice, paying=frozenset(("five", "ten", "twenty")),
        )  # fmt: skip
        self._shopping: asyncio.Task[None] | None = None
        self.key = ""
        self._master_key = new_master_key()

    async def prepare(self) -> None:
        """Database, topics, programme."""
        self.mail.mkdir(parents=True, exist_ok=True)
        connection = await asyncpg.connect(self._server)
        await connection.execute(f"create database {self._database}")
        await connection.close()
        await migrate(self.settings.postgres_dsn)
        await create_topics(self.settings.kafka_bootstrap, self.settings.topic_prefix, self._copies)
        await publish(self.settings.postgres_dsn, self._programme)
        self.key = await shoppers_key(self.settings.postgres_dsn)

    def start(self, name: str, *, fail_points: str = "", **more: str) -> None:
        """Start (again) the process of that name; `more` are settings without HEADWAY_."""
        settings = {
            "KAFKA_BOOTSTRAP": self.settings.kafka_bootstrap,
            "POSTGRES_DSN": self.settings.postgres_dsn,
            "TOPIC_PREFIX": self.settings.topic_prefix,
            "GROUP_PREFIX": self.settings.group_prefix,
            "CLOCK": "stream",
            "API_PORT": str(self._ports["api"]),
            "SMTP_HOST": HOST,
            "SMTP_PORT": str(self._ports["smtp"]),
            "NOTIFY_MASTER_KEY": self._master_key,
            "MAX_RECORDS": "100",
            "WEB_BIND": HOST,
            "WEB_PORT": str(self._ports.get(name, 0)),
            "FAIL_POINTS": fail_points,
            "FAIL_POINTS_DIR": str(self.fired),
            **{key.upper(): text for key, text in more.items()},
        }
        program = _PROGRAMS[name.split("-")[0]]
        if name == "sink":
            program = [*program, "--port", str(self._ports["smtp"]), "--dir", str(self.mail)]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HEADWAY_")}
        environment |= {f"HEADWAY_{key}": text for key, text in settings.items()}
        environment["PYTHONPATH"] = os.pathsep.join(_sources(self._tree))
        environment |= self.variables.get(name, {})
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, *program], env=environment, cwd=self._tree, stderr=log
            )

    def start_all(self, **fail_points: str) -> None:
        """Two earn, redeem, notify and the mail server; `earn_1="point:2"` arms a fail point."""
        for name in ("sink", "earn-1", "earn-2", "redeem", "notify"):
            self.start(name, fail_points=fail_points.get(name.replace("-", "_"), ""))

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to one process."""
        self._processes[name].send_signal(number)

    def kill(self, name: str) -> None:
        """SIGKILL to one process."""
        self._processes[name].kill()

    async def killed(self, name: str, point: str, within: float = 90) -> None:
        """Wait until that process died of its fail point, and of nothing else."""
        code = await asyncio.to_thread(self._processes[name].wait, within)
        assert code == -signal.SIGKILL, f"{name} ended with {code}: {self.log(name)}"
        assert (self.fired / point).exists(), f"{point} did not fire"

    async def key_for(self, *scopes: Scope) -> str:
        """A new API key with these scopes."""
        connection = await asyncpg.connect(self.settings.postgres_dsn)
        try:
            return (await create(connection, "a proof", scopes, operator())).text
        finally:
            await connection.close()

    async def gone(self, name: str, within: float = 30) -> int:
        """Wait until that process has ended, whatever of; its exit code."""
        return await asyncio.to_thread(self._processes[name].wait, within)

    def port(self, name: str) -> int:
        """Where that process serves its pages to operators."""
        return self._ports[name]

    async def page(self, name: str, path: str) -> tuple[int, str]:
        """A page that process serves to operators, such as /live: status and text."""
        async with httpx.AsyncClient(timeout=5) as client:
            answer = await client.get(f"http://{HOST}:{self._ports[name]}{path}")
            return answer.status_code, answer.text

    def runs(self, name: str) -> bool:
        """Whether that process lives."""
        return self._processes[name].poll() is None

    def doubled_mails(self) -> int:
        """Mails that the mail server took more than once."""
        ids = Counter(mail.content.partition(b"Message-ID: ")[2][:200].split(b"\n")[0]
                      for mail in read_mails(self.mail))  # fmt: skip
        return sum(count - 1 for count in ids.values())

    def lines(self, name: str) -> list[str]:
        """All that a process has logged."""
        return (self.folder / f"{name}.log").read_text(errors="replace").splitlines()

    def log(self, name: str) -> str:
        """The end of a process's log."""
        return (self.folder / f"{name}.log").read_text(errors="replace")[-2000:]

    def check(self) -> None:
        """Every process that should run runs."""
        for name, process in self._processes.items():
            code = process.poll()
            assert code is None, f"{name} ended with {code}: {self.log(name)}"
        if self._shopping is not None and self._shopping.done():
            self._shopping.result()

    async def publish(self, events: Sequence[SourceEvent]) -> None:
        """Send source events as a shop would."""
        publisher = Publisher(self.settings.kafka_bootstrap, Topics(self.settings.topic_prefix))
        await publisher.start()
        try:
            await publisher.publish(events, ZONE)
        finally:
            await publisher.stop()

    def open_shop(self) -> None:
        """Let shoppers redeem from now on."""
        self._shopping = asyncio.create_task(self.shoppers.shop(self.key))

    async def decided(self, at_least: int, within: float = 90) -> None:
        """Wait until so many inputs are in the ledger."""
        async with asyncio.timeout(within):
            while await self.count("inputs") < at_least:
                await asyncio.sleep(0.05)

    async def count(self, table: str) -> int:
        """Rows of a table."""
        connection = await asyncpg.connect(self.settings.postgres_dsn)
        try:
            return int(await connection.fetchval(f"select count(*) from {table}"))
        finally:
            await connection.close()

    async def finish(self, look: Callable[[], None] | None = None) -> None:
        """Wait until all is decided, close the shop and the last day, stop everything."""
        look = look or self.check
        async with Watch(self.settings) as watch:
            await watch.wait(None, look)
            if self._shopping is not None:
                self.shoppers.close()
                await self._shopping
                self._shopping = None
            now = datetime.now(UTC)
            await self.publish([closing_event(now)])
            await watch.wait(now, look)
        await self.stop()

    async def ready(self, name: str, within: float = 180) -> None:
        """Wait until that process says that it is ready."""
        async with httpx.AsyncClient() as client, asyncio.timeout(within):
            while True:
                with suppress(httpx.TransportError):
                    page = await client.get(f"http://{HOST}:{self._ports[name]}/ready")
                    if set(page.json().get("not_ready", ())) <= {"mail server"}:
                        return
                await asyncio.sleep(0.1)

    async def all_ready(self) -> None:
        """Wait until every process that runs says that it is ready."""
        for name in self._processes:
            if name in NAMES:
                await self.ready(name)

    async def stop(self) -> None:
        """Stop every process with SIGTERM; each must end cleanly."""
        await self.all_ready()
        for process in self._processes.values():
            process.terminate()
        for name, process in self._processes.items():
            code = await asyncio.to_thread(process.wait, 30)
            if name != "sink":
                assert code == 0, f"{name} ended with {code}: {self.log(name)}"
        self._processes.clear()

    async def against_the_oracle(self, **allowed: bool) -> list[str]:
        """Dump everything and let the oracle compare; differences, none when all is well."""
        folder = self.folder / "dump"
        await dump_all(
            self.settings.kafka_bootstrap, self.settings.topic_prefix, self.settings.postgres_dsn,
            folder, accepted=self.shoppers.accepted, kept_mail=self.mail,
        )  # fmt: skip
        return await asyncio.to_thread(differences, folder, self._programme, **allowed)

    async def headway(self, *arguments: str) -> tuple[int, str]:
        """Run a command of `headway` on this installation; exit code and output."""
        environment = os.environ | {
            "HEADWAY_KAFKA_BOOTSTRAP": self.settings.kafka_bootstrap,
            "HEADWAY_POSTGRES_DSN": self.settings.postgres_dsn,
            "HEADWAY_TOPIC_PREFIX": self.settings.topic_prefix,
            "HEADWAY_GROUP_PREFIX": self.settings.group_prefix,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "from headway.cli import main; main()", *arguments,
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        told, _ = await process.communicate()
        return process.returncode or 0, told.decode(errors="replace")

    async def end(self) -> None:
        """Whatever happened: nothing goes on, nothing is left."""
        if self._shopping is not None:
            self._shopping.cancel()
        for process in self._processes.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
        with suppress(OSError, asyncpg.PostgresError):
            connection = await asyncpg.connect(self._server)
            await connection.execute(f"drop database {self._database} with (force)")
            await connection.close()


def _sources(tree: Path) -> list[str]:
    return [
        str(tree / "shared"),
        *(str(tree / "services" / s) for s in ("earn", "redeem", "notify")),
    ]
