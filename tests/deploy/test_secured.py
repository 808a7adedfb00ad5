"""TLS and a log-in to Kafka, TLS to PostgreSQL: all from settings, for every client we have."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from headway.errors import Retryable, UserError
from headway.ledger.programs import publish
from headway.runtime.database import Database
from headway.runtime.kafka import connection
from headway.runtime.settings import Settings
from headway.stream.topics_admin import create_topics
from tests.deploy.certificates import Authority
from tests.deploy.secured import PASSWORD, USER, Secured, secured
from tests.earn.service import PROGRAM, Place
from tests.earn.test_service import Source

PREFIX = "secured."


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Both servers, for all tests here."""
    with secured(tmp_path_factory.mktemp("secured")) as found:
        yield found


def login(servers: Secured, mechanism: str = "SCRAM-SHA-512", **changes: object) -> Settings:
    """Settings for the listener that asks for TLS and a log-in."""
    said: dict[str, object] = {
        "kafka_bootstrap": servers.login,
        "kafka_security": "SASL_SSL",
        "kafka_ca_file": servers.ca,
        "kafka_sasl_mechanism": mechanism,
        "kafka_sasl_user": USER,
        "kafka_sasl_password": PASSWORD,
    }
    return Settings.model_validate(said | changes)


def mutual(servers: Secured, **changes: object) -> Settings:
    """Settings for the listener that wants our certificate."""
    said: dict[str, object] = {
        "kafka_bootstrap": servers.mutual,
        "kafka_security": "SSL",
        "kafka_ca_file": servers.ca,
        "kafka_cert_file": servers.certificate,
        "kafka_key_file": servers.key,
    }
    return Settings.model_validate(said | changes)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_each_way_to_log_in_works(servers: Secured, mechanism: str) -> None:
    clear = login(
        servers, mechanism, kafka_bootstrap=servers.clear, kafka_security="sasl_plaintext",
        kafka_ca_file=None,
    )  # fmt: skip
    for settings in (login(servers, mechanism), clear):
        await create_topics(connection(settings), f"{mechanism}.")


async def test_a_certificate_on_both_sides_works(servers: Secured) -> None:
    await create_topics(connection(mutual(servers)), "mutual.")


async def test_who_is_not_who_they_should_be_is_refused(servers: Secured, tmp_path: Path) -> None:
    stranger = Authority("A stranger")
    other = tmp_path / "other.crt"
    other.write_bytes(stranger.certificate)
    certificate, key = stranger.certify("headway").in_files(tmp_path, "stranger")
    for settings in (
        login(servers, kafka_sasl_password="a wrong one"),
        login(servers, kafka_ca_file=other),
        mutual(servers, kafka_cert_file=certificate, kafka_key_file=key),
        mutual(servers, kafka_cert_file=None, kafka_key_file=None),
        Settings.model_validate({"kafka_bootstrap": servers.login}),
    ):
        with pytest.raises(Retryable, match=servers.login.split(":")[0]) as refused:
            await create_topics(connection(settings), "refused.")
        assert PASSWORD not in str(refused.value)
    for dsn, said in (
        (servers.postgres + "?sslmode=disable", "cannot be reached"),
        (f"{servers.postgres}?sslmode=verify-full&sslrootcert={other}", "certificate"),
        (f"{servers.postgres}?sslmode=verify-full&sslrootcert={tmp_path}/none", "No such file"),
    ):
        with pytest.raises(UserError, match=said):
            await Database(Settings.model_validate({"postgres_dsn": dsn}), "test").start()


@dataclass
class SecuredPlace(Place):
    """Earn, and every command, told of secured servers and nothing else."""

    told: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The usual, with the secured servers in the place of the plain."""
        usual = super().environment
        del usual["HEADWAY_POSTGRES_DSN"]
        return usual | self.told


@pytest.mark.proof
@pytest.mark.timeout(180)
async def test_an_order_becomes_a_balance_over_both(servers: Secured, tmp_path: Path) -> None:
    dsn = servers.postgres_over_tls
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "headway_kafka_sasl_password").write_text(PASSWORD + "\n")
    (secrets / "HEADWAY_POSTGRES_DSN").write_text(dsn + "\n")
    told = {
        "HEADWAY_KAFKA_BOOTSTRAP": servers.login,
        "HEADWAY_KAFKA_SECURITY": "SASL_SSL",
        "HEADWAY_KAFKA_CA_FILE": str(servers.ca),
        "HEADWAY_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "HEADWAY_KAFKA_SASL_USER": USER,
        "HEADWAY_SECRETS_DIR": str(secrets),
    }
    place = SecuredPlace(servers.plain, PREFIX, dsn, tmp_path, told=told)
    await place.cli("topics", "create")
    await publish(dsn, PROGRAM)
    source = Source()
    try:
        earn = place.start()
        await place.send([source.join(0), source.order(0), source.cut_short(1)])
        await place.until("select count(*) = 2 from inputs")
        await place.until("select count(*) = 1 from dead_letters")
        await place.until("select count(*) = 0 from outbox")
        # The reader, the relay, the lag, the replay and the verifier each build clients.
        ((letter,),) = await place.fetch("select id from dead_letters")
        # Named, it goes as it is, and is refused again.
        assert "sent again" in await place.cli("dlq", "replay", str(letter))
        await place.until("select count(*) = 2 from dead_letters")
        assert "verify ok" in await place.cli("verify", "--topic")
        lag = json.loads(await place.cli("lag", "--json"))
        assert lag["groups"] == {f"{PREFIX}earn": 0}
        assert await place.stop(earn) == 0
    finally:
        for process in place.processes:
            process.kill()
            process.wait()
    told_of = [json.loads(one.value or b"") for one in await place.read_all("balance-changed")]
    assert {one["type"] for one in told_of} == {"balance.changed.v1"}
    assert place.log(earn)
    assert PASSWORD not in str(place.log(earn))
