"""Mail on its way out inside one process, without Kafka: SES end to end, paces, the breaker."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import orjson
import pytest

from headway.contracts.contact import ContactUpdated
from headway.runtime.clock import FixedClock
from headway.runtime.health import Health
from headway.stream.positions import Pool
from headway_notify import store
from headway_notify.compose import Composer
from headway_notify.contacts.writing import write_contacts
from headway_notify.judging import Judge
from headway_notify.mime import Sender
from headway_notify.plan import Due, Latest
from headway_notify.programmes import Programmes
from headway_notify.roads.wiring import roads
from headway_notify.settings import NotifySettings
from tests.notify.account import NOON, change
from tests.notify.conftest import MailServer
from tests.notify.platforms import HANG, Platform, Received, Reply, platform
from tests.notify.sealing import vault_in
from tests.notify.service import rest

DAY = date(2026, 3, 3)
TOPIC = "headway.notifications"


async def know(pool: Pool, emails: list[str]) -> None:
    """Members with a progress mail that is due."""
    members = {f"m{number}": email for number, email in enumerate(emails)}
    async with pool.acquire() as connection, connection.transaction():
        contacts = [
            ContactUpdated(member_id=member, email=email, name="Maria")
            for member, email in members.items()
        ]
        await write_contacts(connection, await vault_in(pool), contacts, [])
        facts = {member: change(member)[1] for member in members}
        balances = [Latest(member, (1, 1), None, facts[member]) for member in members]
        await store.write_balances(connection, balances)
        due = [Due(member, "progress", "2026-03-03", DAY, NOON, 1) for member in members]
        await store.write_due(connection, due)


@asynccontextmanager
async def sending(pool: Pool, **settings: Any) -> AsyncIterator[Health]:
    """All roads of these settings, at work on what is decided at once."""
    quick: dict[str, Any] = {
        "smtp_from": "Stride Shoes <rewards@example.com>", "smtp_timeout": 1, "road_timeout": 1,
        "notify_lease_seconds": 4, "notify_retry_seconds": 0.05, "notify_breaker_seconds": 0.1,
    }  # fmt: skip
    given = NotifySettings(**(quick | settings))
    programmes, health = Programmes(lambda: pool), Health()
    vault = await vault_in(pool)
    composer = Composer(programmes, lambda: vault, Sender.parse(given.smtp_from))
    clock = FixedClock(NOON)
    out = roads(lambda: pool, lambda: vault, given, clock, composer, programmes, TOPIC, health)
    judge = Judge(lambda: pool, lambda: vault, programmes, "g", "c", out.onward, out.outlets)
    await judge.run_once(NOON, 1000)
    for service in out.services:
        await service.start()
    try:
        yield health
    finally:
        for service in reversed(out.services):
            await service.stop()


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")


def by_ses(url: str) -> dict[str, Any]:
    return {"notify_mail": "ses", "ses_region": "eu-west-1", "ses_endpoint": url}


def recipient(request: Received) -> str:
    return str(request.json["Destination"]["ToAddresses"][0])


async def test_mails_go_by_ses_and_what_it_calls_them_is_kept(pool: Pool) -> None:
    def answer(server: Platform, request: Received) -> Reply:
        to = recipient(request)
        first = sum(recipient(one) == to for one in server.received) == 1
        if to.startswith("rejected"):
            return 400, {"x-amzn-ErrorType": "MessageRejected"}, b""
        if to.startswith("throttled") and first:
            return 429, {"x-amzn-ErrorType": "TooManyRequestsException"}, b""
        if to.startswith("silent") and first:
            return HANG
        return 200, {}, orjson.dumps({"MessageId": f"ses-{to.partition('@')[0]}"})

    names = ["plain", "rejected", "throttled", "silent"]
    await know(pool, [f"{name}@example.com" for name in names])
    async with (
        platform(answer) as server,
        sending(pool, notify_roads="topic", **by_ses(server.url)),
    ):
        await rest(pool, sent=3, failed=1)
    rows = await pool.fetch(
        "select member_id, provider_id, unsure, reply from notify.notifications"
    )
    kept = {row["member_id"]: tuple(row)[1:] for row in rows}
    assert kept == {
        "m0": ("ses-plain", 0, "200"),
        "m1": ("", 0, "400 MessageRejected"),
        "m2": ("ses-throttled", 0, "200"),
        "m3": ("ses-silent", 1, "200"),
    }
    values = [row["value"] for row in await pool.fetch("select value from outbox")]
    sent = [event for event in map(orjson.loads, values) if event["type"] == "notification.sent.v1"]
    assert {(event["data"]["road"], event["data"]["provider_id"]) for event in sent} == {
        ("ses", "ses-plain"), ("ses", "ses-throttled"), ("ses", "ses-silent"),
    }  # fmt: skip
    assert b"@" not in b"".join(values)


async def test_a_domain_has_its_pace_and_others_do_not_wait_for_it(
    pool: Pool, mail_server: MailServer
) -> None:
    await know(pool, [f"m{n}@{'slow' if n % 2 else 'quick'}.example" for n in range(24)])
    rates = "slow.example=5/s"
    async with sending(pool, smtp_port=mail_server.port, notify_domain_rates=rates):
        await rest(pool, sent=24)
    rows = await pool.fetch(
        "select substr(member_id, 2)::int % 2 = 1 as slow,"
        " extract(epoch from ended_at)::float8 as at from notify.notifications order by 2"
    )
    slow = [row["at"] for row in rows if row["slow"]]
    quick = [row["at"] for row in rows if not row["slow"]]
    # Five or six at once, then five a second: six are left, marked within a few dozen milliseconds.
    assert slow[-1] - slow[0] >= 1.0
    assert quick[-1] <= slow[-1]
    assert max(sum(start <= at < start + 0.9 for at in slow) for start in slow[6:]) <= 6


async def test_a_road_that_fails_is_left_alone_and_found_again(pool: Pool) -> None:
    down: list[bool] = [True]

    def answer(server: Platform, request: Received) -> Reply:
        return (500, {}, b"") if down[0] else (200, {}, b'{"MessageId": "x"}')

    await know(pool, [f"m{n}@example.com" for n in range(60)])
    async with platform(answer) as server, sending(pool, **by_ses(server.url)) as health:
        started = time.monotonic()
        while time.monotonic() - started < 2:
            await asyncio.sleep(0.1)
        knocks = len(server.received)
        assert health.not_ready() == {"mail server": "500"}
        down[0] = False
        await rest(pool, sent=60)
        assert health.not_ready() == {}
    # Without the breaker, sixty mails would have been tried many times each.
    assert 5 <= knocks <= 30
    assert len(server.accepted) == 60
