"""The page and feedback of a running notify; keys and suppression at the command line."""

import asyncio
import base64
import json
from datetime import UTC, datetime
from functools import partial

import httpx
import pytest
from standardwebhooks import Webhook

from headway.local.ports import HOST, free_ports
from headway.sealing.master_keys import MasterKeys
from headway.stream.positions import Pool
from headway.stream.topics_admin import create_topics
from tests.cli.running import headway
from tests.notify.conftest import MailServer
from tests.notify.desk import SECRET, Desk, bounced
from tests.notify.sealing import MASTER_KEY
from tests.notify.service import Place, until


async def test_a_running_notify_shows_the_page_and_takes_feedback(
    kafka: str, topics: str, desk: Desk, database: str, mail_server: MailServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    await create_topics(kafka, topics)
    port = free_ports(["web"])["web"]
    place = Place(kafka, topics, database, mail_server, tmp_path_factory.mktemp("notify"))
    await desk.contact()
    path = (await desk.link()).partition("/u/")[2]
    process = place.start(
        NOTIFY_WEB_PORT=str(port), NOTIFY_FEEDBACK_SECRETS=SECRET,
        NOTIFY_PUBLIC_URL="https://rewards.example",
    )  # fmt: skip
    try:
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}") as client:
            await until(lambda: _answers(client))
            shown = await client.get(f"/u/{path}")
            assert "What we write to you about" in shown.text
            assert "Stride Shoes" in shown.text
            body, now = json.dumps(bounced()), datetime.now(UTC)
            signature = Webhook(SECRET).sign("e-1", now, body)
            headers = {
                "webhook-id": "e-1",
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": signature,
            }
            told = await client.post("/feedback/generic", content=body, headers=headers)
            assert told.status_code == 202
            refused = await client.post("/feedback/ses", content="{}")
            assert refused.headers["content-type"] == "application/problem+json"
            await until(lambda: _suppressed(desk))
        assert place.stop(process) == 0
    finally:
        place.end()
    log = (place.folder / "notify-0.log").read_text()
    assert path not in log
    assert "m1@example.com" not in log


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/u/nobody")).status_code == 404
    except httpx.TransportError:
        return False


async def _suppressed(desk: Desk) -> bool:
    return await desk.suppressed() == {"hard_bounce"}


async def test_an_address_is_suppressed_and_written_to_again_by_hand(
    desk: Desk, pool: Pool, database: str
) -> None:
    arguments = ("notify", "suppress", "M1@Example.com")
    given = partial(headway, postgres_dsn=database, notify_master_key=MASTER_KEY)
    await asyncio.to_thread(given, *arguments)
    assert await desk.suppressed() == {"manual"}
    await desk.tell(bounced())
    await desk.work_through()
    said = await asyncio.to_thread(given, *arguments, "--lift")
    assert "manual" in said
    assert "hard_bounce" in said
    assert await desk.suppressed() == set()
    acts = await pool.fetch("select act, target, detail::text as detail from audit_log order by 1")
    assert [row["act"] for row in acts] == ["address.lift", "address.suppress"]
    assert not any("example" in row["target"] + row["detail"] for row in acts)
    refused = await asyncio.to_thread(headway, *arguments, code=2, postgres_dsn=database)
    assert "headway notify key" in refused


async def test_export_opens_the_contact_with_the_master_key_alone(
    desk: Desk, database: str
) -> None:
    await desk.contact(zone="Europe/Vienna", marketing=True)
    await desk.client.post(await desk.link(), data={"do": "stop"})
    refused = await asyncio.to_thread(headway, "export", "m1", code=2, postgres_dsn=database)
    assert "HEADWAY_NOTIFY_MASTER_KEY is not set" in refused
    told = await asyncio.to_thread(
        headway, "export", "m1", postgres_dsn=database, notify_master_key=MASTER_KEY
    )
    assert json.loads(told)["contact"] == {
        "email": "m1@example.com", "name": "Maria", "locale": "en-US", "zone": "Europe/Vienna",
        "marketing": True, "wanted": {"progress": False},
    }  # fmt: skip


def test_a_new_key_is_one_that_fits_and_another_each_time() -> None:
    first, second = headway("notify", "key").strip(), headway("notify", "key").strip()
    assert first != second
    assert len(base64.b64decode(first)) == 32
    MasterKeys.parse(first)
