"""Kafka and PostgreSQL for one test run, shared by all its worker processes.

Started by the first test that needs them (see conftest.py) as a program of its own,
`python -m tests.servers FOLDER`. Every worker holds a shared lock on FOLDER/users; once this
program can have that lock for itself, nobody is left, however they ended, and it stops.
"""

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from headway.local import Endpoints, LocalStack
from headway.local.ports import free_ports

POSTGRES_IMAGE = "postgres:18"
KAFKA_IMAGE = "apache/kafka:4.1.0"


def main(folder: Path) -> None:
    """Serve until the last user is gone."""
    with ExitStack() as servers:
        try:
            endpoints = servers.enter_context(_wanted())
        except Exception as error:
            _publish(folder / "failure", str(error))
            raise
        found = {"kafka": endpoints.kafka_bootstrap, "postgres": endpoints.postgres_dsn}
        _publish(folder / "endpoints", json.dumps(found))
        with (folder / "users").open() as users:
            fcntl.flock(users, fcntl.LOCK_EX)


def _publish(path: Path, text: str) -> None:
    """Write so that a reader sees all of it or nothing."""
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.rename(path)


def _wanted() -> AbstractContextManager[Endpoints]:
    """What HEADWAY_TEST_SERVERS asks for: `local`, or `docker`."""
    wanted = os.environ.get("HEADWAY_TEST_SERVERS", "local")
    if wanted not in ("local", "docker"):
        raise ValueError(f"HEADWAY_TEST_SERVERS should be local or docker, not {wanted}")
    return containers() if wanted == "docker" else _local()


@contextmanager
def _local() -> Iterator[Endpoints]:
    with LocalStack.temporary() as stack:
        yield stack.start()


@contextmanager
def containers() -> Iterator[Endpoints]:
    """Both servers in containers, which are pulled where they are not there yet."""
    # The cleaner's image may not be to be had; containers are stopped here, on every way out.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    from testcontainers.community.postgres import PostgresContainer
    from testcontainers.core.container import DockerContainer

    port = free_ports(["kafka"])["kafka"]
    postgres = PostgresContainer(
        POSTGRES_IMAGE, username="postgres", password="postgres", dbname="headway", driver=None
    ).with_command("postgres -c max_connections=200")
    kafka = DockerContainer(KAFKA_IMAGE).with_bind_ports(port, port)
    for name, value in _kafka_settings(port).items():
        kafka = kafka.with_env(name, value)
    with postgres, kafka:
        _await_kafka(f"127.0.0.1:{port}")
        yield Endpoints(f"127.0.0.1:{port}", postgres.get_connection_url(host="127.0.0.1"))


def _kafka_settings(port: int) -> dict[str, str]:
    """The single-node settings of headway.local, as this image takes them."""
    return {
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_NODE_ID": "1",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:29093",
        "KAFKA_LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:29093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "8",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }


def _await_kafka(bootstrap: str) -> None:
    from headway.local.kafka import await_ready

    await_ready(bootstrap, timeout_s=180)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
