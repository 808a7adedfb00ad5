"""Kafka's own programs, another release of its broker, and Debian's Burrow, for proofs of the lag.

Jars come from the Maven repositories that this machine is set up for, once for each user.
"""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from headway.local import LocalStack, kafka
from headway.local.jars import cache_folder, repositories
from headway.local.kafka import java_program
from headway.local.ports import HOST, free_ports

TOOLS = "org.apache.kafka:kafka-tools:4.1.0"
OLDER_BROKER = "org.apache.kafka:kafka_2.13:3.9.1"
_ZOOKEEPER = Path("/usr/share/java/zookeeper.jar")
_BURROW = """
[general]
pidfile="{folder}/burrow.pid"
[logging]
level="info"
[zookeeper]
servers=[ "{host}:{zookeeper}" ]
root-path="/burrow"
[client-profile.proof]
kafka-version="2.1.0"
[cluster.local]
class-name="kafka"
servers=[ "{kafka}" ]
client-profile="proof"
topic-refresh=2
offset-refresh=1
[consumer.local]
class-name="kafka"
cluster="local"
servers=[ "{kafka}" ]
client-profile="proof"
[httpserver.default]
address="{host}:{http}"
[storage.default]
class-name="inmemory"
intervals=10
min-distance=1
[evaluator.default]
class-name="caching"
expire-cache=1
"""


def jars(coordinates: str) -> list[Path]:
    """All jars that the Maven coordinates resolve to."""
    import jgo

    made = jgo.build(coordinates, cache_dir=cache_folder() / "jgo", repositories=repositories())
    return sorted(Path(made.path).rglob("*.jar"))


def consumer_groups(
    bootstrap: str, prefix: str
) -> dict[tuple[str, str, int], tuple[int, int, int]]:
    """What kafka-consumer-groups.sh tells of each partition: committed, log end, lag."""
    told = subprocess.run(
        [java_program(), "-XX:TieredStopAtLevel=1",
         "-cp", os.pathsep.join(map(str, jars(TOOLS))),
         "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
         "--bootstrap-server", bootstrap, "--describe", "--all-groups", "--timeout", "60000"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    rows = (line.split() for line in told.splitlines() if line.startswith(prefix))
    return {
        (row[0], row[1], int(row[2])): (int(row[3]), int(row[4]), int(row[5]))
        for row in rows
        if row[3] != "-"
    }


@contextlib.contextmanager
def older_broker(folder: Path) -> Iterator[str]:
    """Kafka 3.9 by itself: Burrow 1.2 speaks a form of the protocol that 4.0 took out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kafka, "kafka_jars", lambda: jars(OLDER_BROKER))
        with LocalStack(folder) as stack:
            yield stack.start(postgres=False).kafka_bootstrap


def burrow_missing() -> str:
    """What Debian's Burrow wants on this machine; empty if it is all there."""
    here = shutil.which("Burrow") and shutil.which("java") and _ZOOKEEPER.exists()
    return "" if here else "Burrow is not here (Debian: apt install burrow zookeeper)"


@contextlib.contextmanager
def burrow(folder: Path, bootstrap: str) -> Iterator[httpx.Client]:
    """Debian's Burrow on that cluster, with the Zookeeper it will not start without."""
    program, java = shutil.which("Burrow"), shutil.which("java")
    assert program
    assert java
    ports = free_ports(["http", "zookeeper"])
    (folder / "zoo.cfg").write_text(
        f"dataDir={folder}/zookeeper\nclientPort={ports['zookeeper']}\n"
        f"clientPortAddress={HOST}\nadmin.enableServer=false\n"
    )
    settings = _BURROW.format(folder=folder, host=HOST, kafka=bootstrap, **ports)
    (folder / "burrow.toml").write_text(settings)
    command = ["org.apache.zookeeper.server.quorum.QuorumPeerMain", str(folder / "zoo.cfg")]
    with (
        _running([java, "-cp", str(_ZOOKEEPER), *command], folder / "zookeeper.log"),
        httpx.Client(base_url=f"http://{HOST}:{ports['http']}") as client,
    ):
        # It gives up when Zookeeper is not there yet.
        for _ in range(20):
            with _running([program, "--config-dir", str(folder)], folder / "burrow.log") as process:
                if _answers(client, process):
                    yield client
                    return
        raise AssertionError((folder / "burrow.log").read_text()[-2000:])


def _answers(client: httpx.Client, process: subprocess.Popen[bytes]) -> bool:
    while process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if client.get("/v3/kafka/local/topic").json()["topics"]:
                return True
        time.sleep(0.2)
    return False


@contextlib.contextmanager
def _running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
