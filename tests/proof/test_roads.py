"""Roads in bad weather: storms of 429, a mail server away for long, kills; each is told, once.

Twice only where nobody can know, and that is counted.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from random import Random

import asyncpg
import pytest

from headway.ledger.programs import publish
from headway.stream.positions import Pool
from headway.stream.topics_admin import create_topics
from tests.notify.account import NOON, SHOES, balance_event, cause, contact_event
from tests.notify.conftest import start_mail_server
from tests.notify.platforms import CUT, HANG, Platform, Received, Reply, platform
from tests.notify.service import Place, rest, until
from tests.proof.recording import Record

pytestmark = [pytest.mark.proof, pytest.mark.timeout(420)]

SEED = 1997
QUICK = {
    "ROAD_TIMEOUT": "1", "NOTIFY_BREAKER_SECONDS": "0.2", "NOTIFY_RETRY_SECONDS": "0.1",
    "KLAVIYO_KEY": "pk", "KLAVIYO_RATE": "350", "NOTIFY_LEASE_SECONDS": "3",
}  # fmt: skip


@pytest.fixture
async def pool(database: str) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """Connections to a database with the programme."""
    await publish(database, SHOES)
    async with asyncpg.create_pool(database, min_size=1, max_size=4) as connections:
        yield connections


@pytest.fixture
async def town(
    kafka: str, topics: str, database: str, pool: Pool, tmp_path: Path
) -> AsyncIterator[Place]:
    """Notify's own place, with nothing running but the mail server."""
    await create_topics(kafka, topics)
    mail = start_mail_server(tmp_path / "mail")
    found = Place(kafka, topics, database, mail, tmp_path)
    yield found
    found.end()
    mail.stop()


async def tell(town: Place, addresses: dict[str, str]) -> None:
    """One progress mail for each."""
    await town.publish(
        ("member-contacts", member, contact_event(member, email=email))
        for member, email in addresses.items()
    )
    await town.publish(
        ("balance-changed", member, balance_event(member, cause=cause(time=time)))
        for members, time in ((addresses, NOON), (["clock"], NOON + timedelta(days=30)))
        for member in members
    )


def unique_id(request: Received) -> str:
    return str(request.json["data"]["attributes"]["unique_id"])


async def test_a_storm_of_429_and_500_over_500_notifications(
    town: Place, pool: Pool, record: Record
) -> None:
    random = Random(SEED)
    weather: list[Reply] = [
        (429, {"Retry-After": "1"}, b""), (500, {}, b""), (503, {}, b""), HANG, CUT,
    ]  # fmt: skip

    def answer(server: Platform, request: Received) -> Reply:
        if len(server.received) < 1500 and random.random() < 0.5:
            return random.choices(weather, (10, 10, 5, 1, 1))[0]
        return 202, {}, b""

    await tell(town, {f"m{n}": f"m{n}@example.com" for n in range(500)})
    async with platform(answer) as klaviyo:
        settings = QUICK | {"NOTIFY_ROADS": "klaviyo", "KLAVIYO_URL": klaviyo.url}
        processes = [town.start(**settings), town.start(**settings)]

        async def done() -> bool:
            found = await pool.fetchval(
                "select count(*) from notify.handovers where state = 'sent'"
            )  # fmt: skip
            return bool(found == 500)

        await until(done, 300)
        await rest(pool, due=1, sent=500)
        assert [town.stop(process) for process in processes] == [0, 0]
    told = Counter(unique_id(one) for one in klaviyo.accepted)
    assert len(told) == 500
    unsure = await pool.fetchval("select sum(unsure) from notify.handovers")
    doubles = sum(told.values()) - 500
    assert doubles <= unsure
    assert Counter(mail.recipients[0] for mail in town.mail.mails()).total() == 500
    record.note(
        seed=SEED, told=500, requests=len(klaviyo.received), doubles=doubles, unsure=unsure
    )  # fmt: skip


async def test_a_mail_server_that_is_away_for_an_hour_of_retries(
    town: Place, pool: Pool, record: Record
) -> None:
    """Twenty seconds are 200 times the first wait, as an hour and more is of the usual 30 s."""
    town.mail.stop()
    await tell(town, {f"m{n}": f"m{n}@example.com" for n in range(300)})
    process = town.start(**QUICK)
    await asyncio.sleep(20)
    back = start_mail_server(town.mail.folder, town.mail.port)
    try:
        await rest(pool, due=1, sent=300)
        assert town.stop(process) == 0
    finally:
        back.stop()
    assert Counter(mail.recipients[0] for mail in back.mails()) == Counter(
        f"m{n}@example.com" for n in range(300)
    )
    log = (town.folder / "notify-0.log").read_text()
    tries = log.count('"no connection"')
    # The breaker leaves it alone: 300 mails and 16 sessions do not knock 300 times.
    assert 5 <= tries <= 120
    record.note(mails=300, knocks=tries, doubles=0)


STEPS = ("notify.after_claim", "notify.after_send:40", "notify.after_mark:3", "notify.after_send:9")


async def test_kills_at_every_step_through_all_that_a_server_does(
    town: Place, pool: Pool, record: Record
) -> None:
    troubles = (
        "once-refuse-451",
        "once-refuse-data-452",
        "once-drop-data",
        "once-hang",
        "refuse-550",
    )
    addresses = {
        f"m{n}": f"{troubles[n % 5]}-{n}@example.com" if n % 3 == 0 else f"m{n}@example.com"
        for n in range(200)
    }
    await tell(town, addresses)
    for step in STEPS:
        process = town.start(**(QUICK | {"FAIL_POINTS": step}))
        assert process.wait(60) == -9, step
    last = town.start(**QUICK)
    refused = sum(email.startswith("refuse-550") for email in addresses.values())
    await rest(pool, due=1, sent=200 - refused, failed=refused)
    assert town.stop(last) == 0
    sent = Counter(mail.recipients[0] for mail in town.mail.mails())
    wanted = {email for email in addresses.values() if not email.startswith("refuse-550")}
    assert set(sent) == wanted
    unsure = await pool.fetch("select member_id, unsure from notify.notifications where unsure > 0")
    counted = {addresses[row["member_id"]]: row["unsure"] for row in unsure}
    for email, times in sent.items():
        assert times - 1 <= counted.get(email, 0), email
    doubles = sum(sent.values()) - len(sent)
    record.note(mails=200, kills=len(STEPS), doubles=doubles, unsure=sum(counted.values()))
