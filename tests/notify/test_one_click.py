"""RFC 8058 from end to end: a mail that came, its raw headers, and nothing else."""

import re
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx

from headway.local.ports import HOST, free_ports
from headway.stream.positions import Pool
from headway.stream.topics_admin import create_topics
from tests.notify.account import NOON, balance_event, cause, contact_event
from tests.notify.conftest import MailServer
from tests.notify.service import Message, Place, rest, until

PUBLIC = "https://rewards.example"


def changed(member: str, version: int, days: int) -> Message:
    at = NOON + timedelta(days=days)
    return "balance-changed", member, balance_event(member, version=version, cause=cause(time=at))


async def test_one_click_works_from_the_raw_headers_and_a_scanner_changes_nothing(
    kafka: str, topics: str, database: str, pool: Pool, mail_server: MailServer, tmp_path: Path
) -> None:
    await create_topics(kafka, topics)
    place, port = Place(kafka, topics, database, mail_server, tmp_path), free_ports(["web"])["web"]
    process = place.start(NOTIFY_WEB_PORT=str(port), NOTIFY_PUBLIC_URL=PUBLIC)
    try:
        contact: Message = ("member-contacts", "m1", contact_event("m1"))
        await place.publish([contact, changed("m1", 1, 0), changed("clock", 1, 1)])
        await rest(pool, due=1, sent=1)
        [mail] = mail_server.mails()
        head = mail.content.partition(b"\r\n\r\n")[0].decode()
        assert re.search(r"^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r?$", head, re.M)
        [url] = re.findall(r"^List-Unsubscribe: <([^>\s]+)>\r?$", head, re.M)
        assert url.startswith(PUBLIC + "/u/")
        local = f"http://{HOST}:{port}" + url.removeprefix(PUBLIC)

        async with httpx.AsyncClient() as browser:
            # listmonk#1078: link scanners follow every link that a mail has.
            for look in (browser.get, browser.head, browser.get):
                assert (await look(local)).status_code == 200
            assert await pool.fetch("select * from notify.preferences") == []
            answer = await browser.post(local, data={"List-Unsubscribe": "One-Click"})
            assert answer.status_code == 200
        chosen = await pool.fetch("select member_id, topic, wanted from notify.preferences")
        assert [tuple(row) for row in chosen] == [("m1", "progress", False)]

        await place.publish([changed("m1", 2, 1), changed("clock", 2, 30)])
        await until(partial(skipped, pool))
        assert place.stop(process) == 0
    finally:
        place.end()
    assert len(mail_server.mails()) == 1


async def skipped(pool: Pool) -> bool:
    why: str | None = await pool.fetchval(
        "select reply from notify.notifications where member_id = 'm1' and state = 'skipped'"
    )
    return why == "unwanted: progress"
